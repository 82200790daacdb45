"""Recomputes what is kept beside the messages and names what differs (RULES A2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation, Message
from inbox.conversations.ordering import queue_at

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
