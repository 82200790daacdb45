"""What awaits, what settles it, and what is kept in step with it (RULES A1, A2, B1, B2)."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Answer, Conversation, Message, Thread
from inbox.conversations.ordering import MIRROR, queue_at
from inbox.conversations.settle import answer, answer_natively, excuse_message, make_wait, say_whom
from inbox.conversations.threads import find_or_make_conversation, find_or_make_thread, find_thread, lock_thread
from inbox.errors import Conflict, Invalid
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import answer_there, conversation_of, make_thread, say, write_ours
from tests.fixtures.app import START, MovingClock


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def thread(session: Session, channel: Channel) -> Thread:
    return make_thread(session, channel)


@pytest.fixture
def ana(session: Session, channel: Channel) -> Contact:
    return make_contact(session)


@pytest.fixture
def luis(session: Session, channel: Channel) -> Contact:
    return make_contact(session)


def before(minutes: float) -> dict[str, Any]:
    return {"at": START - timedelta(minutes=minutes)}


def test_a1_seq_rises_within_the_thread(session: Session, thread: Thread, ana: Contact, luis: Contact) -> None:
    messages = [say(session, thread, person) for person in (ana, luis, ana)]
    assert [message.seq for message in messages] == [1, 2, 3]
    assert len({message.conversation_id for message in messages}) == 2


def test_a1_one_person_in_one_thread_is_one_conversation(session: Session, thread: Thread, ana: Contact) -> None:
    first = find_or_make_conversation(session, thread, ana.id, at=START)
    assert find_or_make_conversation(session, thread, ana.id, at=START).id == first.id
    made = find_or_make_thread(
        session, channel_id=thread.channel_id, external_key="root", kind="comment", is_private=False
    )
    found = find_thread(session, thread.channel_id, "root")
    assert found is not None
    assert found.id == made.id
    assert find_thread(session, thread.channel_id, "other") is None


def test_a2_waiting_since_is_the_oldest_that_awaits(session: Session, thread: Thread, ana: Contact) -> None:
    say(session, thread, ana, **before(5))
    newer = say(session, thread, ana, **before(1))
    say(session, thread, ana, **before(9))
    conversation = conversation_of(session, newer)
    assert conversation.waiting_since == START - timedelta(minutes=9)
    assert conversation.queue_at == conversation.waiting_since
    assert conversation.last_message_at == START - timedelta(minutes=1)
    assert conversation.last_inbound_message_id == newer.id
    assert conversation.last_inbound_seq == 3
    assert list_wrong_waiting(session) == []


def test_a2_their_turn_when_nothing_awaits(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, **before(5))
    answer_there(session, thread, parent_external_id=message.external_id)
    conversation = conversation_of(session, message)
    assert conversation.waiting_since is None
    assert conversation.queue_at == queue_at(None, START) > MIRROR


def test_a2_doctor_names_what_is_wrong(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana)
    conversation = conversation_of(session, message)
    conversation.waiting_since = None
    session.flush()
    (wrong,) = list_wrong_waiting(session)
    assert (wrong.conversation_id, wrong.stored, wrong.computed) == (conversation.id, None, START)


def test_a2_a_reply_to_another_fan_does_not_await(
    session: Session, channel: Channel, thread: Thread, ana: Contact, luis: Contact
) -> None:
    root = say(session, thread, ana)
    reply = say(session, thread, luis, "Where did you get it?", parent_external_id=root.external_id)
    own = say(session, thread, ana, "Really?", parent_external_id=root.external_id)
    mentioning = say(session, thread, luis, "And you?", parent_external_id=root.external_id, mentions_us=True)
    assert (reply.awaits, reply.awaits_reason) == (False, "reply_to_other")
    assert own.awaits
    assert mentioning.awaits
    channel.preferences = {"awaits_replies_to_others": True}
    assert say(session, thread, luis, "Which shop?", parent_external_id=root.external_id).awaits


def test_a2_the_parent_that_comes_later_changes_the_judgement(
    session: Session, thread: Thread, ana: Contact, luis: Contact
) -> None:
    reply = say(session, thread, luis, "Where did you get it?", parent_external_id="the-root")
    assert conversation_of(session, reply).waiting_since == START, "nobody knows yet whose message it answers"
    say(session, thread, ana, external_id="the-root", **before(3))
    assert not reply.awaits
    assert conversation_of(session, reply).waiting_since is None
    known = say(session, thread, luis, "Which?", parent_external_id="x", parent_author_external_id=ana.external_id)
    assert not known.awaits, "the platform named the parent's author"


def test_a2_an_answer_to_our_own_message_awaits(session: Session, thread: Thread, ana: Contact) -> None:
    ours = write_ours(session, thread)
    assert say(session, thread, ana, "Really?", parent_external_id=ours.external_id).awaits


def test_a3_thanks_after_our_answer_goes_to_no_answer_needed(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, **before(9))
    answer_there(session, thread, parent_external_id=message.external_id, **before(5))
    thanks = say(session, thread, ana, "¡Muchas gracias! 💜", **before(1))
    assert (thanks.awaits, thanks.awaits_reason, thanks.settled) == (False, "thanks", None)
    assert conversation_of(session, message).is_no_answer_needed


def test_a3_thanks_that_came_in_before_the_answer_was_known(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, **before(9))
    thanks = say(session, thread, ana, "Gracias!", **before(1))
    assert thanks.awaits
    answer_there(session, thread, parent_external_id=message.external_id, **before(5))
    assert (thanks.awaits, thanks.awaits_reason) == (False, "thanks")
    assert conversation_of(session, message).is_no_answer_needed


def test_a3_one_key_makes_one_wait(session: Session, channel: Channel, thread: Thread, ana: Contact) -> None:
    member = make_responder(session, channel)
    message = say(session, thread, ana, "😍")
    conversation = conversation_of(session, message)
    assert conversation.is_no_answer_needed
    make_wait(session, message, member.id)
    conversation = conversation_of(session, message)
    assert (message.awaits, message.awaits_reason) == (True, "by_hand")
    assert conversation.waiting_since == START
    assert not conversation.is_no_answer_needed
    with pytest.raises(Conflict, match="already_waits"):
        make_wait(session, message, member.id)


def test_a3_history_older_than_the_span_does_not_await(session: Session, thread: Thread, ana: Contact) -> None:
    old = say(session, thread, ana, "Is it open?", is_before_import=True, is_history=True, **before(60 * 30))
    young = say(session, thread, ana, "Hello, is it open?", is_history=True, **before(60))
    assert (old.awaits, old.awaits_reason) == (False, "before_import")
    assert young.awaits
    assert conversation_of(session, old).waiting_since == START - timedelta(minutes=60)


def test_b1_a_reply_settles_up_to_what_was_on_the_screen(
    session: Session, thread: Thread, ana: Contact, luis: Contact
) -> None:
    seen, other = say(session, thread, ana, **before(9)), say(session, thread, luis, **before(8))
    new = say(session, thread, ana, **before(7))
    reply = write_ours(session, thread)
    assert answer(session, reply, conversation_of(session, seen), seen.seq or 0) == [seen.id]
    assert (seen.settled, seen.answered_by_message_id, seen.awaits) == ("answered", reply.id, False)
    assert new.awaits
    assert other.awaits, "others in the thread are settled only if they were ticked"
    conversation = conversation_of(session, seen)
    assert conversation.waiting_since == START - timedelta(minutes=7)
    assert conversation.last_outbound_message_id == reply.id
    answer(session, reply, conversation_of(session, other), other.seq or 0)
    rows = session.execute(select(Answer.reply_message_id, Answer.conversation_id, Answer.up_to_seq)).all()
    assert sorted(rows) == sorted([(reply.id, conversation.id, 1), (reply.id, other.conversation_id, 2)])
    assert list_wrong_waiting(session) == []


def test_b1_an_older_message_that_is_found_later_keeps_waiting(session: Session, thread: Thread, ana: Contact) -> None:
    seen = say(session, thread, ana, **before(5))
    answer(session, write_ours(session, thread), conversation_of(session, seen), seen.seq or 0)
    late = say(session, thread, ana, **before(20))
    assert late.awaits, "nobody had seen it"
    assert conversation_of(session, seen).waiting_since == START - timedelta(minutes=20)


def test_b1_what_was_settled_keeps_its_first_answer(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana)
    first, second = write_ours(session, thread), write_ours(session, thread)
    answer(session, first, conversation_of(session, message), 99)
    assert answer(session, second, conversation_of(session, message), 99) == []
    assert message.answered_by_message_id == first.id


def test_b2_a_native_answer_settles_older_ones_by_its_parents_author(
    session: Session, thread: Thread, ana: Contact, luis: Contact
) -> None:
    old, parent = say(session, thread, ana, **before(9)), say(session, thread, ana, **before(8))
    other, later = say(session, thread, luis, **before(7)), say(session, thread, ana, **before(1))
    reply = answer_there(session, thread, parent_external_id=parent.external_id, **before(5))
    assert [message.settled for message in (old, parent, other, later)] == ["answered", "answered", None, None]
    assert reply.conversation_id == parent.conversation_id
    assert thread.asks_about_message_id is None


def test_b2_without_a_parent_it_settles_everybody_in_a_private_thread(
    session: Session, channel: Channel, ana: Contact, luis: Contact
) -> None:
    thread = make_thread(session, channel, kind="direct", is_private=True)
    messages = [say(session, thread, ana, **before(9)), say(session, thread, luis, **before(8))]
    answer_there(session, thread)
    assert [message.settled for message in messages] == ["answered", "answered"]


def test_b2_in_public_it_settles_whom_it_mentions(
    session: Session, thread: Thread, ana: Contact, luis: Contact
) -> None:
    messages = [say(session, thread, ana, **before(9)), say(session, thread, luis, **before(8))]
    answer_there(session, thread, mentions=[luis.external_id])
    assert [message.settled for message in messages] == [None, "answered"]
    assert thread.asks_about_message_id is None


def test_b2_else_nobody_and_the_thread_asks(
    session: Session, channel: Channel, thread: Thread, ana: Contact, luis: Contact
) -> None:
    member = make_responder(session, channel)
    messages = [say(session, thread, ana, **before(9)), say(session, thread, luis, **before(8))]
    reply = answer_there(session, thread)
    assert [message.awaits for message in messages] == [True, True]
    assert thread.asks_about_message_id == reply.id
    stranger = make_thread(session, channel)
    elsewhere = say(session, stranger, ana)
    with pytest.raises(Invalid, match="not_in_thread"):
        say_whom(session, reply, [elsewhere.conversation_id or 0], member.id)
    say_whom(session, reply, [messages[1].conversation_id or 0], member.id)
    assert [message.awaits for message in messages] == [True, False]
    assert lock_thread(session, thread.id).asks_about_message_id is None
    late = say(session, thread, luis, **before(20))
    assert late.settled == "answered", "an older message of the one it was for"
    assert say(session, thread, ana, **before(21)).awaits


def test_b2_a_member_may_say_that_it_was_for_nobody(
    session: Session, channel: Channel, thread: Thread, ana: Contact
) -> None:
    member = make_responder(session, channel)
    message = say(session, thread, ana, **before(9))
    reply = answer_there(session, thread)
    say_whom(session, reply, [], member.id)
    answer_natively(session, reply)
    assert message.awaits
    assert lock_thread(session, thread.id).asks_about_message_id is None


def test_b2_a_note_under_a_post_asks_nothing_when_nobody_waits(session: Session, thread: Thread) -> None:
    answer_there(session, thread)
    assert thread.asks_about_message_id is None


def test_b2_automatic_and_held_back_messages_settle_nothing(session: Session, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, **before(9))
    kinds: tuple[dict[str, Any], ...] = ({"is_automatic": True}, {"is_held_back": True})
    for given in kinds:
        answer_there(session, thread, parent_external_id=message.external_id, **given)
    assert message.awaits
    assert thread.asks_about_message_id is None


def test_b2_an_answer_settles_its_parent_whatever_two_clocks_say(
    session: Session, thread: Thread, ana: Contact
) -> None:
    parent = say(session, thread, ana, **before(1))
    answer_there(session, thread, parent_external_id=parent.external_id, **before(2))
    assert parent.settled == "answered"


def test_b2_the_order_of_arrival_does_not_matter(
    session: Session, channel: Channel, ana: Contact, luis: Contact
) -> None:
    session.commit()

    def play(order: list[int]) -> list[tuple[bool, str | None]]:
        thread = make_thread(session, channel)
        key = f"{thread.id}-"
        acts = [
            lambda: say(session, thread, ana, external_id=f"{key}old", **before(9)),
            lambda: say(session, thread, ana, external_id=f"{key}parent", **before(8)),
            lambda: answer_there(session, thread, parent_external_id=f"{key}parent", **before(5)),
            lambda: say(session, thread, ana, "Gracias!", external_id=f"{key}thanks", **before(3)),
            lambda: say(session, thread, luis, external_id=f"{key}other", parent_external_id=f"{key}old", **before(2)),
        ]
        made = {number: acts[number]() for number in order}
        assert list_wrong_waiting(session) == []
        return [(made[number].awaits, made[number].settled) for number in (0, 1, 3, 4)]

    wanted = [(False, "answered"), (False, "answered"), (False, None), (False, None)]
    for order in itertools.permutations(range(5)):
        assert play(list(order)) == wanted, order
        session.rollback()


def test_a_member_excuses_one_message(session: Session, channel: Channel, thread: Thread, ana: Contact) -> None:
    member = make_responder(session, channel)
    first, second = say(session, thread, ana, **before(9)), say(session, thread, ana, **before(2))
    activity = excuse_message(session, first, member.id, "liked")
    assert (first.settled, first.excused_by_id, first.excused_why) == ("excused", member.id, "liked")
    assert activity.before is not None
    assert activity.before["message"]["awaits"] is True
    assert conversation_of(session, second).waiting_since == START - timedelta(minutes=2)
    with pytest.raises(Conflict, match="does_not_wait"):
        excuse_message(session, first, member.id)
    with pytest.raises(Invalid, match="why_unknown"):
        excuse_message(session, second, member.id, "bored")


def test_no_row_waits_and_is_settled(session: Session, thread: Thread, ana: Contact) -> None:
    say(session, thread, ana)
    assert session.scalars(select(Message).where(Message.awaits, Message.settled.is_not(None))).all() == []
    assert session.scalars(select(Conversation)).one().version > 1
