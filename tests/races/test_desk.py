"""People at two screens, and what comes in between: finishing, reopening, threads that are joined (RULES A5, B3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.finish import finish, reopen
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.undo import undo
from inbox.errors import Conflict
from inbox.intake.join import join_missed
from inbox.outbox import claim
from inbox.outbox.models import Delivery
from inbox.outbox.transactions import commit
from inbox.replies.settle import settle
from inbox.settings import Pace
from tests.factories.basics import make_contact
from tests.factories.items import author, message, take_in
from tests.factories.replies import Scene, make_conversation, make_inbound, make_scene
from tests.fixtures.replies import Bench
from tests.races.meeting import in_transaction, overlap

PACE = Pace()
Work = Callable[[Session], object]


def finishes(scene: Scene) -> Work:
    member_id, conversation_id = scene.ids

    def work(session: Session) -> int:
        one = session.get_one(Conversation, conversation_id)
        return finish(session, one, member_id, seen_seq=1, why="no_answer_needed").activity.id

    return work


def reopens(scene: Scene) -> Work:
    member_id, conversation_id = scene.ids
    return lambda session: reopen(session, session.get_one(Conversation, conversation_id), member_id)


def asks_more(session: Session, scene: Scene) -> Work:
    """Return the work of a poll that brings another question of the same person."""
    fan = author(scene.contact.external_id, external_id=scene.contact.external_id)
    shown = message("more-1", by=fan, parent_id=scene.message.external_id)
    channel_id = scene.channel.id

    def work(own: Session) -> object:
        return take_in(own, own.get_one(type(scene.channel), channel_id), shown)

    return work


def found(session: Session, scene: Scene) -> Conversation:
    session.rollback()
    return session.get_one(Conversation, scene.conversation.id, populate_existing=True)


@pytest.mark.parametrize("is_message_first", [True, False])
def test_finishing_meets_a_message_and_it_stays_open_with_that_one_waiting(
    session: Session, engine: Engine, is_message_first: bool
) -> None:
    scene = make_scene(session)
    done, arrives = finishes(scene), asks_more(session, scene)
    session.commit()
    works = (arrives, done) if is_message_first else (done, arrives)
    _, second = overlap(engine, works[0], lambda: commit(lambda: Session(engine), works[1]))
    assert not isinstance(second, Exception), second
    assert found(session, scene).status == "open"
    assert session.scalars(select(Message.external_id).where(Message.awaits)).all() == ["more-1"]
    assert list_wrong_waiting(session) == []


@pytest.mark.parametrize("is_reopened_first", [True, False])
def test_two_tabs_finish_and_reopen_and_the_second_has_the_last_word(
    session: Session, engine: Engine, is_reopened_first: bool
) -> None:
    scene = make_scene(session)
    done, opened = finishes(scene), reopens(scene)
    session.commit()
    if is_reopened_first:
        in_transaction(engine, done)
    works = (opened, done) if is_reopened_first else (done, opened)
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert not isinstance(second, Exception), second
    assert found(session, scene).status == ("done" if is_reopened_first else "open")
    assert list_wrong_waiting(session) == []


def test_two_tabs_undo_the_same_and_one_is_told(session: Session, engine: Engine) -> None:
    scene = make_scene(session)
    done, member_id = finishes(scene), scene.member.id
    session.commit()
    activity_id = in_transaction(engine, done)
    assert isinstance(activity_id, int)

    def takes_back(own: Session) -> object:
        return undo(own, member_id, activity_id)

    _, second = overlap(engine, takes_back, lambda: in_transaction(engine, takes_back))
    assert isinstance(second, Conflict)
    assert second.code == "already_undone"
    conversation = found(session, scene)
    assert (conversation.status, conversation.waiting_since is not None) == ("open", True)


def hang_below(session: Session, scene: Scene) -> Scene:
    """Add a younger thread of another person that waits for the scene's message as its parent."""
    thread = Thread(
        channel_id=scene.channel.id,
        external_key="child",
        kind="comment",
        is_private=False,
        wanted_parent=scene.message.external_id,
        created_at=clock.now(),
    )
    session.add(thread)
    session.flush()
    contact = make_contact(session)
    conversation = make_conversation(session, thread, contact)
    asked = make_inbound(session, conversation, "And on Sundays?", parent_external_id=scene.message.external_id)
    asked.mentions_us = True  # else it would be for the other fan
    session.flush()
    return Scene(scene.channel, scene.member, thread, contact, conversation, asked)


@pytest.mark.parametrize("is_joined_first", [True, False])
def test_a_join_meets_the_settling_of_a_reply_of_the_younger_thread(
    bench: Bench, engine: Engine, is_joined_first: bool
) -> None:
    root = make_scene(bench.session)
    child = hang_below(bench.session, root)
    bench.platform.steps = ["hang"]
    delivery = bench.queue(child)
    bench.send()
    delivery_id, sent = delivery.id, bench.platform.accepted[0]
    bench.session.commit()

    def settles(session: Session) -> object:
        return settle(session, delivery_id, sent, pace=PACE)

    works: tuple[Work, Work] = (join_missed, settles) if is_joined_first else (settles, join_missed)
    _, second = overlap(engine, works[0], lambda: commit(bench.sender.make_session, works[1]))
    assert not isinstance(second, Exception), second
    assert bench.state(delivery) == "sent"
    check_joined(bench, root, child, delivery)
    asked = bench.session.get_one(Message, child.message.id, populate_existing=True)
    assert (asked.awaits, asked.answered_by_message_id) == (False, bench.fresh(delivery).message_id)


@pytest.mark.parametrize("is_joined_first", [True, False])
def test_a_join_meets_the_claim_of_a_reply_of_the_younger_thread(
    bench: Bench, engine: Engine, is_joined_first: bool
) -> None:
    root = make_scene(bench.session)
    child = hang_below(bench.session, root)
    delivery = bench.queue(child)
    bench.session.commit()

    def claims(session: Session) -> object:
        return claim.claim_next(session, PACE)

    works: tuple[Work, Work] = (join_missed, claims) if is_joined_first else (claims, join_missed)
    first, second = overlap(engine, works[0], lambda: commit(bench.sender.make_session, works[1]))
    assert not isinstance(second, Exception), second
    if first is None or second is None:  # it was locked and skipped: the next sweep takes it
        assert bench.send()
    else:
        bench.clock.move(PACE.send_lease_seconds + timedelta(seconds=1).total_seconds())
        bench.sweep()
        assert bench.state(delivery) == "unclear"
    assert bench.session.scalar(select(func.count(Delivery.id))) == 1
    check_joined(bench, root, child, delivery)


def check_joined(bench: Bench, root: Scene, child: Scene, delivery: Delivery) -> None:
    bench.session.commit()
    loser = bench.session.get_one(Thread, child.thread.id, populate_existing=True)
    assert loser.joined_into_id == root.thread.id
    query = select(Message.seq).where(Message.thread_id == root.thread.id, Message.seq.is_not(None))
    seqs = list(bench.session.scalars(query.order_by(Message.seq)))
    assert seqs == list(range(1, len(seqs) + 1))
    assert bench.message(delivery).thread_id == root.thread.id
    assert list_wrong_waiting(bench.session) == []
