"""Triage by mouse or by keyboard alone (sentence 5)."""

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.desk import SOON_MS, Desk
from tests.journeys.running import Running, Sandbox, ask

pytestmark = pytest.mark.timeout(1200)
COLLEAGUE = "Rosa Gil"


@pytest.fixture(scope="module")
def colleague(product: Running) -> str:
    """Add somebody to the first team, and return their name."""
    product.relevo("member", "create", "rosa@acme.example", "--name", COLLEAGUE, "--team", "Team")
    return COLLEAGUE


def dialog(desk: Desk) -> Locator:
    """Return the open dialog."""
    return desk.page.locator("dialog[open]")


def choose(desk: Desk, word: str, *, by_keyboard: bool = True) -> None:
    """Choose in the open dialog: by writing what narrows the choice to one, or with the mouse."""
    choice = dialog(desk).locator("[data-choices] button", has_text=word).first
    expect(choice).to_be_visible(timeout=SOON_MS)
    if not by_keyboard:
        choice.click()
    elif dialog(desk).locator("[data-narrow]").count():
        dialog(desk).locator("[data-narrow]:focus").wait_for()
        desk.page.keyboard.type(word)
        desk.press("Enter")
    else:
        while not choice.evaluate("button => button === document.activeElement"):
            desk.press("ArrowDown")
        desk.press("Enter")
    expect(dialog(desk)).to_have_count(0, timeout=SOON_MS)


def menu(desk: Desk, word: str) -> None:
    """Choose in the menu behind the three dots, with the mouse."""
    desk.page.locator("#thread details.more > summary").click()
    desk.page.locator("#thread details.more .menu").get_by_text(word, exact=False).first.click()


def leaves(desk: Desk, name: str) -> None:
    """Wait until somebody has left the list."""
    expect(desk.row(name)).to_have_count(0, timeout=SOON_MS)


def undo(desk: Desk, name: str) -> None:
    """Take the last step back; who had left the list is there again."""
    desk.press("u")
    expect(desk.row(name)).to_be_visible(timeout=SOON_MS)
    desk.row(name).focus()


def test_1_5_triage_by_keyboard_with_undo(desk: Desk, sandbox: Sandbox) -> None:
    name = f"Tria {sandbox.personality}"
    ask(sandbox, name, "¿Podéis mirar mi pedido 5512345?")
    desk.see().open(name)
    page = desk.page
    head = page.locator("#thread-title")
    expect(head).to_contain_text(name)
    desk.row(name).focus()
    desk.press("m")
    expect(page.locator("#thread")).to_contain_text("Yours", timeout=SOON_MS)
    desk.press("p")
    choose(desk, "Urgent")
    expect(desk.row(name)).to_contain_text("Urgent", timeout=SOON_MS)
    expect(page.locator("dialog[open]")).to_have_count(0, timeout=SOON_MS)
    desk.press("l")
    page.locator("dialog[open] input[name=name][type=text]").fill(f"refund {sandbox.personality}")
    desk.press("Enter")
    expect(desk.row(name)).to_contain_text("refund", timeout=SOON_MS)
    expect(page.locator("dialog[open]")).to_have_count(0, timeout=SOON_MS)
    desk.press("n")
    page.locator("#compose textarea:focus").wait_for()
    page.keyboard.type("Finance looks into it.")
    desk.press("Control+Enter")
    expect(page.locator(".msg.note")).to_contain_text("Finance looks into it.", timeout=SOON_MS)
    desk.press("Escape", "Shift+U")
    expect(page.locator("li.unread a.row", has_text=name)).to_be_visible(timeout=SOON_MS)
    desk.press("Shift+E")
    expect(desk.row(name)).to_have_count(0, timeout=SOON_MS)
    desk.press("u")
    expect(desk.row(name)).to_be_visible(timeout=SOON_MS)


