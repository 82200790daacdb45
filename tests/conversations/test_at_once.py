"""Many at once: nobody's message is missed, no seq is given twice, no two verbs undo each other (RULES A1, A2, B3)."""

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.conversations.assign import assign
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.finish import finish
from inbox.conversations.labels import label
from inbox.conversations.models import Conversation, Label, Message, Thread
from inbox.conversations.threads import find_or_make_thread
from inbox.database import db
from inbox.errors import Conflict
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import make_conversation, make_thread, say
from tests.fixtures.app import START

pytestmark = pytest.mark.usefixtures("moving_clock")
AT_ONCE = 4


def together(app: Flask, works: Sequence[Callable[[Session], object]]) -> list[object]:
    """Run each work in its own transaction, all begun at the same time; returns results or errors."""
    gate, results = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int, work: Callable[[Session], object]) -> None:
        with app.app_context():
            try:
                gate.wait(10)
                results[number] = work(db.session())  # type: ignore[call-overload]
                db.session.commit()
            except Exception as error:
                results[number] = error  # type: ignore[call-overload]
                db.session.rollback()

    running = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for one in running:
        one.start()
    for one in running:
        one.join(60)
    return list(results)


def test_a1_no_seq_is_given_twice_and_every_message_counts(app: Flask, session: Session) -> None:
    thread, ana = make_thread(session, make_channel(session)), make_contact(session)
    thread_id, contact_id = thread.id, ana.id
    session.commit()

    def write(minutes: int) -> Callable[[Session], object]:
        def work(own: Session) -> None:
            person = own.get_one(type(ana), contact_id)
            for number in range(5):
                say(own, own.get_one(Thread, thread_id), person, at=START - timedelta(minutes=minutes, seconds=number))

        return work

    assert together(app, [write(minutes) for minutes in range(AT_ONCE)]) == [None] * AT_ONCE
    session.rollback()
    seqs = session.scalars(select(Message.seq).order_by(Message.seq)).all()
    assert seqs == list(range(1, 5 * AT_ONCE + 1))
    conversation = session.scalars(select(Conversation)).one()
    assert conversation.waiting_since == START - timedelta(minutes=AT_ONCE - 1, seconds=4)
    assert list_wrong_waiting(session) == []


def test_a1_two_workers_find_the_same_thread(app: Flask, session: Session) -> None:
    channel_id = make_channel(session).id
    session.commit()

    def work(own: Session) -> int:
        return find_or_make_thread(own, channel_id=channel_id, external_key="root", kind="comment", is_private=False).id

    assert len(set(together(app, [work] * AT_ONCE))) == 1


def test_b3_finishing_while_messages_come_in(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    member_id = make_responder(session, channel).id
    conversation = make_conversation(session, channel)
    number, thread_id, contact_id = conversation.id, conversation.thread_id, conversation.contact_id
    person = type(conversation.contact)
    session.commit()

    def done(own: Session) -> int:
        one = own.get_one(Conversation, number)
        return finish(own, one, member_id, seen_seq=1, why="no_answer_needed").stayed.count

    def arrive(own: Session) -> None:
        say(own, own.get_one(Thread, thread_id), own.get_one(person, contact_id), "Hello?")

    for result in together(app, [done, arrive, arrive]):
        assert not isinstance(result, Exception), result
    session.rollback()
    conversation = session.get_one(Conversation, number)
    assert conversation.status == "open", "two people's worth of news came in, before or after"
    waiting = select(func.count()).select_from(Message).where(Message.awaits)
    assert session.scalar(waiting) == 2
    assert list_wrong_waiting(session) == []


def test_labels_made_at_once_are_one(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    member_id = make_responder(session, channel).id
    number = make_conversation(session, channel).id
    session.commit()

    def work(own: Session) -> None:
        label(own, own.get_one(Conversation, number), member_id, "Returns")

    results = together(app, [work] * AT_ONCE)
    assert [result for result in results if result is not None and not isinstance(result, Conflict)] == []
    assert sum(result is None for result in results) == 1
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Label)) == 1


def test_versions_rise_with_each_of_many_verbs(app: Flask, session: Session) -> None:
    channel = make_channel(session)
    member_id = make_responder(session, channel).id
    conversation = make_conversation(session, channel)
    number, version = conversation.id, conversation.version
    session.commit()

    def work(own: Session) -> None:
        assign(own, own.get_one(Conversation, number), member_id, member_id)

    assert together(app, [work] * AT_ONCE) == [None] * AT_ONCE
    session.rollback()
    assert session.get_one(Conversation, number).version == version + AT_ONCE
