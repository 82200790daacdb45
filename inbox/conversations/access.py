"""The only way to load what a member named: conversations, threads, messages, notes, by their grants (RULES G)."""

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.conversations.models import Conversation, Message, Note, Thread
from inbox.errors import NotAllowed, NotFound
from inbox.members import access

_Row = TypeVar("_Row", Conversation, Thread, Message, Note)

# Asked by every page of a conversation, so it stands ready (decision 0012).
_ID: ColumnElement[int] = bindparam("conversation_id", type_=BigInteger)
_NAMED = table_of(Conversation).alias("named").c
_MOVED = select(_NAMED.joined_into_id).where(_NAMED.id == _ID)
_SEEN = select(Conversation).where(
    Conversation.id == func.coalesce(_MOVED.scalar_subquery(), _ID),
    access.sees(bindparam("member_id", type_=BigInteger), Conversation.channel_id, Conversation.is_private),
)


def access_conversation(session: Session, member_id: int, conversation_id: int, power: str = "see") -> Conversation:
    """Return a conversation, or the one it was joined into: a page then redirects when the id differs.

    power: see, triage, answer, lead. Raises NotFound when unseen, NotAllowed when seen but not allowed.
    """
    values = {"member_id": member_id, "conversation_id": conversation_id}
    conversation = _one(session, _SEEN, "conversation", values)
    _check(session, member_id, power, conversation.channel_id, conversation.is_private)
    return conversation


def access_thread(session: Session, member_id: int, thread_id: int, power: str = "see") -> Thread:
    """Return a thread, or the one it was joined into; raises as access_conversation."""
    joined_into = session.scalar(select(Thread.joined_into_id).where(Thread.id == thread_id))
    found = select(Thread).where(
        Thread.id == (joined_into or thread_id), access.sees(member_id, Thread.channel_id, Thread.is_private)
    )
    thread = _one(session, found, "thread")
    _check(session, member_id, power, thread.channel_id, thread.is_private)
    return thread


def access_message(session: Session, member_id: int, message_id: int, power: str = "see") -> Message:
    """Return a message; raises as access_conversation. Held back messages are shown to nobody: NotFound."""
    found = (
        select(Message)
        .join(Thread, Thread.id == Message.thread_id)
        .where(Message.id == message_id, Message.is_held_back.is_(False))
        .where(access.sees(member_id, Message.channel_id, Thread.is_private))
    )
    message = _one(session, found, "message")
    _check(session, member_id, power, message.channel_id, message.thread.is_private)
    return message


def access_note(session: Session, member_id: int, note_id: int, power: str = "see") -> Note:
    """Return a note that was not deleted; raises as access_conversation."""
    found = (
        select(Note)
        .join(Conversation, Conversation.id == Note.conversation_id)
        .where(Note.id == note_id, Note.deleted_at.is_(None))
        .where(access.sees(member_id, Conversation.channel_id, Conversation.is_private))
    )
    note = _one(session, found, "note")
    if power != "see":
        access_conversation(session, member_id, note.conversation_id, power)
    return note


def find_moved(session: Session, conversation_id: int) -> int | None:
    """Return the id of the conversation that this one was joined into; None: not joined.

    A join turns older signposts along, so one step is the whole chain.
    """
    return session.scalar(_MOVED, {"conversation_id": conversation_id})


def _one(session: Session, found: Select[_Row], what: str, values: Mapping[str, int] | None = None) -> _Row:
    row = session.scalar(found, values)
    if row is None:
        raise NotFound(what)
    return row


def _check(session: Session, member_id: int, power: str, channel_id: int, is_private: bool) -> None:
    if power != "see" and not access.may(session, member_id, power, channel_id, is_private):
        raise NotAllowed(f"may_not_{power}")
