"""Conversations that sleep until a time, and wake."""

from datetime import datetime

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation


def snooze(session: Session, conversation: Conversation, member_id: int, until_at: datetime) -> Activity:
    """Let an open conversation sleep until `until_at` (aware UTC, ahead of now, a year at most).

    Raises Invalid('snooze_past'), Invalid('snooze_too_far') or Conflict('not_open').
    """
    raise NotImplementedError


def wake(session: Session, conversation: Conversation, member_id: int | None) -> Activity:
    """Open a snoozed conversation before its time; raises Conflict('not_snoozed')."""
    raise NotImplementedError


def wake_due(session: Session, limit: int = 100) -> int:
    """Open up to `limit` conversations whose time has come; returns how many. For a sweep; commit after it."""
    raise NotImplementedError
