"""What changes while one looks: painted within two seconds, and nothing moves under the cursor."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations import finish, join, labels
from inbox.conversations.models import Conversation, Thread
from inbox.conversations.threads import lock_conversation
from tests.browser.world import World, make_long_thread
from tests.factories.basics import make_contact
from tests.factories.conversations import conversation_of, make_thread, say
from tests.fixtures.browser import Pages
from tests.fixtures.desk import OpenAs

pytestmark = pytest.mark.browser  # on both databases


def arrive(session: Session, world: World, name: str) -> int:
    """Let somebody new write, and return the conversation's id."""
    channel = session.get_one(Channel, world.channel_id)
    person = make_contact(session, channel.platform, display_name=name)
    number = conversation_of(session, say(session, make_thread(session, channel), person, "Is it open today?")).id
    session.commit()
    return number


def ids_of_rows(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('#rows > li[data-id]')].map(r => r.dataset.id)"
    )
    return found


def test_new_ones_wait_behind_a_button(session: Session, world: World, open_live: OpenAs) -> None:
    page = open_live(world.lucia_id, "/queue?view=unassigned")
    page.keyboard.press("j")
    before = ids_of_rows(page)
    number = arrive(session, world, "Vera Nova")
    expect(page.locator("#news")).to_be_visible(timeout=10_000)
    assert ids_of_rows(page) == before
    page.keyboard.press(".")
    assert ids_of_rows(page) == [*before[:-1], str(number), before[-1]]  # last: somebody whose turn it is
    expect(page.locator(f"#row-{number}.unread a:focus")).to_have_count(1)


def test_what_is_new_stands_below_what_is_not_loaded_yet(session: Session, world: World, open_live: OpenAs) -> None:
    channel = session.get_one(Channel, world.channel_id)
    for turn in range(60):
        person = make_contact(session, channel.platform, display_name=f"Person {turn}")
        at = clock.now() - timedelta(minutes=90 - turn)
        say(session, make_thread(session, channel), person, "Is it open?", at=at)
    further = conversation_of(session, say(session, make_thread(session, channel), person, "And now?")).id
    session.commit()
    page = open_live(world.lucia_id, "/queue?view=unassigned")
    expect(page.locator("#rows > [data-more]")).to_have_count(1)
    labels.label(session, lock_conversation(session, further), world.diego_id, "refund")
    session.commit()
    number = arrive(session, world, "Vera Nova")
    expect(page.locator("#news")).to_have_text("1 new", timeout=10_000)
    page.keyboard.press(".")
    expect(page.locator(f"#row-{number} a:focus")).to_have_count(1)
    page.evaluate("document.querySelector('#rows > [data-more]')?.scrollIntoView()")
    expect(page.locator("#rows > [data-more]")).to_have_count(0)
    keys = page.evaluate("() => [...document.querySelectorAll('#rows > li')].map(r => r.dataset.queueAt)")
    assert keys == sorted(keys)
    assert len(set(ids_of_rows(page))) == len(keys) > 60


def test_what_came_between_the_page_and_its_stream_is_not_missed(
    session: Session, world: World, open_live: OpenAs
) -> None:
    other = open_live(world.diego_id, "/queue?view=unassigned")
    page = open_live(world.lucia_id, "/queue?view=unassigned")
    held: list[Route] = []
    page.route("**/js/live.js", lambda route: held.append(route))  # noqa: PLW0108 (a bound builtin is refused)
    page.goto(page.url, wait_until="commit")
    while not held:
        page.wait_for_timeout(50)
    arrive(session, world, "Vera Nova")
    expect(other.locator("#news")).to_be_visible(timeout=10_000)
    held.pop().continue_()
    expect(page.locator("#news")).to_be_visible(timeout=10_000)


def test_a_row_that_others_finish_stays_until_nobody_points_there(
    session: Session, world: World, open_live: OpenAs
) -> None:
    page = open_live(world.lucia_id, "/queue?view=unassigned")
    page.keyboard.press("j")
    before = ids_of_rows(page)
    other = lock_conversation(session, int(before[2]))
    finish.excuse(session, other, world.diego_id, seen_seq=other.last_seq)
    session.commit()
    expect(page.locator(f"#row-{before[2]}.stale")).to_have_count(1, timeout=10_000)
    assert ids_of_rows(page) == before


def test_a_row_that_changes_behind_a_dialog_has_the_focus_again_after_it(
    session: Session, world: World, open_live: OpenAs
) -> None:
    page = open_live(world.lucia_id, "/queue?view=unassigned")
    page.keyboard.press("j")
    before = ids_of_rows(page)
    page.keyboard.press("l")
    page.locator("dialog[open] [data-narrow]:focus").wait_for()
    labels.label(session, lock_conversation(session, int(before[0])), world.diego_id, "sizes")
    session.commit()
    expect(page.locator(f"#row-{before[0]} .tag", has_text="sizes")).to_have_count(1, timeout=10_000)
    page.keyboard.press("Escape")
    expect(page.locator(f"#row-{before[0]} a:focus")).to_have_count(1)


