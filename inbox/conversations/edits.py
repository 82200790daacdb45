"""Edits of messages: earlier wordings are kept, and some edits wait again (RULES A6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.bulk import table_of
from inbox.conversations.arrive import judge_again, open_again
from inbox.conversations.awaits import Reason, count_question_marks
from inbox.conversations.gone import look_said_present
from inbox.conversations.models import Message, MessageVersion, Settled
from inbox.conversations.settling import await_again, hold
from inbox.conversations.threads import lock_conversation
from inbox.conversations.waiting import refresh
from inbox.settings import Pace

# An edit of an answered message that grows by so many characters has something new to say.
_GAINED_CHARACTERS = 20
# Asked by every page of a conversation, so it stands ready (decision 0012).
_VERSION, _MESSAGE = table_of(MessageVersion), table_of(Message)
NEWEST_WORDING = (
    select(func.max(_VERSION.c.id))
    .join(_MESSAGE, _MESSAGE.c.id == _VERSION.c.message_id)
    .where(_MESSAGE.c.thread_id == bindparam("thread_id", type_=BigInteger))
)


@dataclass(frozen=True)
class Wording:
    """How a message reads now; `marks` as stored (JSON), `version` the platform's."""

    text: str
    marks: Sequence[dict[str, Any]] = ()
    mentions: Sequence[str] = ()
    version: str | None = None
    edited_at: datetime | None = None


def edited(session: Session, message: Message, new: Wording, *, pace: Pace) -> bool:
    """Take over a new wording; tells whether the text changed. The same text twice changes nothing.

    A message that counted as gone is back by this. The caller replaces media rows and the raw payload itself.
    """
    hold(session, message)
    was_erased = message.erased_at is not None
    look_said_present(session, message, is_text_known=True)
    old_text = message.text
    if new.text == old_text:
        _take_over(message, new)
        session.flush()
        return False
    if not was_erased:
        _keep_version(session, message)
    _take_over(message, new)
    session.flush()
    if message.direction == "inbound" and not was_erased:
        _consequences(session, message, old_text, pace)
    _record(session, message)
    return True


def look_back(session: Session, message_ids: Sequence[int], since: datetime, *, pace: Pace) -> None:
    """Treat what was edited after an answer to it was written, and before that was sent, as edited after the answer.

    `message_ids`: what the answer has just settled; `since`: when its writer pressed Send. Else a new question
    would count as answered for having come a moment too early.
    """
    for message_id in message_ids:
        message = session.get_one(Message, message_id)
        seen = _find_wording_at(session, message, since)
        if seen is not None and seen != message.text:
            _consequences(session, message, seen, pace)


def newest_wording(session: Session, thread_id: int) -> int:
    """Return the number of the newest edit in a thread, 0 without any: what stands on a screen that is read now.

    Edits of one thread come one after the other (a channel's pages are written one at a time), so numbers only rise.
    """
    return session.scalar(NEWEST_WORDING, {"thread_id": thread_id}) or 0


def says_more_since(session: Session, conversation_id: int, up_to_seq: int, wording: int) -> bool:
    """Tell whether a message that awaits an answer, up to that seq, asks or says more than on a screen that old."""
    later = select(MessageVersion.message_id).where(MessageVersion.id > wording)
    waiting = select(Message).where(
        Message.conversation_id == conversation_id, Message.awaits, Message.seq <= up_to_seq, Message.id.in_(later)
    )
    for message in session.scalars(waiting):
        after = select(MessageVersion.text).where(MessageVersion.message_id == message.id, MessageVersion.id > wording)
        seen = session.scalar(after.order_by(MessageVersion.number).limit(1))
        if seen is not None and _says_more(seen, message.text):
            return True
    return False


def _find_wording_at(session: Session, message: Message, at: datetime) -> str | None:
    """Return how a message read then; None: as it does now."""
    later = select(MessageVersion.text).where(MessageVersion.message_id == message.id, MessageVersion.seen_at > at)
    return session.scalar(later.order_by(MessageVersion.number).limit(1))


def _take_over(message: Message, new: Wording) -> None:
    message.text = new.text
    message.marks = [dict(mark) for mark in new.marks]
    message.mentions = list(new.mentions)
    message.platform_version = new.version
    message.edited_at = new.edited_at or message.edited_at


def _keep_version(session: Session, message: Message) -> None:
    last = session.scalar(select(func.max(MessageVersion.number)).where(MessageVersion.message_id == message.id))
    session.add(
        MessageVersion(
            message_id=message.id,
            number=(last or 0) + 1,
            text=message.text,
            platform_version=message.platform_version,
            seen_at=clock.now(),
        )
    )


def _consequences(session: Session, message: Message, old_text: str, pace: Pace) -> None:
    """Awaiting: same clock. Settled: waits again only if it asks or says more. Never awaited: judged anew."""
    if message.conversation_id is None:
        return
    if not message.awaits and message.settled is None:
        judge_again(session, message)
    conversation = lock_conversation(session, message.conversation_id)
    if message.settled == Settled.ANSWERED:
        message.is_edited_after_answer = True
        conversation.has_edit_after_answer = True
    if message.settled in (Settled.ANSWERED, Settled.EXCUSED) and _says_more(old_text, message.text):
        await_again(message, Reason.EDITED_AFTER_ANSWER)
    refresh(session, conversation)
    if message.awaits:
        open_again(session, conversation, message, pace=pace)


def _says_more(old: str, new: str) -> bool:
    return count_question_marks(new) > count_question_marks(old) or len(new) - len(old) >= _GAINED_CHARACTERS


def _record(session: Session, message: Message) -> None:
    record(
        session,
        kinds.MESSAGE_EDITED,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        after={"awaits": message.awaits, "is_after_answer": message.is_edited_after_answer},
    )
