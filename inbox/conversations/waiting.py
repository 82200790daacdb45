"""What is kept beside the messages: since when somebody waits, and where that stands in the queue (RULES A2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from inbox.conversations import clocking
from inbox.conversations.changes import touch
from inbox.conversations.models import Answer, Conversation, Message
from inbox.conversations.ordering import queue_at


@dataclass(frozen=True)
class Stayed:
    """How many messages keep waiting because they are newer than what the member had seen (RULES B3)."""

    count: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything stayed."""
        return self.count > 0


def refresh(session: Session, conversation: Conversation) -> None:
    """Bring waiting_since, queue_at, last_* and flags in line with the messages; bumps the version.

    The conversation must be locked: two transactions that computed at once would each miss the other's.
    """
    session.flush()
    kept = session.execute(_kept(conversation.id)).one()
    conversation.waiting_since = kept.waiting_since
    conversation.last_inbound_message_id = kept.newest_inbound
    conversation.last_outbound_message_id = kept.newest_answer
    conversation.last_inbound_seq = kept.last_inbound_seq or 0
    conversation.last_seq = kept.last_seq or 0
    conversation.last_message_at = _last_message_at(session, conversation, kept.last_message_at)
    conversation.queue_at = queue_at(conversation.waiting_since, conversation.last_message_at)
    conversation.is_no_answer_needed = conversation.is_no_answer_needed and _is_needless(session, conversation)
    clocking.follow(session, conversation)
    touch(session, conversation)


def find_waiting_since(session: Session, conversation_id: int) -> datetime | None:
    """Compute from the messages since when this person waits (what refresh keeps)."""
    mine = (Message.conversation_id == conversation_id, Message.awaits)
    return session.scalar(select(func.min(Message.clock_at)).where(*mine))


def count_newer(session: Session, conversation_id: int, seen_seq: int) -> Stayed:
    """Count what awaits and is newer than what the member had seen."""
    newer = (Message.conversation_id == conversation_id, Message.awaits, Message.seq > seen_seq)
    return Stayed(session.scalar(select(func.count()).select_from(Message).where(*newer)) or 0)


def _kept(conversation_id: int) -> Select[Any]:
    shown = (Message.conversation_id == conversation_id, Message.seq.is_not(None), Message.is_held_back.is_(False))
    is_inbound = Message.direction == "inbound"
    newest_inbound = (
        select(Message.id).where(*shown, is_inbound).order_by(Message.clock_at.desc(), Message.id.desc()).limit(1)
    )
    newest_answer = (
        select(Message.id)
        .join(Answer, Answer.reply_message_id == Message.id)
        .where(Answer.conversation_id == conversation_id, Message.gone_at.is_(None))
        .order_by(Message.clock_at.desc(), Message.id.desc())
        .limit(1)
    )
    return select(
        func.min(case((Message.awaits, Message.clock_at))).label("waiting_since"),
        func.max(case((is_inbound, Message.seq))).label("last_inbound_seq"),
        func.max(Message.seq).label("last_seq"),
        func.max(Message.clock_at).label("last_message_at"),
        newest_inbound.scalar_subquery().label("newest_inbound"),
        newest_answer.scalar_subquery().label("newest_answer"),
    ).where(*shown)


def _last_message_at(session: Session, conversation: Conversation, own_last_at: datetime | None) -> datetime:
    """Return when somebody said something last; an answer to several people belongs to one of them alone."""
    if conversation.last_outbound_message_id is None:
        return own_last_at or conversation.last_message_at
    answered_at = session.get_one(Message, conversation.last_outbound_message_id).clock_at
    return max(answered_at, own_last_at or answered_at)


def _is_needless(session: Session, conversation: Conversation) -> bool:
    """Tell whether its newest inbound message still is one that needs no answer, with nothing after it."""
    if conversation.waiting_since is not None or conversation.last_inbound_message_id is None:
        return False
    newest = session.get_one(Message, conversation.last_inbound_message_id)
    if newest.settled is not None or newest.gone_at is not None:
        return False
    if conversation.last_outbound_message_id is None:
        return True
    answer = session.get_one(Message, conversation.last_outbound_message_id)
    return answer.clock_at <= newest.clock_at