def test_a_row_that_others_finish_stays_while_one_decides_about_it(
    session: Session, world: World, open_live: OpenAs
) -> None:
    page = open_live(world.lucia_id, "/queue?view=unassigned")
    page.keyboard.press("j")
    before = ids_of_rows(page)
    page.keyboard.press("l")
    page.locator("dialog[open] [data-narrow]:focus").wait_for()
    other = lock_conversation(session, int(before[0]))
    finish.excuse(session, other, world.diego_id, seen_seq=other.last_seq)
    session.commit()
    expect(page.locator(f"#row-{before[0]}.stale")).to_have_count(1, timeout=10_000)
    assert ids_of_rows(page) == before
    page.keyboard.press("Escape")
    expect(page.locator(f"#row-{before[0]} a:focus")).to_have_count(1)


def test_an_older_part_that_was_joined_later_is_seen_once_it_is_on_the_screen(
    session: Session, world: World, open_live: OpenAs
) -> None:
    number = make_long_thread(session, world.channel_id, count=60)
    conversation = session.get_one(Conversation, number)
    thread, person = session.get_one(Thread, conversation.thread_id), session.get_one(Contact, conversation.contact_id)
    part = make_thread(session, session.get_one(Channel, world.channel_id))
    say(session, part, person, "Is this an older question?", at=clock.now() - timedelta(days=1))
    join.join(session, thread, part)
    session.commit()
    page = open_live(world.lucia_id, f"/c/{number}?view=everything")
    expect(page.locator("#entries article.msg")).to_have_count(50)
    seen = page.locator("#compose input[name=seen_seq]")
    expect(seen).to_have_value("60")  # nothing that is not on the screen is taken for answered
    page.locator("#flow").evaluate("(place) => { place.scrollTop = 0; }")
    expect(page.locator("#entries")).to_contain_text("Is this an older question?")
    expect(seen).to_have_value("61")


def test_an_open_menu_stays_open_when_something_arrives(session: Session, world: World, open_live: OpenAs) -> None:
    page = open_live(world.lucia_id, f"/c/{world.maria_id}?view=everything")
    page.locator("#thread details.more > summary").click()
    conversation = session.get_one(Conversation, world.maria_id)
    thread, person = session.get_one(Thread, conversation.thread_id), session.get_one(Contact, conversation.contact_id)
    say(session, thread, person, "And in blue?")
    session.commit()
    expect(page.locator("#entries")).to_contain_text("And in blue?", timeout=10_000)
    expect(page.locator("#thread details.more .menu")).to_be_visible()


def test_an_open_thread_keeps_its_place_when_five_arrive(session: Session, world: World, open_live: OpenAs) -> None:
    number = make_long_thread(session, world.channel_id)
    page = open_live(world.lucia_id, f"/c/{number}?view=everything")
    flow = page.locator("#flow")
    expect(page.locator("#entries > li")).to_have_count(50)
    while page.locator("#earlier").count():
        known = page.locator("#entries > li").count()
        flow.evaluate("(place) => { place.scrollTop = 0; }")
        page.wait_for_function(f"() => document.querySelectorAll('#entries > li').length > {known}")
    assert page.locator("#entries > li").count() >= 400
    flow.evaluate("(place) => { place.scrollTop = place.scrollHeight / 2; }")
    seen = "() => [...document.querySelectorAll('#entries > li')].find(e => e.getBoundingClientRect().top > 200)"
    anchor = page.evaluate(f"() => {{ const e = ({seen})(); return [e.id, e.getBoundingClientRect().top]; }}")
    conversation = session.get_one(Conversation, number)
    thread, person = session.get_one(Thread, conversation.thread_id), session.get_one(Contact, conversation.contact_id)
    for turn in range(5):
        say(session, thread, person, f"And another thing, number {turn}?")
    session.commit()
    expect(page.locator("#below")).to_have_text("5 new below", timeout=10_000)
    after = page.evaluate(f"() => document.getElementById('{anchor[0]}').getBoundingClientRect().top")
    assert abs(after - anchor[1]) <= 1
    page.locator("#below").click()
    expect(page.locator("#entries")).to_contain_text("And another thing, number 4?")


def test_a_lost_connection_says_what_it_leaves_unknown(
    session: Session, world: World, open_as: OpenAs, pages: Pages
) -> None:
    """A request that left may have been done: nobody is told that nothing was changed."""
    number = arrive(session, world, "Nora Lost")
    page = open_as(world.lucia_id, f"/c/{number}")
    page.route("**/c/*/take", lambda route: route.abort())
    page.route("**/c/*/assign", lambda route: route.abort())
    page.keyboard.press("m")
    expect(page.locator(".toast.is-bad")).to_contain_text("Look whether this was done")
    page.locator(".toast.is-bad").evaluate_all("all => all.forEach(one => one.remove())")
    page.route("**/c/*", lambda route: route.abort() if route.request.method == "GET" else route.fallback())
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".toast.is-bad")).to_contain_text("could not be loaded")
    assert all("ERR_FAILED" in one for one in pages.complaints)
    pages.complaints.clear()