def test_1_5_handing_over_and_putting_away_by_keyboard(desk: Desk, sandbox: Sandbox, colleague: str) -> None:
    name = f"Keys {sandbox.personality}"
    ask(sandbox, name, "¿Podéis mirar mi pedido 5512346?")
    desk.see().open(name)
    head = desk.page.locator("#thread")
    desk.row(name).focus()
    desk.press("a")
    choose(desk, colleague)
    expect(head).to_contain_text(colleague, timeout=SOON_MS)
    desk.row(name).focus()
    desk.press("a")
    choose(desk, "Team")
    expect(desk.page.locator("#side dl")).to_contain_text("Team", timeout=SOON_MS)
    desk.row(name).focus()
    desk.press("e")
    dialog(desk).locator("[data-choices] button:focus").wait_for()
    desk.press("2")
    leaves(desk, name)
    undo(desk, name)
    desk.press("!")
    leaves(desk, name)
    undo(desk, name)
    desk.press("s")
    choose(desk, "omorrow")
    leaves(desk, name)
    desk.see("snoozed").row(name).focus()
    desk.press("s")
    leaves(desk, name)
    desk.see().row(name).focus()
    desk.press("Shift+E")
    leaves(desk, name)


def test_1_5_what_asks_for_nothing_is_made_to_wait_by_one_key(desk: Desk, sandbox: Sandbox) -> None:
    name = f"Heart {sandbox.personality}"
    ask(sandbox, name, "❤️❤️", **({"mention_us": False} if sandbox.personality == "feed" else {}))
    desk.see("no_answer").open(name)
    desk.press("w")
    expect(desk.message("❤️")).to_contain_text("waits for an answer", timeout=SOON_MS)
    expect(desk.see().row(name)).to_contain_text("left", timeout=SOON_MS)


def test_1_5_every_verb_by_mouse(desk: Desk, sandbox: Sandbox, colleague: str) -> None:
    name = f"Mouse {sandbox.personality}"
    ask(sandbox, name, "¿Podéis mirar mi pedido 5512347?")
    desk.see().open(name)
    page, thread = desk.page, desk.page.locator("#thread")
    menu(desk, "To me")
    expect(thread).to_contain_text("Yours", timeout=SOON_MS)
    for word in (colleague, "Team"):
        thread.locator("[data-dialog=assign]").click()
        choose(desk, word, by_keyboard=False)
        expect(page.locator("#side dl")).to_contain_text(word, timeout=SOON_MS)
    menu(desk, "Priority")
    choose(desk, "Urgent", by_keyboard=False)
    expect(desk.row(name)).to_contain_text("Urgent", timeout=SOON_MS)
    menu(desk, "Label")
    dialog(desk).locator("input[name=name][type=text]").fill(f"mouse {sandbox.personality}")
    dialog(desk).get_by_role("button", name="Put it on").click()
    expect(desk.row(name)).to_contain_text("mouse", timeout=SOON_MS)
    expect(dialog(desk)).to_have_count(0, timeout=SOON_MS)
    desk.write("Finance looks into it.", "note").send()
    expect(page.locator(".msg.note")).to_contain_text("Finance looks into it.", timeout=SOON_MS)
    menu(desk, "Mark unread")
    expect(page.locator("li.unread a.row", has_text=name)).to_be_visible(timeout=SOON_MS)
    for put_away in ("snooze", "done", "No answer needed", "Spam"):
        desk.row(name).click()
        expect(page.locator("#thread-title")).to_contain_text(name, timeout=SOON_MS)
        if put_away == "snooze":
            thread.locator("[data-dialog=snooze]").click()
            choose(desk, "omorrow", by_keyboard=False)
        elif put_away == "done":
            thread.locator("form[data-act=finish] button").click()
            choose(desk, "No answer needed", by_keyboard=False)
        else:
            menu(desk, put_away)
        # at once: the offer to undo stays for some seconds only
        desk.page.locator(".toast").get_by_role("button", name="Undo").last.click()
        expect(desk.row(name)).to_be_visible(timeout=SOON_MS)
