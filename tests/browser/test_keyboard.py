"""A whole shift by keyboard alone: fifty conversations, the focus never lost, no mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation, Note
from tests.browser.world import make_world
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]

FOCUS = "() => document.activeElement === document.body ? '' : document.activeElement.outerHTML.slice(0, 120)"


def focused_id(page: Page) -> str:
    """Return the id of the conversation whose row has the focus."""
    found = page.evaluate("() => document.activeElement.closest('#rows > li')?.dataset.id ?? ''")
    return str(found)


def leaves(page: Page, conversation_id: str) -> None:
    """Wait until a row has left the list and another (or the list's title) has the focus."""
    expect(page.locator(f"#row-{conversation_id}")).to_have_count(0)
    assert page.evaluate(FOCUS) != ""


def excuse(page: Page) -> None:
    page.keyboard.press("Shift+E")


def finish(page: Page) -> None:
    page.keyboard.press("e")
    page.locator("dialog[open] [data-choices] button:focus").wait_for()
    page.keyboard.press("2")


def snooze(page: Page) -> None:
    page.keyboard.press("s")
    page.locator("dialog[open] [data-choices] button:focus").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def take(page: Page) -> None:
    page.keyboard.press("m")


def hand_over(page: Page) -> None:
    page.keyboard.press("a")
    page.locator("dialog[open] [data-narrow]:focus").wait_for()
    page.keyboard.type("diego")
    page.keyboard.press("Enter")


def note_and_finish(page: Page) -> None:
    number = focused_id(page)
    page.keyboard.press("n")
    page.locator(f"#thread[data-conversation='{number}'] textarea:focus").wait_for()
    page.keyboard.type("Seen, nothing to do.")
    page.keyboard.press("Control+Enter")
    page.locator(".msg.note", has_text="Seen, nothing to do.").wait_for()
    page.keyboard.press("Escape")
    page.locator(f"#row-{number} a:focus").wait_for()
    finish(page)


def spam(page: Page) -> None:
    page.keyboard.press("!")


def label_and_excuse(page: Page) -> None:
    number = focused_id(page)
    page.keyboard.press("l")
    page.locator("dialog[open] [data-narrow]:focus").wait_for()
    page.keyboard.type("sizes")
    page.keyboard.press("Enter")
    page.locator(f"#row-{number} .tag", has_text="sizes").wait_for()
    page.locator(f"#row-{number} a:focus").wait_for()
    excuse(page)


WAYS: tuple[Callable[[Page], None], ...] = (
    excuse,
    finish,
    take,
    snooze,
    hand_over,
    note_and_finish,
    spam,
    label_and_excuse,
)


@pytest.mark.timeout(300)
def test_fifty_conversations_by_keyboard(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=52)
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("j")
    done = []
    for turn in range(50):
        number = focused_id(page)
        assert number, f"turn {turn}: the focus is on {page.evaluate(FOCUS)}"
        WAYS[turn % len(WAYS)](page)
        leaves(page, number)
        if not focused_id(page):
            page.keyboard.press("j")
        done.append(int(number))
    session.expire_all()
    untouched = (Conversation.status == "open") & Conversation.assignee_id.is_(None)
    left = session.scalars(select(Conversation.id).where(Conversation.id.in_(done), untouched)).all()
    assert left == []
    assert len(set(done)) == 50
    assert session.scalar(select(func.count(Note.id)).where(Note.text.startswith("Seen"))) == 6


def test_undo_brings_a_row_back(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=4)
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("j")
    number = focused_id(page)
    page.keyboard.press("Shift+E")
    leaves(page, number)
    page.keyboard.press("u")
    expect(page.locator(f"#row-{number}")).to_have_count(1)
    expect(page.locator(f"#row-{number} a:focus")).to_have_count(1)


def test_after_undo_keys_still_act_on_whom_one_sees(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=4)
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("j")
    number = focused_id(page)
    page.keyboard.press("Enter")
    page.locator(f"#thread[data-conversation='{number}']").wait_for()
    page.keyboard.press("Shift+E")
    leaves(page, number)
    page.locator(f"#thread:not([data-conversation='{number}'])").wait_for()
    here, person = (str(page.locator("#thread").get_attribute(f"data-{name}")) for name in ("conversation", "name"))
    page.keyboard.press("u")
    expect(page.locator(f"#row-{number}")).to_have_count(1)
    expect(page.locator(f"#thread[data-conversation='{here}']")).to_have_count(1)
    page.keyboard.press("p")
    expect(page.locator("dialog[open] #dialog-title")).to_contain_text(person)


def test_undo_leaves_who_writes_where_they_are(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=4)
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("j")
    number = focused_id(page)
    page.keyboard.press("Enter")
    page.locator(f"#thread[data-conversation='{number}']").wait_for()
    page.keyboard.press("Shift+E")
    page.locator(f"#thread:not([data-conversation='{number}'])").wait_for()
    here = str(page.locator("#thread").get_attribute("data-conversation"))
    page.locator("#compose textarea").fill("Half a sentence")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(f"#row-{number}")).to_have_count(1)
    expect(page.locator(f"#thread[data-conversation='{here}']")).to_have_count(1)
    expect(page.locator("#compose textarea")).to_have_value("Half a sentence")


