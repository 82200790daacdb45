"""Threads, conversations and messages as they stand after ingest, with less typing."""

import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, Post
from inbox.contacts.models import Contact
from inbox.conversations.arrive import arrived
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.natively import answer_natively
from inbox.conversations.threads import find_or_make_conversation, lock_conversation, lock_thread, next_seq
from inbox.media.models import Media
from inbox.settings import Pace
from tests.factories.basics import make_contact

_numbers = itertools.count(1)


def make_post(session: Session, channel: Channel, **given: Any) -> Post:
    """Add a post of ours."""
    values = {"external_id": f"post-{next(_numbers)}", "text": "New in our shop", "created_at": clock.now()} | given
    post = Post(channel_id=channel.id, **values)
    session.add(post)
    session.flush()
    return post


def make_thread(session: Session, channel: Channel, **given: Any) -> Thread:
    """Add an empty thread: public comments unless told otherwise."""
    values = {"external_key": f"thread-{next(_numbers)}", "kind": "comment", "created_at": clock.now()} | given
    thread = Thread(channel_id=channel.id, **values)
    session.add(thread)
    session.flush()
    return thread


def write(
    session: Session,
    thread: Thread,
    contact: Contact,
    text: str = "Where can I buy this in blue?",
    *,
    at: datetime | None = None,
    pictures: int = 0,
    **given: Any,
) -> Message:
    """Add an inbound message without its consequences (see `say`)."""
    thread = lock_thread(session, thread.id)
    at = at or clock.now()
    conversation = find_or_make_conversation(session, thread, contact.id, at=at)
    message = _message(session, thread, text, at, given)
    message.conversation_id, message.contact_id, message.direction = conversation.id, contact.id, "inbound"
    session.add(message)
    session.flush()
    for position in range(pictures):
        add_picture(session, message, position=position)
    return message


def say(
    session: Session, thread: Thread, contact: Contact, text: str = "Where can I buy this in blue?", **given: Any
) -> Message:
    """Let a person say something, with all that follows from it."""
    is_before_import = given.pop("is_before_import", False)
    message = write(session, thread, contact, text, **given)
    arrived(session, message, pace=Pace(), is_before_import=is_before_import)
    return message


def write_ours(
    session: Session, thread: Thread, text: str = "In every shop.", *, at: datetime | None = None, **given: Any
) -> Message:
    """Add a message of ours without its consequences."""
    thread = lock_thread(session, thread.id)
    message = _message(session, thread, text, at or clock.now(), given)
    message.direction = "outbound"
    session.add(message)
    session.flush()
    return message


def answer_there(session: Session, thread: Thread, text: str = "In every shop.", **given: Any) -> Message:
    """Let us answer on the platform itself, with all that follows from it."""
    message = write_ours(session, thread, text, is_native=True, **given)
    answer_natively(session, message)
    return message


def make_conversation(
    session: Session, channel: Channel, contact: Contact | None = None, texts: Sequence[str] = ("Is it open?",)
) -> Conversation:
    """Add a thread in which one person has said some things, a minute apart, the last one now."""
    thread = make_thread(session, channel)
    person = contact or make_contact(session)
    start = clock.now() - timedelta(minutes=len(texts) - 1)
    messages = [say(session, thread, person, text, at=start + timedelta(minutes=i)) for i, text in enumerate(texts)]
    return lock_conversation(session, messages[0].conversation_id or 0)


def conversation_of(session: Session, message: Message) -> Conversation:
    """Return the conversation of a message, as it is in the database."""
    assert message.conversation_id is not None
    return lock_conversation(session, message.conversation_id)


def add_picture(session: Session, message: Message, **given: Any) -> Media:
    """Attach a picture."""
    values = {"url": f"https://cdn.example/{next(_numbers)}.png", "alt": "A blue lamp"} | given
    media = Media(channel_id=message.channel_id, message_id=message.id, **values)
    session.add(media)
    session.flush()
    return media


def _message(session: Session, thread: Thread, text: str, at: datetime, given: dict[str, Any]) -> Message:
    values: dict[str, Any] = {
        "external_id": f"message-{next(_numbers)}",
        "kind": thread.kind,
        "audience": "direct" if thread.is_private else "public",
        "arrived_at": at,
        "received_at": clock.now(),
        "clock_at": at,
    }
    seq = given.pop("seq") if "seq" in given else next_seq(session, thread)
    return Message(thread_id=thread.id, channel_id=thread.channel_id, text=text, seq=seq, **values | given)
