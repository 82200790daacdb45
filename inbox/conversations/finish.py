"""Done, excused, spam: always only as far as the member had seen (RULES B3)."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, Message, Settled, Status
from inbox.conversations.reading import drop_marks
from inbox.conversations.settle import Result
from inbox.conversations.settling import bring_back, excuse_messages
from inbox.conversations.threads import lock_conversation
from inbox.conversations.waiting import count_newer, refresh
from inbox.errors import Conflict, Invalid

# What finishing says of somebody who still waits.
WHYS = ("answered_elsewhere", "no_answer_needed")


def finish(
    session: Session, conversation: Conversation, member_id: int | None, *, seen_seq: int, why: str | None = None
) -> Result:
    """Mark a conversation done; what awaits up to `seen_seq` is excused for the reason `why`.

    Raises Invalid('why_needed', count=…) when something awaits and no reason was given, and
    Invalid('why_unknown'). With newer messages waiting the conversation stays open: see `stayed`.
    """
    conversation = lock_conversation(session, conversation.id)
    waiting = _count_waiting(session, conversation, seen_seq)
    if why is None and waiting:
        raise Invalid("why_needed", count=waiting)
    if why is not None and why not in WHYS:
        raise Invalid("why_unknown", why=why)
    return _close(session, conversation, member_id, seen_seq, why or WHYS[1], Status.DONE)


def finish_sent(session: Session, conversation: Conversation, member_id: int | None, *, seen_seq: int) -> Result:
    """Finish with the reply that was just settled as sent ("send and done"); excuses nothing, clears is_leaving.

    Whatever still awaits keeps the conversation open; `seen_seq` is what the writer had seen.
    """
    conversation = lock_conversation(session, conversation.id)
    conversation.is_leaving = False
    refresh(session, conversation)
    stayed = count_newer(session, conversation.id, 0)
    values: dict[str, Any] = {} if stayed else _closed(conversation, Status.DONE)
    after = {"stayed": stayed.count, "seen_seq": seen_seq, "excused": [], "is_sent": True}
    activity = change(session, conversation, kinds.FINISHED, member_id, values, after=after)
    return _drop_marks_if_done(session, conversation, Result(activity, stayed))


def excuse(
    session: Session,
    conversation: Conversation,
    member_id: int,
    *,
    seen_seq: int,
    why: str = "no_answer_needed",
    is_finishing: bool = True,
) -> Result:
    """Excuse what awaits up to `seen_seq` and, unless told otherwise, finish; why: also liked, sibling."""
    conversation = lock_conversation(session, conversation.id)
    status = Status.DONE if is_finishing else Status(conversation.status)
    return _close(session, conversation, member_id, seen_seq, why, status)


def mark_spam(session: Session, conversation: Conversation, member_id: int, *, seen_seq: int) -> Result:
    """Mark a conversation as spam; what is newer than `seen_seq` keeps waiting and it stays open."""
    conversation = lock_conversation(session, conversation.id)
    return _close(session, conversation, member_id, seen_seq, "spam", Status.SPAM)


def mark_not_spam(session: Session, conversation: Conversation, member_id: int) -> Activity:
    """Open a conversation that was spam; what was excused as spam awaits again. Raises Conflict('not_spam')."""
    conversation = lock_conversation(session, conversation.id)
    if conversation.status != Status.SPAM:
        raise Conflict("not_spam", status=conversation.status)
    spam = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.settled == Settled.EXCUSED,
        Message.excused_why == "spam",
        Message.gone_at.is_(None),
    )
    back = session.scalars(spam.execution_options(populate_existing=True)).all()
    bring_back(back)
    refresh(session, conversation)
    after = {"brought_back": [message.id for message in back]}
    return change(session, conversation, kinds.REOPENED, member_id, {"status": Status.OPEN.value}, after=after)


def reopen(session: Session, conversation: Conversation, member_id: int) -> Activity:
    """Open a done conversation by hand; raises Conflict('not_done')."""
    conversation = lock_conversation(session, conversation.id)
    if conversation.status != Status.DONE:
        raise Conflict("not_done", status=conversation.status)
    return change(session, conversation, kinds.REOPENED, member_id, {"status": Status.OPEN.value})


def _close(
    session: Session, conversation: Conversation, member_id: int | None, seen_seq: int, why: str, status: Status
) -> Result:
    """Excuse what was seen, and give the conversation its new status unless somebody said more meanwhile."""
    excused = excuse_messages(session, conversation, seen_seq, member_id, why)
    before = {"is_no_answer_needed": conversation.is_no_answer_needed}
    refresh(session, conversation)
    stayed = count_newer(session, conversation.id, seen_seq)
    values: dict[str, Any] = {} if stayed else _closed(conversation, status)
    after = {"excused": excused, "why": why if excused else None, "stayed": stayed.count, "seen_seq": seen_seq}
    kind = {Status.DONE: kinds.FINISHED, Status.SPAM: kinds.MARKED_SPAM}.get(status, kinds.MESSAGE_EXCUSED)
    activity = change(session, conversation, kind, member_id, values, after=after)
    activity.before = (activity.before or {}) | before
    return _drop_marks_if_done(session, conversation, Result(activity, stayed))


def _closed(conversation: Conversation, status: Status) -> dict[str, Any]:
    values: dict[str, Any] = {"status": status.value, "is_no_answer_needed": False, "has_edit_after_answer": False}
    if conversation.status == Status.SNOOZED and status is not Status.SNOOZED:
        values["snoozed_until_at"] = None
    return values


def _drop_marks_if_done(session: Session, conversation: Conversation, result: Result) -> Result:
    if conversation.status == Status.DONE:
        drop_marks(session, conversation.id)
    return result


def _count_waiting(session: Session, conversation: Conversation, seen_seq: int) -> int:
    seen = (Message.conversation_id == conversation.id, Message.awaits, Message.seq <= seen_seq)
    return session.scalar(select(func.count()).select_from(Message).where(*seen)) or 0
