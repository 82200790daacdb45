"""Recomputes what is kept beside the messages and names what differs (RULES A2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Conversation, Message, Status
from inbox.conversations.ordering import queue_at
from inbox.sla.models import SlaPolicyVersion, Timer

_AT_ONCE = 2_000


@dataclass(frozen=True)
class WrongWaiting:
    """A conversation whose stored wait, or whose place in the queue, is not the one of its messages."""

    conversation_id: int
    stored: datetime | None
    computed: datetime | None


def list_wrong_waiting(session: Session, limit: int = 100) -> list[WrongWaiting]:
    """Return up to `limit` conversations whose waiting_since or queue_at is not what their messages say."""
    wrong: list[WrongWaiting] = []
    for row in _all(session):
        right = queue_at(row.computed, row.last_message_at)
        if row.waiting_since != row.computed or row.queue_at != right:
            wrong.append(WrongWaiting(row.id, row.waiting_since, row.computed))
        if len(wrong) == limit:
            break
    return wrong


@dataclass(frozen=True)
class WrongTimer:
    """A conversation whose timer, or whose copy of the deadline, is not what its wait says; `what` in plain words."""

    conversation_id: int
    what: str


def list_wrong_timers(session: Session, limit: int = 100) -> list[WrongTimer]:
    """Return up to `limit` conversations whose timer does not follow them; a few statements however many there are."""
    now = clock.now()
    is_open = (Timer.conversation_id == Conversation.id) & Timer.ended_at.is_(None)
    waits = Conversation.waiting_since.is_not(None) & (Conversation.status != Status.SPAM)
    is_live = Conversation.joined_into_id.is_(None)
    pauses = SlaPolicyVersion.is_paused_by_snooze & (Conversation.status == Status.SNOOZED)
    of_timer = select(Conversation.id).join(Timer, is_open)
    with_policy = of_timer.join(SlaPolicyVersion, SlaPolicyVersion.id == Timer.policy_version_id)
    checks = {
        "waits and has no timer": select(Conversation.id).where(
            waits, is_live, ~select(Timer.id).where(is_open).exists()
        ),
        "has a timer and does not wait": of_timer.where(~(waits & is_live)),
        "has a timer that begins elsewhere": of_timer.where(waits, Timer.since_at != Conversation.waiting_since),
        "is due at another time than its timer": of_timer.where(Timer.due_at.is_distinct_from(Conversation.due_at)),
        "has a deadline and no timer": select(Conversation.id)
        .outerjoin(Timer, is_open)
        .where(Conversation.due_at.is_not(None), Timer.id.is_(None)),
        "was due and nobody looks at its timer": of_timer.where(
            Timer.due_at <= now, Timer.told_at.is_(None), Timer.next_at.is_(None)
        ),
        "has a timer that no sweep has looked at for ten minutes": of_timer.where(
            Timer.next_at < now - timedelta(minutes=10)
        ),
        "sleeps, and its timer should not run": with_policy.where(pauses, ~Timer.is_paused),
        "is awake, and its timer is paused": with_policy.where(~pauses, Timer.is_paused),
    }
    found = [
        WrongTimer(id_, what)
        for what, query in checks.items()
        for id_ in session.scalars(query.order_by(Conversation.id).limit(limit))
    ]
    return found[:limit]


def _all(session: Session) -> Iterator[Any]:
    """Give every conversation with its wait computed from the messages, by rising id, some at a time."""
    last_id = 0
    while True:
        part = (
            select(Conversation.id)
            .where(Conversation.id > last_id, Conversation.joined_into_id.is_(None))
            .order_by(Conversation.id)
            .limit(_AT_ONCE)
            .subquery()
        )
        computed = (
            select(func.min(Message.clock_at))
            .where(Message.conversation_id == Conversation.id, Message.awaits)
            .scalar_subquery()
            .label("computed")
        )
        rows = session.execute(
            select(
                Conversation.id,
                Conversation.waiting_since,
                Conversation.queue_at,
                Conversation.last_message_at,
                computed,
            )
            .join(part, part.c.id == Conversation.id)
            .order_by(Conversation.id)
        ).all()
        if not rows:
            return
        yield from rows
        last_id = rows[-1].id
