"""What a person does at the desk, in a browser: opens people, writes, presses keys."""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

# How long a journey waits before it says that something hangs. At their pace a channel is read every few seconds and
# a reply leaves within as many, but a machine may be busy with other things; promises of time are measured elsewhere.
ARRIVES_MS = 120_000
SOON_MS = 30_000
LEAVES_MS = 120_000


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Give an address and a password."""
    page.goto(f"{url}/sign-in")
    page.get_by_label(re.compile("E-mail|correo", re.I)).fill(email)
    page.get_by_label(re.compile("Password|Contraseña", re.I)).fill(password)
    page.get_by_role("button", name=re.compile("Sign in|Entrar|Iniciar", re.I)).click()


def choose_password(page: Page, password: str) -> None:
    """Choose a password of one's own, where one must; whoever is asked the first questions takes the defaults."""
    page.wait_for_url(re.compile("/password"))
    for field in page.locator("input[type=password]").all():
        field.fill(password)
    page.locator("main button[type=submit], form button[type=submit]").first.click()
    page.wait_for_url(re.compile("/queue|/setup"))
    if page.url.endswith("/setup"):
        page.get_by_role("button", name=re.compile("Use these defaults|Usar estos", re.I)).click()
        page.wait_for_url(re.compile("/queue"))


def hold_longest(page: Page, url: str) -> None:
    """Hold one's replies for as long as one may: at the journeys' pace that is three seconds."""
    page.goto(f"{url}/me")
    page.locator("input[name=undo_seconds]").fill("30")
    page.locator("form:has(input[name=undo_seconds]) button").click()
    expect(page.locator("input[name=undo_seconds]")).to_have_value("30")


@dataclass
class Desk:
    """The queue and one conversation beside it."""

    page: Page
    url: str

    def see(self, view: str = "everything") -> "Desk":
        """Open a view of the queue, down to its last row: the journeys before have left people waiting."""
        self.page.goto(f"{self.url}/queue?view={view}")
        deadline = time.monotonic() + SOON_MS / 1000
        while self.page.locator("#rows > [data-more]").count() and time.monotonic() < deadline:
            self.page.evaluate("document.querySelector('#rows > [data-more]')?.scrollIntoView()")
            self.page.wait_for_timeout(100)
        expect(self.page.locator("#rows > [data-more]")).to_have_count(0)
        self.page.evaluate("document.querySelector('#rows a.row')?.scrollIntoView()")
        return self

    def row(self, person: str) -> Locator:
        """Return the row of a person."""
        named = self.page.locator(".who", has_text=person)
        return self.page.locator("a.row", has=named)

    def arrives(self, person: str, milliseconds: int = ARRIVES_MS) -> Locator:
        """Wait until a person is in the list, letting in those who wait behind "4 new"; return their row."""
        row, news = self.row(person).first, self.page.locator("#news")
        expect(row.or_(news.and_(self.page.locator(":not([hidden])"))).first).to_be_visible(timeout=milliseconds)
        deadline = time.monotonic() + milliseconds / 1000
        while not row.is_visible() and time.monotonic() < deadline:
            if news.is_visible():
                news.click()
            self.page.wait_for_timeout(100)
        expect(row).to_be_visible(timeout=1000)
        return row

    def open(self, person: str) -> "Desk":
        """Open a person's conversation, once it is there."""
        self.arrives(person).click()
        title = self.page.locator("#thread-title")
        expect(title).to_contain_text(person, ignore_case=True, timeout=SOON_MS)
        return self

    def message(self, text: str) -> Locator:
        """Return a message of the open thread by its words."""
        return self.page.locator("article.msg", has_text=text)

    @property
    def composer(self) -> Locator:
        """Where an answer is written."""
        return self.page.locator("#compose textarea[name=text]")

    def write(self, text: str, mode: str = "public") -> "Desk":
        """Choose a way to answer and write."""
        choice = self.page.locator(f"#compose input[name=mode][value={mode}]")
        if not choice.is_checked():
            choice.check(force=True)
        self.composer.fill(text)
        return self

    def send(self, *, is_done: bool = False) -> "Desk":
        """Press Send, or Send and done."""
        self.page.locator("#compose [data-send-done]" if is_done else "#compose [data-send]").click()
        return self

    @property
    def delivery(self) -> Locator:
        """The reply on its way."""
        return self.page.locator("section.delivery")

    def press(self, *keys: str) -> "Desk":
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
        return self
