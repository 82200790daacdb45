"""Parents may arrive later: every order ends with the same rows (RULES A5)."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.models import Answer, Conversation, Message, Thread
from inbox.intake.join import join_missed
from inbox.platforms import items
from tests.factories.basics import make_channel
from tests.factories.items import message, take_in, us

pytestmark = pytest.mark.usefixtures("moving_clock")


def tree(channel: Channel) -> list[items.Message]:
    """Return a root, two replies of others, our native answer to one of them, and thanks for it."""
    now = clock.now()

    def at(minutes: int) -> Any:
        return now - timedelta(minutes=60 - minutes)

    return [
        message("a", by="lucia", text="¿Cuándo abren?", authored_at=at(0)),
        message("b", by="omar", text="¿Y los domingos?", parent_id="a", mentions_us=True, authored_at=at(5)),
        message("c", by="ines", text="A las diez, creo", parent_id="b", authored_at=at(10)),
        message("d", by=us(channel), text="Los domingos a las once", parent_id="b", authored_at=at(15)),
        message("e", by="omar", text="gracias", parent_id="d", authored_at=at(20)),
    ]


def shape(session: Session, channel: Channel) -> list[Any]:
    """Return everything that a member sees of the tree, with rows named by what they hold and not by id."""
    session.expire_all()
    rows = session.scalars(select(Message).where(Message.channel_id == channel.id).order_by(Message.external_id)).all()
    groups: dict[int | None, list[str]] = {}
    for row in rows:
        groups.setdefault(row.conversation_id, []).append(row.external_id or "")
    found: list[Any] = [len({row.thread_id for row in rows})]
    found += [
        (
            row.external_id,
            groups[row.conversation_id],
            row.awaits,
            row.awaits_reason,
            row.settled,
            session.get_one(Message, row.answered_by_message_id).external_id if row.answered_by_message_id else None,
            row.clock_at,
            row.direction,
            row.is_native,
        )
        for row in rows
    ]
    of_thread = select(Conversation).where(Conversation.channel_id == channel.id, Conversation.joined_into_id.is_(None))
    found += sorted(
        (
            one.contact.handle,
            one.status,
            str(one.waiting_since),
            str(one.queue_at),
            str(one.last_message_at),
            one.is_no_answer_needed,
            session.get_one(Message, one.last_inbound_message_id).external_id if one.last_inbound_message_id else None,
            session.scalar(select(func.count()).select_from(Answer).where(Answer.conversation_id == one.id)),
        )
        for one in session.scalars(of_thread)
    )
    found += [
        [row.seq for row in sorted(rows, key=lambda row: row.seq or 0)] == sorted({row.seq for row in rows if row.seq}),
        max(row.seq or 0 for row in rows) <= max(row.thread.last_seq for row in rows),
    ]
    return found


@pytest.mark.parametrize("first", range(5))
def test_all_orders_of_a_five_message_tree_give_the_same_rows(session: Session, first: int) -> None:
    wanted = whole_tree(session)
    assert wanted[0] == 1
    assert [row[2] for row in wanted[1:6]] == [True, False, False, False, False]
    for order in itertools.permutations(range(5)):
        if order[0] != first:
            continue
        channel = make_channel(session)
        for index in order:
            take_in(session, channel, tree(channel)[index])
        assert shape(session, channel) == wanted, order
        session.rollback()


def whole_tree(session: Session) -> list[Any]:
    """Return the shape that one page with everything in it gives."""
    channel = make_channel(session)
    take_in(session, channel, *tree(channel))
    found = shape(session, channel)
    session.rollback()
    return found


def test_orders_within_one_page_and_over_two_pages_give_the_same_rows(session: Session) -> None:
    wanted = whole_tree(session)
    for number, order in enumerate(itertools.islice(itertools.permutations(range(5)), 3, None, 7)):
        channel = make_channel(session)
        all_five = tree(channel)
        cut = number % 5
        take_in(session, channel, *(all_five[index] for index in order[:cut]))
        take_in(session, channel, *(all_five[index] for index in order[cut:]))
        assert shape(session, channel) == wanted, (order, cut)
        session.rollback()


def test_a_missing_parent_is_joined_under_the_older_row(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("child", parent_id="root"))
    child = session.scalars(select(Thread)).one()
    assert (child.external_key, child.wanted_parent) == ("child", "root")
    take_in(session, channel, message("root", by="omar"))
    session.expire_all()
    threads = session.scalars(select(Thread).order_by(Thread.id)).all()
    assert [(t.id, t.joined_into_id, t.wanted_parent) for t in threads] == [
        (child.id, None, None),
        (threads[1].id, child.id, None),
    ]
    take_in(session, channel, message("late", by="ines", parent_id="root"))
    assert session.scalars(select(Message.thread_id).where(Message.external_id == "late")).one() == child.id


def test_a_chain_goes_on_wanting_what_is_still_missing(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c", parent_id="b"))
    take_in(session, channel, message("b", parent_id="a"))
    session.expire_all()
    open_ones = select(Thread).where(Thread.joined_into_id.is_(None))
    assert session.scalars(open_ones).one().wanted_parent == "a"
    take_in(session, channel, message("a"))
    session.expire_all()
    assert session.scalars(open_ones).one().wanted_parent is None
    assert (
        session.scalar(select(func.count()).select_from(Conversation).where(Conversation.joined_into_id.is_(None))) == 1
    )


def test_a_root_that_the_platform_names_is_the_thread_before_and_after_it_is_seen(session: Session) -> None:
    for order in itertools.permutations(range(4)):
        channel = make_channel(session)
        page = [
            message("root"),
            message("kid", parent_id="root"),  # this list does not say the root
            message("grandkid", parent_id="kid", root_id="root"),
            message("other", by="omar", parent_id="root", root_id="root", mentions_us=True),
        ]
        for index in order:
            take_in(session, channel, page[index])
        assert shape(session, channel)[0] == 1, order
        session.rollback()


def test_parents_that_go_round_in_a_circle_end(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("a", parent_id="b"), message("b", parent_id="a"))
    take_in(session, channel, message("c", parent_id="c"))
    assert len(set(session.scalars(select(Message.thread_id).where(Message.external_id.in_(["a", "b"]))))) == 1
    assert session.scalar(select(func.count()).select_from(Message)) == 3


def test_a_private_reply_does_not_join_its_public_parent(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("w", parent_id="c", audience="direct"))
    take_in(session, channel, message("c"))
    session.expire_all()
    threads = session.scalars(select(Thread).order_by(Thread.id)).all()
    assert [(t.is_private, t.joined_into_id, t.wanted_parent) for t in threads] == [
        (True, None, None),
        (False, None, None),
    ]


def test_a_parent_whose_id_was_learnt_late_is_joined_by_the_sweep(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("q"), message("fan", by="omar", parent_id="ours"))
    question = session.scalars(select(Message).where(Message.external_id == "q")).one()
    sent = Message(
        thread_id=question.thread_id,
        channel_id=channel.id,
        conversation_id=question.conversation_id,
        direction="outbound",
        kind="comment",
        audience="public",
        external_id="ours",
        text="A las diez",
        received_at=clock.now(),
        clock_at=clock.now(),
        seq=2,
    )
    session.add(sent)
    question.thread.last_seq = 2
    session.flush()
    assert join_missed(session) == 1
    assert join_missed(session) == 0
    session.expire_all()
    fan = session.scalars(select(Message).where(Message.external_id == "fan")).one()
    assert fan.thread_id == question.thread_id


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_private_continuation_settles_the_comment_that_it_goes_on_from(
    session: Session, order: tuple[int, int]
) -> None:
    channel = make_channel(session)
    now = clock.now()
    both = [
        message("c1", authored_at=now - timedelta(minutes=9)),
        items.Message(
            external_id="r1",
            author=us(channel),
            kind="direct",
            audience="private",
            text="Te escribimos por aquí",
            thread_key="exchange-9",
            continues_id="c1",
            authored_at=now - timedelta(minutes=2),
        ),
    ]
    for index in order:
        take_in(session, channel, both[index])
    session.expire_all()
    comment = session.scalars(select(Message).where(Message.external_id == "c1")).one()
    reply = session.scalars(select(Message).where(Message.external_id == "r1")).one()
    assert (comment.settled, comment.answered_by_message_id) == ("answered", reply.id)
    assert reply.thread.is_private
