"""Writing: the count as the platform counts, drafts kept, the reply held, taken back, sent, refused, doubted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Conversation
from inbox.outbox.models import Delivery
from inbox.platforms.contract import Refused
from inbox.replies.lengths import count
from inbox.replies.look import look_next
from inbox.replies.send import Sender, send_next
from tests.browser.world import World
from tests.factories.fake_platform import FakePlatform
from tests.fixtures.browser import Pages
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]

TEXTS = (
    "",
    "plain words",
    "¿Cómo estás? àéîõü",
    "👨‍👩‍👧‍👦🇪🇸👍🏽 e\u0301",
    "see https://acme.example/a/very/long/path?with=query and @lucia@social.example, @pau",
    "two\nlines\r\nthree",
    "日本語 한국어 ไทย",
)


@dataclass
class Bench:
    """A platform at the edge that does as it is told, and a worker that sends; the clock is the real one."""

    session: Session
    platform: FakePlatform
    sender: Sender

    def make_leave(self) -> None:
        """Let the undo time of the held reply end, and send."""
        self.session.rollback()
        for delivery in self.session.query(Delivery).filter(Delivery.state == "held"):
            delivery.not_before_at = delivery.due_at = clock.now()
        self.session.commit()
        assert send_next(self.sender)

    def doubt(self, candidate: dict[str, Any]) -> None:
        """Look for what was sent in vain; something on the platform looks like it."""
        self.session.rollback()
        delivery = self.session.query(Delivery).one()
        while delivery.state == "unclear":
            delivery.due_at = clock.now()
            self.session.commit()
            assert look_next(self.sender)
            self.session.refresh(delivery)
        assert delivery.state == "needs_person"
        delivery.candidates = [{**candidate, "parent_id": delivery.outgoing["parent_id"]}]
        self.session.commit()


@pytest.fixture
def bench(app: Flask, session: Session, platform: FakePlatform, sender: Sender) -> Iterator[Bench]:
    app.extensions["relevo_connect"] = platform.connect
    yield Bench(session, platform, sender)
    app.extensions.pop("relevo_connect")
    session.rollback()


@pytest.fixture
def desk(bench: Bench, world: World) -> World:
    return world


def write(page: Page, text: str) -> None:
    page.locator("html.scripts").wait_for()
    page.keyboard.press("r")
    page.locator("#compose textarea:focus").wait_for()
    page.keyboard.type(text)


@pytest.mark.parametrize("how", ["graphemes", "characters", "bytes", "utf16", "mastodon"])
@pytest.mark.parametrize("url_length", [None, 23])
def test_the_browser_counts_as_the_server_does(how: str, url_length: int | None, desk: World, open_as: OpenAs) -> None:
    page = open_as(desk.lucia_id, "/queue?view=snoozed")
    counted = page.evaluate(
        """async ([texts, how, length]) => {
            const { count } = await import('/static/js/counters.js');
            return texts.map((text) => count(text, how, length));
        }""",
        [list(TEXTS), how, url_length],
    )
    assert counted == [count(text.replace("\r\n", "\n"), how, url_length) for text in TEXTS]


def test_a_reply_is_held_taken_back_and_sent(session: Session, desk: World, bench: Bench, open_as: OpenAs) -> None:
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    write(page, "Hola María, ya está aprobado.")
    expect(page.locator("#count")).to_have_text("29 of 300 characters")
    page.keyboard.press("Control+Enter")
    held = page.locator(".delivery[data-state=held]")
    expect(held).to_contain_text("Leaves in")
    expect(held).to_contain_text("then done")
    held.get_by_role("button", name="Take back").press("Enter")
    expect(page.locator("#compose textarea")).to_have_value("Hola María, ya está aprobado.")
    expect(held).to_have_count(0)
    page.locator("#compose textarea").focus()
    page.keyboard.press("Control+Enter")
    held.wait_for()
    bench.make_leave()
    expect(page.locator(".msg.ours", has_text="ya está aprobado")).to_have_count(1, timeout=15_000)
    expect(page.locator(".delivery")).to_have_count(0)
    session.expire_all()
    assert session.get_one(Conversation, desk.maria_id).status == "done"
    assert [sent.text for sent in bench.platform.accepted] == ["Hola María, ya está aprobado."]
    session.rollback()


def test_what_is_too_long_can_not_be_sent(session: Session, desk: World, open_as: OpenAs) -> None:
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    write(page, "")
    page.locator("#compose textarea").fill("é" * 301)
    expect(page.locator("#count.over")).to_have_text("1 too long")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#compose textarea")).to_have_value("é" * 301)
    assert session.query(Delivery).count() == 0


def test_a_draft_survives_leaving_the_page(desk: World, open_as: OpenAs) -> None:
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    write(page, "Un momento, lo miro")
    expect(page.locator("#draft-kept")).to_have_text("Draft kept")
    page.goto("/queue?view=mine")
    page.goto(f"/c/{desk.maria_id}?view=mine")
    expect(page.locator("#compose textarea")).to_have_value("Un momento, lo miro")


def test_what_a_busy_server_did_not_begin_is_asked_again(
    desk: World, bench: Bench, pages: Pages, open_as: OpenAs
) -> None:
    """Another's long write keeps SQLite's lock: reading marks, drafts and Send come back until they are taken."""
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    busy: dict[str, int] = {}

    def turn_away_twice(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        busy[name] = busy.get(name, 0) + 1
        if route.request.method == "GET" or busy[name] > 2:
            route.continue_()
            return
        told = {"code": "database_busy", "message": "Everybody is writing at once."}
        route.fulfill(status=503, headers={"Retry-After": "0"}, json=told)

    for pattern in ("**/read", "**/draft", "**/drafts/*", "**/reply"):
        page.route(pattern, turn_away_twice)
    with page.expect_response(lambda response: response.url.endswith("/read") and response.status == 204):
        page.reload()
    write(page, "Un momento, lo miro")
    expect(page.locator("#draft-kept")).to_have_text("Draft kept")
    page.locator("#compose [data-send]").press("Enter")
    page.locator(".delivery[data-state=held]").wait_for()
    asked_again = {name for name, count in busy.items() if count > 2}
    assert {"read", "draft", "reply"} <= asked_again
    assert bench.session.query(Delivery).count() == 1
    pages.complaints[:] = [one for one in pages.complaints if "status of 503" not in one]  # the browser notes each


def test_a_refusal_brings_the_text_back_with_the_platforms_reason(
    session: Session, desk: World, bench: Bench, open_as: OpenAs
) -> None:
    bench.platform.steps.append(Refused("text contains a forbidden link", code="not_allowed"))
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    write(page, "Mira aquí")
    page.locator("#compose [data-send]").press("Enter")
    page.locator(".delivery[data-state=held]").wait_for()
    bench.make_leave()
    expect(page.locator(".problem")).to_contain_text("text contains a forbidden link", timeout=15_000)
    expect(page.locator("#compose textarea")).to_have_value("Mira aquí")


def test_a_doubtful_reply_shows_both_texts(session: Session, desk: World, bench: Bench, open_as: OpenAs) -> None:
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    write(page, "Ya está en camino")
    page.locator("#compose [data-send]").press("Enter")
    page.locator(".delivery[data-state=held]").wait_for()
    bench.platform.steps.append("drop")
    bench.platform.looks = "cannot"
    bench.make_leave()
    bench.doubt({"external_id": "there-1", "text": "Ya esta en camino!", "audience": "public", "ref": {}})
    page.reload()
    sides = page.locator(".delivery.is-needs_person .sides")
    expect(sides).to_contain_text("Ya está en camino")
    expect(sides).to_contain_text("Ya esta en camino!")
    page.get_by_role("button", name="This is it").press("Enter")
    expect(page.locator(".delivery")).to_have_count(0)
    expect(page.locator(".msg.ours", has_text="Ya est")).to_have_count(1)


def test_a_note_is_never_sent(session: Session, desk: World, bench: Bench, open_as: OpenAs) -> None:
    page = open_as(desk.lucia_id, f"/c/{desk.maria_id}?view=mine")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("n")
    page.locator("#compose.as-note textarea:focus").wait_for()
    page.keyboard.type("Solo para nosotros")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".msg.note", has_text="Solo para nosotros")).to_have_count(1)
    assert session.query(Delivery).count() == 0
    assert bench.platform.sends == 0
