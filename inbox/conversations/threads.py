"""Threads and conversations: found or made, and locked while their messages get their order (RULES A1).

Locks are taken thread first, then conversation, several of a kind by rising id. They are FOR NO KEY UPDATE
(`key_share`): PostgreSQL checks foreign keys under KEY SHARE, again at each second change of a row, and a
full lock on the thread would deadlock with whoever changes one of its conversations.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Conversation, Thread
from inbox.conversations.ordering import queue_at


def lock_thread(session: Session, thread_id: int) -> Thread:
    """Return the thread as it is now, held until the transaction ends; follows joins."""
    thread = _locked_thread(session, thread_id)
    while thread.joined_into_id is not None:
        thread = _locked_thread(session, thread.joined_into_id)
    return thread


def _locked_thread(session: Session, thread_id: int) -> Thread:
    # SQLite ignores FOR UPDATE: there the whole transaction is the lock (BEGIN IMMEDIATE).
    found = select(Thread).where(Thread.id == thread_id).with_for_update(key_share=True, of=Thread)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def lock_conversation(session: Session, conversation_id: int) -> Conversation:
    """Return the conversation as it is now, held until the transaction ends; follows joins."""
    conversation = _locked_conversation(session, conversation_id)
    while conversation.joined_into_id is not None:
        conversation = _locked_conversation(session, conversation.joined_into_id)
    return conversation


def _locked_conversation(session: Session, conversation_id: int) -> Conversation:
    session.flush()
    found = (
        select(Conversation).where(Conversation.id == conversation_id).with_for_update(key_share=True, of=Conversation)
    )
    return session.scalars(found.execution_options(populate_existing=True)).one()


def find_thread(session: Session, channel_id: int, external_key: str) -> Thread | None:
    """Return the locked thread of this key, or the one it was joined into."""
    found = select(Thread.id).where(Thread.channel_id == channel_id, Thread.external_key == external_key)
    thread_id = session.scalar(found)
    return None if thread_id is None else lock_thread(session, thread_id)


def find_or_make_thread(
    session: Session,
    *,
    channel_id: int,
    external_key: str,
    kind: str,
    is_private: bool,
    post_id: int | None = None,
    wanted_parent: str | None = None,
) -> Thread:
    """Return the locked thread of this key, made if there is none; two workers who make it at once get the same."""
    found = find_thread(session, channel_id, external_key)
    if found is not None:
        return found
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    made = insert(Thread).values(
        channel_id=channel_id,
        external_key=external_key,
        kind=kind,
        is_private=is_private,
        post_id=post_id,
        wanted_parent=wanted_parent,
        created_at=clock.now(),
    )
    session.execute(made.on_conflict_do_nothing(index_elements=["channel_id", "external_key"]))
    thread = find_thread(session, channel_id, external_key)
    if thread is None:
        raise RuntimeError("the thread that was just made is gone")
    return thread


def next_seq(session: Session, thread: Thread) -> int:
    """Give the next place in the thread, which the caller holds locked; flushed."""
    thread.last_seq += 1
    session.flush()
    return thread.last_seq


def find_or_make_conversation(session: Session, thread: Thread, contact_id: int, *, at: datetime) -> Conversation:
    """Return this person's conversation in a locked thread, made if there is none; locked too.

    `at`: the clock of the message that brings it about (orders the queue until `settle.refresh`).
    """
    found = select(Conversation.id).where(Conversation.thread_id == thread.id, Conversation.contact_id == contact_id)
    conversation_id = session.scalar(found)
    if conversation_id is not None:
        return lock_conversation(session, conversation_id)
    made = Conversation(
        thread_id=thread.id,
        contact_id=contact_id,
        channel_id=thread.channel_id,
        is_private=thread.is_private,
        kind=thread.kind,
        queue_at=queue_at(None, at),
        last_message_at=at,
        created_at=clock.now(),
    )
    session.add(made)
    session.flush()
    return made
