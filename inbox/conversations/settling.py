"""The marks on messages that stop or start waiting; verbs put them together (settle.py, natively.py, finish.py)."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.awaits import Reason
from inbox.conversations.changes import encode
from inbox.conversations.judging import judge_message
from inbox.conversations.models import Answer, Conversation, Message, Settled
from inbox.conversations.threads import lock_conversation
from inbox.conversations.waiting import refresh
from inbox.errors import Invalid

# Why a member may excuse what waits.
WHYS = frozenset({"answered_elsewhere", "no_answer_needed", "spam", "liked", "sibling"})

SETTLING = (
    "awaits",
    "awaits_reason",
    "settled",
    "settled_at",
    "answered_by_message_id",
    "excused_by_id",
    "excused_why",
)


def settle_by(session: Session, reply: Message, conversation: Conversation, which: ColumnElement[bool]) -> list[int]:
    """Mark what awaits and is meant by `which` as answered by `reply`; returns the ids. The caller refreshes."""
    settled = list_awaiting(session, conversation, which)
    for message in settled:
        message.awaits = False
        message.settled = Settled.ANSWERED.value
        message.settled_at = clock.now()
        message.answered_by_message_id = reply.id
    return [message.id for message in settled]


def keep_answer(session: Session, reply: Message, conversation: Conversation, up_to_seq: int) -> None:
    """Write down, once, that the reply answered this conversation; a later call may raise `up_to_seq`."""
    session.flush()
    same = (Answer.reply_message_id == reply.id, Answer.conversation_id == conversation.id)
    known = session.scalar(select(Answer).where(*same))
    if known is not None:
        known.up_to_seq = max(known.up_to_seq, up_to_seq)
        return
    session.add(
        Answer(
            reply_message_id=reply.id,
            conversation_id=conversation.id,
            up_to_seq=up_to_seq,
            created_at=clock.now(),
        )
    )
    session.flush()


def judge_later_ones(session: Session, reply: Message, conversation: Conversation) -> None:
    """Judge what waits and is newer than an answer again: thanks may have come in before the answer was known."""
    for message in list_awaiting(session, conversation, Message.clock_at >= reply.clock_at):
        if not judge_message(session, message).awaits:
            conversation.is_no_answer_needed = True


def await_again(message: Message, reason: Reason | None = None) -> None:
    """Let a message wait, whatever had settled it; the caller refreshes."""
    message.awaits = True
    message.settled = message.settled_at = message.answered_by_message_id = None
    message.excused_by_id = message.excused_why = None
    if reason is not None:
        message.awaits_reason = reason.value


def bring_back(messages: Iterable[Message]) -> None:
    """Let messages wait again that one verb had excused, with the reason they had waited for."""
    for message in messages:
        await_again(message)


def excuse(message: Message, member_id: int | None, why: str) -> None:
    """Mark a message as excused; `why` is one of `WHYS`, else Invalid('why_unknown'). The caller refreshes."""
    if why not in WHYS:
        raise Invalid("why_unknown", why=why)
    message.awaits = False
    message.settled = Settled.EXCUSED.value
    message.settled_at = clock.now()
    message.excused_by_id = member_id
    message.excused_why = why


def settling_of(message: Message) -> dict[str, Any]:
    """Return whether and why a message waits or not, as plain JSON, for an activity and its undoing."""
    return {name: encode(getattr(message, name)) for name in SETTLING}


def hold(session: Session, message: Message) -> Conversation | None:
    """Lock a message's conversation, if it has one, and read the message as it is then.

    A member may have settled it since it was loaded; what is written over an older state would undo that.
    """
    session.flush()
    conversation = None if message.conversation_id is None else lock_conversation(session, message.conversation_id)
    session.refresh(message)
    return conversation


def refresh_of(session: Session, message: Message) -> None:
    """Refresh the conversation of a message, if it has one."""
    session.flush()
    if message.conversation_id is not None:
        refresh(session, lock_conversation(session, message.conversation_id))


def list_awaiting(session: Session, conversation: Conversation, which: ColumnElement[bool]) -> Sequence[Message]:
    """Return what awaits in a conversation and is meant by `which`, by seq, as the rows are now."""
    mine = (Message.conversation_id == conversation.id, Message.awaits, which)
    found = select(Message).where(*mine).order_by(Message.seq)
    return session.scalars(found.execution_options(populate_existing=True)).all()


def withdraw(session: Session, message: Message) -> bool:
    """Stop a message from awaiting because its author deleted it; tells whether it had awaited. Refreshes."""
    if not message.awaits:
        return False
    message.awaits = False
    message.settled = Settled.WITHDRAWN.value
    message.settled_at = clock.now()
    refresh_of(session, message)
    return True


def excuse_messages(
    session: Session, conversation: Conversation, up_to_seq: int, member_id: int | None, why: str
) -> list[int]:
    """Excuse what awaits with `seq <= up_to_seq`; `why` is one of `WHYS`, else Invalid('why_unknown').

    Returns the ids of the messages. The caller refreshes.
    """
    excused = list_awaiting(session, conversation, Message.seq <= up_to_seq)
    for message in excused:
        excuse(message, member_id, why)
    return [message.id for message in excused]
