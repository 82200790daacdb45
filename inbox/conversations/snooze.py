"""Conversations that sleep until a time, and wake."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, Status
from inbox.conversations.threads import lock_conversation
from inbox.errors import Conflict, Invalid

LONGEST = timedelta(days=366)


def snooze(session: Session, conversation: Conversation, member_id: int, until_at: datetime) -> Activity:
    """Let an open conversation sleep until `until_at` (aware UTC, ahead of now, a year at most).

    Raises Invalid('snooze_past'), Invalid('snooze_too_far') or Conflict('not_open').
    """
    conversation = lock_conversation(session, conversation.id)
    now = clock.now()
    if until_at <= now:
        raise Invalid("snooze_past")
    if until_at > now + LONGEST:
        raise Invalid("snooze_too_far")
    if conversation.status not in (Status.OPEN, Status.SNOOZED):
        raise Conflict("not_open", status=conversation.status)
    values = {"status": Status.SNOOZED.value, "snoozed_until_at": until_at}
    return change(session, conversation, kinds.SNOOZED, member_id, values)


def wake(session: Session, conversation: Conversation, member_id: int | None) -> Activity:
    """Open a snoozed conversation before its time; raises Conflict('not_snoozed')."""
    conversation = lock_conversation(session, conversation.id)
    if conversation.status != Status.SNOOZED:
        raise Conflict("not_snoozed", status=conversation.status)
    return _wake(session, conversation, member_id)


def wake_due(session: Session, limit: int = 100) -> int:
    """Open up to `limit` conversations whose time has come; returns how many. For a sweep; commit after it."""
    due = (
        select(Conversation)
        .where(Conversation.snoozed_until_at <= clock.now(), Conversation.status == Status.SNOOZED)
        .order_by(Conversation.snoozed_until_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True, of=Conversation)
    )
    rows = session.scalars(due.execution_options(populate_existing=True)).all()
    for conversation in rows:
        _wake(session, conversation, None)
    return len(rows)


def _wake(session: Session, conversation: Conversation, member_id: int | None) -> Activity:
    values = {"status": Status.OPEN.value, "snoozed_until_at": None}
    return change(session, conversation, kinds.WOKEN, member_id, values)
