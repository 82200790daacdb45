"""Edits keep versions; what its author deletes is hidden at once and erased later (RULES A6)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.edits import Wording, edited
from inbox.conversations.gone import erase_due, look_said_gone, look_said_not_visible, look_said_present
from inbox.conversations.models import Message, MessageVersion, RawPayload, Status, Thread
from inbox.conversations.pages import load_thread
from inbox.conversations.queries import find_row
from inbox.conversations.rows import MessageView
from inbox.media.models import Media
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import add_picture, answer_there, conversation_of, make_thread, say
from tests.fixtures.app import START, MovingClock

PACE = Pace()


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def thread(session: Session, channel: Channel) -> Thread:
    return make_thread(session, channel)


@pytest.fixture
def ana(session: Session, channel: Channel) -> Contact:
    return make_contact(session)


def answered(session: Session, thread: Thread, person: Contact, text: str) -> Message:
    message = say(session, thread, person, text, at=START - timedelta(hours=1))
    answer_there(session, thread, parent_external_id=message.external_id)
    conversation_of(session, message).status = Status.DONE.value
    session.flush()
    return message


def go(session: Session, message: Message, moving: MovingClock) -> None:
    look_said_gone(session, message, pace=PACE)
    moving.move(PACE.gone_confirm_seconds)
    assert look_said_gone(session, message, pace=PACE)


def test_a6_an_edit_of_an_awaiting_message_keeps_its_clock(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, "Is it open?", at=START - timedelta(minutes=9))
    assert edited(session, message, Wording("Is it open today?", version="v2"), pace=PACE)
    assert (message.text, message.platform_version, message.awaits) == ("Is it open today?", "v2", True)
    assert conversation_of(session, message).waiting_since == START - timedelta(minutes=9)
    (version,) = session.scalars(select(MessageVersion)).all()
    assert (version.number, version.text) == (1, "Is it open?")


def test_a6_the_same_wording_twice_is_no_edit(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, "Is it open?")
    assert not edited(session, message, Wording("Is it open?", version="v2"), pace=PACE)
    assert message.platform_version == "v2"
    for text in ("One?", "Two?", "Two?", "Three?"):
        edited(session, message, Wording(text), pace=PACE)
    versions = session.scalars(select(MessageVersion.text).order_by(MessageVersion.number)).all()
    assert versions == ["Is it open?", "One?", "Two?"]


def test_a6_an_edit_of_an_answered_one_is_shown_and_does_not_wait(
    session: Session, channel: Channel, thread: Thread, ana: Contact
) -> None:
    message = answered(session, thread, ana, "I love the blue lamp")
    edited(session, message, Wording("I love the blue lamp!!"), pace=PACE)
    conversation = conversation_of(session, message)
    assert (message.awaits, message.settled, message.is_edited_after_answer) == (False, "answered", True)
    assert (conversation.status, conversation.has_edit_after_answer) == ("done", True)
    answer_there(session, thread, parent_external_id=message.external_id)


@pytest.mark.parametrize(
    ("new", "awaits"),
    [
        ("I love the blue lamp?", True),
        ("I love the blue lamp" + "x" * 20, True),
        ("I love the blue lamp" + "x" * 19, False),
        ("Me encanta", False),
    ],
)
def test_a6_it_waits_again_when_it_asks_or_gains_twenty_characters(
    session: Session, thread: Thread, ana: Contact, new: str, awaits: bool
) -> None:
    message = answered(session, thread, ana, "I love the blue lamp")
    edited(session, message, Wording(new), pace=PACE)
    conversation = conversation_of(session, message)
    assert message.awaits is awaits
    assert (message.settled is None) is awaits
    assert conversation.status == ("open" if awaits else "done")
    assert (conversation.waiting_since == START - timedelta(hours=1)) is awaits
    assert list_wrong_waiting(session) == []


def test_a6_a_question_mark_that_was_there_before_is_not_gained(session: Session, thread: Thread, ana: Contact) -> None:
    message = answered(session, thread, ana, "Is it open?")
    edited(session, message, Wording("Is it opened?"), pace=PACE)
    assert not message.awaits


def test_a6_what_never_awaited_is_judged_anew(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, "😍")
    assert conversation_of(session, message).waiting_since is None
    edited(session, message, Wording("😍 how much?"), pace=PACE)
    assert message.awaits
    assert not conversation_of(session, message).is_no_answer_needed


def test_a6_gone_counts_after_two_looks_60_s_apart(
    session: Session, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    message = say(session, thread, ana)
    assert not look_said_gone(session, message, pace=PACE)
    assert message.recheck_due_at == START + timedelta(seconds=60)
    moving_clock.move(59)
    assert not look_said_gone(session, message, pace=PACE)
    assert message.awaits
    moving_clock.move(1)
    assert look_said_gone(session, message, pace=PACE)
    assert (message.awaits, message.settled, message.gone_reason) == (False, "withdrawn", "author")
    assert message.gone_at == START + timedelta(seconds=60)
    assert message.erase_due_at == START + timedelta(seconds=60, hours=24)
    assert conversation_of(session, message).waiting_since is None


def test_a6_a_look_that_finds_it_in_between_begins_anew(
    session: Session, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    message = say(session, thread, ana)
    look_said_gone(session, message, pace=PACE)
    moving_clock.move(120)
    assert not look_said_present(session, message)
    assert not look_said_gone(session, message, pace=PACE)
    assert message.awaits


def test_a6_an_explicit_event_counts_at_once(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana)
    assert look_said_gone(session, message, pace=PACE, is_event=True)
    assert message.settled == "withdrawn"


def test_a6_not_visible_never_excuses_anybody(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana)
    for _ in range(3):
        look_said_not_visible(session, message)
    assert message.awaits
    assert message.gone_at is None
    look_said_present(session, message)
    assert not message.is_not_visible


def test_a6_gone_is_hidden_from_everyone_at_once(
    session: Session, channel: Channel, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    member = make_responder(session, channel)
    message = say(session, thread, ana, "the first secret", pictures=1)
    edited(session, message, Wording("the second secret", marks=[{"kind": "link", "start": 0, "end": 3}]), pace=PACE)
    go(session, message, moving_clock)
    conversation = conversation_of(session, message)
    row = find_row(session, member.id, conversation.id)
    page = load_thread(session, conversation, member.id)
    assert "secret" not in repr((row, page))
    assert row is not None
    assert (row.is_inbound_gone, row.picture_count) == (True, 0)
    (shown,) = (entry for entry in page.entries if isinstance(entry, MessageView))
    assert (shown.is_gone, shown.marks, shown.versions, shown.pictures) == (True, (), (), ())
    assert shown.gone_at == moving_clock.at


def test_a6_a_look_that_finds_it_again_restores_it(
    session: Session, channel: Channel, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    member = make_responder(session, channel)
    message = say(session, thread, ana, "Is it open?")
    go(session, message, moving_clock)
    assert look_said_present(session, message)
    conversation = conversation_of(session, message)
    assert (message.awaits, message.settled, message.erase_due_at) == (True, None, None)
    assert conversation.waiting_since == START
    row = find_row(session, member.id, conversation.id)
    assert row is not None
    assert row.inbound_text == "Is it open?"


def test_a6_what_was_answered_and_then_deleted_stays_answered(
    session: Session, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    message = answered(session, thread, ana, "Is it open?")
    go(session, message, moving_clock)
    assert message.settled == "answered"
    look_said_present(session, message)
    assert (message.awaits, message.settled) == (False, "answered")


def test_a6_erased_from_every_copy_after_24_h(
    session: Session, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    message = say(session, thread, ana, "the first secret", mentions=["x"], permalink="https://social.example/secret")
    other = say(session, thread, ana, "stays?")
    edited(session, message, Wording("the second secret"), pace=PACE)
    add_picture(session, message, digest="d" * 64)
    for one in (message, other):
        session.add(
            RawPayload(message_id=one.id, compressed=b"secret", received_at=clock.now(), expires_at=clock.now())
        )
    go(session, message, moving_clock)
    moving_clock.move(24 * 3600 - 1)
    assert erase_due(session).message_ids == ()
    moving_clock.move(1)
    erased = erase_due(session)
    assert erased.message_ids == (message.id,)
    assert erased.digests == ("d" * 64,)
    session.expire_all()
    assert (message.text, message.marks, message.mentions, message.platform_ref) == ("", [], [], {})
    assert message.permalink is None
    assert message.erased_at == moving_clock.at
    assert (message.settled, message.external_id is not None, message.gone_at is not None) == ("withdrawn", True, True)
    counted = [session.scalar(select(func.count()).select_from(copy)) for copy in (MessageVersion, Media, RawPayload)]
    assert counted == [0, 0, 1]
    assert "secret" not in repr([(row.before, row.after) for row in session.scalars(select(Activity))])
    assert erase_due(session).message_ids == ()


def test_a6_an_answer_that_was_settled_meanwhile_is_not_written_over(
    session: Session, thread: Thread, ana: Contact
) -> None:
    message = say(session, thread, ana)
    settled = {"awaits": False, "settled": "answered", "settled_at": START}
    behind = update(Message).where(Message.id == message.id).values(settled)
    session.execute(behind.execution_options(synchronize_session=False))
    assert message.awaits, "as it was when it was loaded"
    look_said_gone(session, message, pace=PACE, is_event=True)
    assert message.settled == "answered"
    assert list_wrong_waiting(session) == []


def test_a6_kept_no_longer_than_the_platform_allows(
    session: Session, channel: Channel, thread: Thread, ana: Contact
) -> None:
    channel.limits = {"retention_seconds": 3600}
    message = say(session, thread, ana)
    look_said_gone(session, message, pace=PACE, is_event=True)
    assert message.erase_due_at == START + timedelta(hours=1)


def test_a6_an_erased_message_that_is_shown_again_comes_back_whole(
    session: Session, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    message = say(session, thread, ana, "Is it open?")
    look_said_gone(session, message, pace=PACE, is_event=True)
    moving_clock.move(hours=25)
    erase_due(session)
    assert not look_said_present(session, message), "its words are not known any more"
    assert edited(session, message, Wording("Is it open?"), pace=PACE)
    assert (message.text, message.awaits, message.gone_at, message.erased_at) == ("Is it open?", True, None, None)
    assert session.scalar(select(func.count()).select_from(MessageVersion)) == 0
