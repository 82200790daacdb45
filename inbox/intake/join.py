"""Joins threads whose missing parent has appeared (RULES A5)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.conversations import join as conversations
from inbox.conversations.models import Message, Thread
from inbox.conversations.threads import lock_thread
from inbox.replies import move as replies

_LOOK_BACK = timedelta(days=1)
_THREAD = table_of(Thread).c
_WANTING = (
    select(_THREAD.id, _THREAD.wanted_parent)
    .where(
        _THREAD.channel_id == bindparam("channel_id"),
        among(_THREAD.wanted_parent, "names"),
        _THREAD.joined_into_id.is_(None),
    )
    .order_by(_THREAD.id)
)


def join_wanted(session: Session, channel: Channel, appeared: Mapping[str, int]) -> int:
    """Join the threads that waited for one of these messages; `appeared`: thread ids by message id.

    Returns how many were joined. Public and private threads are never joined.
    """
    return join_listed(session, list_wanting(session, channel, appeared), appeared)


def list_wanting(session: Session, channel: Channel, appeared: Iterable[str]) -> list[tuple[int, str]]:
    """Return the threads that wait for one of these messages, by rising id, each with what it waits for."""
    session.flush()
    rows = session.execute(_WANTING, {"channel_id": channel.id, "names": sorted(appeared)})
    return [(thread_id, wanted) for thread_id, wanted in rows if wanted is not None]


def join_listed(session: Session, wanting: Iterable[tuple[int, str]], appeared: Mapping[str, int]) -> int:
    """Join these threads with those of what they waited for; returns how many."""
    return sum(_join_one(session, thread_id, wanted, appeared[wanted]) for thread_id, wanted in wanting)


def _join_one(session: Session, waiting_id: int, wanted: str, parents_id: int) -> bool:
    locked = {one: lock_thread(session, one) for one in sorted((parents_id, waiting_id))}
    parents, waiting = locked[parents_id], locked[waiting_id]
    if waiting.id == parents.id or waiting.is_private != parents.is_private:
        if waiting.wanted_parent == wanted:
            waiting.wanted_parent = None
            session.flush()
        return False
    still_wanted = parents.wanted_parent
    joined = conversations.join(session, waiting, parents)
    replies.move(session, joined)
    joined.winner.wanted_parent = still_wanted
    session.flush()
    return True


def join_missed(session: Session, limit: int = 100) -> int:
    """Join threads of the last day whose parent became known otherwise than by a page; returns how many.

    A reply of ours whose id was learnt late, after somebody had answered it, is such a parent.
    """
    found = session.execute(list_missed(limit)).all()
    return sum(_join_one(session, waiting_id, wanted, parents_id) for waiting_id, wanted, parents_id in found if wanted)


def list_missed(limit: int) -> Select[int, str | None, int]:
    """Return the query of those threads: id, what each waits for, and the thread in which that lies."""
    return (
        select(Thread.id, Thread.wanted_parent, Message.thread_id)
        .join(Message, (Message.channel_id == Thread.channel_id) & (Message.external_id == Thread.wanted_parent))
        .where(Thread.wanted_parent.is_not(None), Thread.joined_into_id.is_(None))
        .where(Thread.created_at > clock.now() - _LOOK_BACK)
        .order_by(Thread.channel_id, Thread.wanted_parent, Thread.id)  # as the index has them
        .limit(limit)
    )
