"""One way to change what members set on a conversation: before and after are written down, so that it can be undone."""

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.activity.record import record
from inbox.conversations import clocking
from inbox.conversations.models import Conversation, ConversationLabel, Status
from inbox.members import access

# What an activity's before and after may hold of the conversation, and what undo puts back.
FIELDS = (
    "status",
    "assignee_id",
    "last_assignee_id",
    "team_id",
    "priority",
    "snoozed_until_at",
    "is_no_answer_needed",
    "is_leaving",
    "has_edit_after_answer",
)


def change(
    session: Session,
    conversation: Conversation,
    kind: str,
    member_id: int | None,
    values: dict[str, Any],
    *,
    message_id: int | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Activity:
    """Set `values` on a locked conversation and record them, with what else `before` and `after` say.

    One that is opened leaves an assignee who lost sight of it while it was closed.
    """
    values = values | _without_the_blind(session, conversation, values)
    old = {name: encode(getattr(conversation, name)) for name in values}
    for name, value in values.items():
        setattr(conversation, name, value)
    clocking.follow(session, conversation)
    touch(session, conversation)
    new = {name: encode(value) for name, value in values.items()}
    return record(
        session,
        kind,
        member_id=member_id,
        channel_id=conversation.channel_id,
        conversation_id=conversation.id,
        message_id=message_id,
        before=old | (before or {}),
        after=new | (after or {}),
    )


def _without_the_blind(session: Session, conversation: Conversation, values: dict[str, Any]) -> dict[str, Any]:
    is_opening = values.get("status") == Status.OPEN and conversation.status != Status.OPEN
    assignee_id = values.get("assignee_id", conversation.assignee_id)
    if not is_opening or assignee_id is None:
        return {}
    access.rely_on(session, assignee_id)
    if access.may(session, assignee_id, "see", conversation.channel_id, conversation.is_private):
        return {}
    return {"assignee_id": None, "last_assignee_id": assignee_id}


def touch(session: Session, conversation: Conversation) -> None:
    """Count up the version that rows are rendered by, and keep the labels' copies in step."""
    conversation.version += 1
    session.flush()
    session.execute(
        update(ConversationLabel)
        .where(ConversationLabel.conversation_id == conversation.id)
        .values(status=conversation.status, queue_at=conversation.queue_at)
        .execution_options(synchronize_session=False)
    )


def encode(value: Any) -> Any:
    """Return a field's value as plain JSON."""
    return value.isoformat() if isinstance(value, datetime) else value


def decode(name: str, value: Any) -> Any:
    """Return a recorded value as the field holds it."""
    return datetime.fromisoformat(value) if name.endswith("_at") and value is not None else value
