"""Timers with known ends, without the messages that brought them about."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation
from inbox.sla.models import Timer
from tests.factories.basics import make_contact
from tests.factories.conversations import make_thread

DAY = timedelta(days=1)


def make_bare_conversation(session: Session, channel: Channel, contact: Contact | None = None, **given: Any) -> Any:
    """Add a conversation in which nothing was said yet."""
    is_private = bool(given.pop("is_private", False))
    thread = make_thread(session, channel, is_private=is_private, kind="direct" if is_private else "comment")
    conversation = Conversation(
        thread_id=thread.id,
        contact_id=(contact or make_contact(session)).id,
        channel_id=channel.id,
        is_private=is_private,
        kind=thread.kind,
        queue_at=thread.created_at,
        last_message_at=thread.created_at,
        created_at=thread.created_at,
        **given,
    )
    session.add(conversation)
    session.flush()
    return conversation


def make_timer(session: Session, conversation: Conversation, due_at: datetime | None, **given: Any) -> Timer:
    """Add a timer of a day; `took_seconds`: how long the answer took, by which it is met."""
    since_at = given.pop("since_at", None) or (due_at - DAY if due_at else conversation.created_at)
    took = given.pop("took_seconds", None)
    if took is not None:
        given |= {"outcome": "met", "ended_at": since_at + timedelta(seconds=took), "response_seconds": float(took)}
    if given.get("ended_at"):
        given |= {"closed_at": given["ended_at"]}
    values: dict[str, Any] = {"pauses": [], "label_ids": [], "started_at": since_at, "opened_at": since_at}
    facts = {"channel_id": conversation.channel_id, "is_private": conversation.is_private, "kind": conversation.kind}
    timer = Timer(conversation_id=conversation.id, since_at=since_at, due_at=due_at, **values | facts | given)
    session.add(timer)
    session.flush()
    return timer
