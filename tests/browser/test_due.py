"""Clocks as they are seen: rows, head, side and lists, in words and shape, and live as time passes."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.changes import touch
from inbox.conversations.models import Message
from inbox.conversations.threads import lock_conversation
from inbox.members.models import Member
from inbox.sla import timers
from tests.browser.test_screens import LOOKS, axe
from tests.browser.world import World, make_world
from tests.factories.basics import make_contact
from tests.factories.conversations import answer_there, conversation_of, make_thread, say
from tests.factories.sla import make_policy
from tests.fixtures.desk import OpenAs

pytestmark = pytest.mark.browser  # on both databases


@pytest.fixture
def world(session: Session) -> World:
    """The small team under a promise of a day: María has three hours left, the others a day."""
    make_policy(session)
    return make_world(session)


def wait(session: Session, world: World, name: str, **left: float) -> int:
    """Let somebody wait whose answer is due in so long, after an answer that came in time and one that was late."""
    channel = session.get_one(Channel, world.channel_id)
    person, now = make_contact(session, channel.platform, display_name=name), clock.now()
    thread = make_thread(session, channel)
    for days, answered_after in ((9, timedelta(hours=3, minutes=12)), (6, timedelta(days=1, minutes=20))):
        at = now - timedelta(days=days)
        asked = say(session, thread, person, "Is it open today?", at=at)
        answer_there(session, thread, at=at + answered_after, parent_external_id=asked.external_id)
    last = say(session, thread, person, "And on Sunday?", at=now - timedelta(days=1) + timedelta(**left))
    number = conversation_of(session, last).id
    session.commit()
    return number


def zone_at_noon() -> str:
    """Return a zone in which the day is far from its end."""
    ahead = 12 - clock.now().hour
    return f"Etc/GMT{-ahead:+d}"


def shown(page: Page) -> list[str]:
    found: list[str] = page.evaluate("() => [...document.querySelectorAll('#rows > li')].map((row) => row.dataset.id)")
    return found


def test_rows_say_what_is_left_in_words_and_shape(session: Session, world: World, open_as: OpenAs) -> None:
    late, paused = wait(session, world, "Vera Late", hours=-2), wait(session, world, "Sleepy", hours=9)
    timer = timers.find_open(session, paused)
    assert timer is not None
    timers.pause(session, timer, clock.now())
    lock_conversation(session, paused).due_at = None
    session.commit()
    page = open_as(world.lucia_id, "/queue?view=everything")
    expect(page.locator(f"#row-{late} .wait.late")).to_have_text("2 h late")
    expect(page.locator(f"#row-{world.maria_id} .wait.soon")).to_have_text(re.compile("^(2 h 59|3 h) left$"))
    expect(page.locator(f"#row-{paused} .wait.paused")).to_have_text("paused")
    expect(page.locator(f"#row-{world.conversation_ids[0]} .wait.calm")).to_have_text("23 h left")
    assert (page.locator(f"#row-{late} .wait").get_attribute("title") or "").startswith("due ")
    shapes = {
        state: page.locator(f".wait.{state}").first.evaluate(
            "(one) => { const s = getComputedStyle(one, '::before');"
            " return s.backgroundImage + s.borderTopWidth + s.width; }"
        )
        for state in ("calm", "soon", "late", "paused")
    }
    assert len(set(shapes.values())) == 4
    page.goto(f"/c/{late}?view=everything")
    expect(page.locator("#thread-head .state .wait.late")).to_have_text("2 h late")


def test_the_side_tells_why_and_what_was_before(session: Session, world: World, open_as: OpenAs) -> None:
    number = wait(session, world, "Vera Late", hours=-2)
    page = open_as(world.lucia_id, f"/c/{number}?view=overdue")
    side = page.locator("#side")
    expect(side).to_contain_text("Standard 24 h, since")
    expect(side.locator(".waits li")).to_have_count(2)
    expect(side.locator(".waits li").nth(0)).to_contain_text("Next reply: late by 20 min")
    expect(side.locator(".waits li").nth(1)).to_contain_text("First reply: 3 h 12 min, in time")
    expect(side.locator(".waits li").nth(1)).to_contain_text("on the platform")
    expect(page.locator("#entries .sys", has_text="The deadline passed")).to_have_count(1)


def test_a_row_leaves_due_today_when_its_deadline_passes(session: Session, world: World, open_as: OpenAs) -> None:
    number = wait(session, world, "Vera Near", minutes=3)
    session.get_one(Member, world.lucia_id).time_zone = zone_at_noon()
    session.commit()
    page = open_as(world.lucia_id, "/queue?view=overdue")
    expect(page.locator("#rows > li")).to_have_count(0)
    page.clock.install()
    page.goto("/queue?view=due_today")
    page.locator("html.scripts").wait_for()
    expect(page.locator(f"#row-{number} .wait.soon")).to_have_text(re.compile("^[23] min left$"))
    page.keyboard.press("j")  # somebody stands in the list: nothing may move
    page.clock.run_for("04:00")
    expect(page.locator(f"#row-{number}.stale .wait.late")).to_have_count(1)
    page.locator("#queue-title").focus()
    page.clock.run_for("00:20")
    expect(page.locator(f"#row-{number}")).to_have_count(0)


def test_who_becomes_overdue_is_announced_in_that_list(session: Session, world: World, open_live: OpenAs) -> None:
    known, number = wait(session, world, "Vera Late", hours=-2), wait(session, world, "Vera Near", seconds=1)
    page = open_live(world.lucia_id, "/queue?view=overdue")
    page.wait_for_function("() => Date.now() > Date.parse(document.querySelector('#queue').dataset.shownAt) + 1500")
    conversation = lock_conversation(session, number)
    timer = timers.find_open(session, number)
    assert timer is not None
    timers.mark_if_due(session, timer, clock.now())  # as the sweep does
    touch(session, conversation)
    session.commit()
    if number not in map(int, shown(page)):
        expect(page.locator("#news")).to_have_text("1 new", timeout=10_000)
        page.locator("#news").click()
    expect(page.locator(f"#row-{number} .wait.late")).to_have_count(1)
    assert shown(page) == [str(known), str(number)]
    expect(page.locator("#rail-views a[data-view=overdue] .n.late")).to_have_text("2", timeout=10_000)


def test_who_is_answered_leaves_what_is_overdue(session: Session, world: World, open_live: OpenAs) -> None:
    number = wait(session, world, "Vera Late", hours=-2)
    page = open_live(world.lucia_id, "/queue?view=overdue")
    page.keyboard.press("j")
    expect(page.locator(f"#row-{number} a:focus")).to_have_count(1)
    found = lock_conversation(session, number)
    asked = session.get_one(Message, found.last_inbound_message_id)
    answer_there(session, found.thread, parent_external_id=asked.external_id)
    session.commit()
    expect(page.locator(f"#row-{number}.stale")).to_have_count(1, timeout=10_000)


def test_without_scripts_deadlines_are_told(session: Session, world: World, open_as: OpenAs) -> None:
    number = wait(session, world, "Vera Late", hours=-2)
    page = open_as(world.lucia_id, "/queue?view=overdue", java_script_enabled=False)
    expect(page.locator(f"#row-{number} .wait.late")).to_contain_text("was due")
    expect(page.locator("#queue-said")).to_have_text("1 person waits")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("look", LOOKS)
def test_clocks_are_accessible(session: Session, world: World, open_as: OpenAs, axe_source: str, look: str) -> None:
    number = wait(session, world, "Vera Late", hours=-2)
    wait(session, world, "Vera Near", minutes=20)
    for path in ("/queue?view=due_today", f"/c/{number}?view=overdue", "/queue?view=everything"):
        page = open_as(world.lucia_id, path, reduced_motion="reduce", **LOOKS[look])
        expect(page.locator("main h1:visible, main h2:visible").first).to_be_visible()
        found = axe(page, axe_source)
        assert found == [], "\n".join(found)
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, "it scrolls sideways"
