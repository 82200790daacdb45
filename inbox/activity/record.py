"""Writes down that something happened."""

from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity


def record(
    session: Session,
    kind: str,
    *,
    member_id: int | None = None,
    channel_id: int | None = None,
    conversation_id: int | None = None,
    message_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Activity:
    """Add one row of activity in the caller's transaction and return it, with its id.

    `before` and `after` hold plain JSON (times as ISO strings), enough to undo and to word it.
    """
    row = Activity(
        at=clock.now(),
        kind=kind,
        member_id=member_id,
        channel_id=channel_id,
        conversation_id=conversation_id,
        message_id=message_id,
        before=before,
        after=after,
    )
    session.add(row)
    session.flush()
    return row