def test_the_help_lists_keys_and_escape_leaves_it(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=2)
    page = open_as(world.lucia_id, "/queue?view=everything")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("j")
    number = focused_id(page)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="All keys").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert focused_id(page) == number


def test_keys_do_nothing_where_they_are_switched_off(session: Session, open_as: OpenAs) -> None:
    from inbox.members.models import Member

    world = make_world(session, conversations=2)
    session.get_one(Member, world.lucia_id).are_keys_on = False
    session.commit()
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    rows = page.locator("#rows > li[data-id]").count()
    page.keyboard.press("j")
    page.keyboard.press("Shift+E")
    page.keyboard.press("?")
    assert page.locator("#rows > li[data-id]").count() == rows
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_after_the_last_one_the_list_says_so_and_undo_still_works(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=0)
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("j")
    number = focused_id(page)
    page.keyboard.press("Enter")
    page.locator(f"#thread[data-conversation='{number}']").wait_for()
    page.keyboard.press("Shift+E")
    expect(page.locator("#rows-empty")).to_contain_text("Everybody has somebody")
    expect(page.locator("#pane")).to_contain_text("Nobody is open")
    assert page.evaluate(FOCUS) != ""
    page.keyboard.press("u")
    expect(page.locator(f"#row-{number}")).to_have_count(1)
    expect(page.locator("#rows-empty")).to_be_hidden()


def test_words_written_just_before_leaving_are_kept(session: Session, open_as: OpenAs) -> None:
    world = make_world(session, conversations=3)
    page = open_as(world.lucia_id, f"/c/{world.conversation_ids[0]}?view=unassigned")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("r")
    page.locator("#compose textarea:focus").wait_for()
    page.locator("#compose[data-draft-url]").wait_for()
    page.keyboard.type("Casi listo")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(f"#thread:not([data-conversation='{world.conversation_ids[0]}'])").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).to_contain_text("Nobody is open")
    assert page.url.endswith("/queue?view=unassigned")
    page.goto(f"/c/{world.conversation_ids[0]}?view=unassigned")
    expect(page.locator("#compose textarea")).to_have_value("Casi listo")


def test_a_page_that_is_loaded_again_shows_as_much_as_before_and_the_same_place(
    session: Session, open_as: OpenAs
) -> None:
    world = make_world(session, conversations=70)
    page = open_as(world.lucia_id, "/queue?view=everything")
    rows = page.locator("#rows > li[data-id]")
    page.locator("html.scripts").wait_for()
    first = rows.count()
    page.locator("#rows > [data-more] a").click()
    expect(page.locator("#rows > [data-more]")).to_have_count(0)
    assert rows.count() > first
    page.evaluate("() => { document.querySelector('#rows').scrollTop = 3000 }")
    at = page.evaluate("() => document.querySelector('#rows').scrollTop")
    shown = rows.count()
    page.reload()
    expect(rows).to_have_count(shown)
    page.wait_for_function("(at) => document.querySelector('#rows').scrollTop === at", arg=at)
    page.goto("/queue?view=everything")  # come anew, it begins at its beginning
    expect(page.locator("#rows > [data-more]")).to_have_count(1)
