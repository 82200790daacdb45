"""What a new inbound message brings about: judged, settled by later answers, reopening (RULES A3, A7, B2)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.conversations.awaits import Reason, Verdict
from inbox.conversations.changes import change
from inbox.conversations.judging import gather_facts, judge_message
from inbox.conversations.models import Conversation, Message, Status
from inbox.conversations.natively import answer_natively, list_orphaned_natives, settle_if_answered
from inbox.conversations.settling import hold
from inbox.conversations.threads import lock_conversation, lock_thread
from inbox.conversations.waiting import refresh
from inbox.members import access
from inbox.members.models import Grant, Member, Membership
from inbox.settings import Pace

__all__ = ["arrived", "gather_facts", "judge_again"]

# Verdicts that leave a conversation to its own view; the others don't concern us or are history.
NEEDLESS = frozenset({Reason.STICKER, Reason.EMOJI_ONLY, Reason.ONLY_HANDLES, Reason.THANKS, Reason.REPLY_TO_OTHER})

# What a message that awaits opens again.
CLOSED = frozenset({Status.DONE, Status.SNOOZED})


def arrived(session: Session, message: Message, *, pace: Pace, is_before_import: bool = False) -> Verdict:
    """Take in an inbound message that was just inserted, with its seq, conversation_id and media rows flushed.

    Judges it, lets native answers that are newer by the clock settle it, asks native answers that wanted
    it as their parent again, opens its conversation and hands it on (A7), refreshes, and records
    MESSAGE_RECEIVED. `is_before_import`: history older than the span (C6): does not await.
    """
    session.flush()
    lock_thread(session, message.thread_id)
    conversation = _conversation_of(session, message)
    verdict = judge_message(session, message, is_before_import=is_before_import)
    # Those that wanted it as their parent come first: they answer this person's other messages as well.
    for reply in list_orphaned_natives(session, message):
        answer_natively(session, reply, message)
    settle_if_answered(session, message)
    _flag(conversation, message, verdict)
    if message.awaits:  # before its clock begins, which is then that of whoever holds it
        open_again(session, conversation, message, pace=pace)
    refresh(session, conversation)
    for child in _list_children(session, message):
        judge_again(session, child)
    if message.awaits or not message.is_history:
        _record(session, message, verdict)
    return verdict


def judge_again(session: Session, message: Message) -> Verdict:
    """Judge an inbound message anew because its parent or an answer became known; refreshes.

    What a member decided or what was settled stays.
    """
    conversation = hold(session, message)
    if conversation is None:
        raise ValueError("an inbound message belongs to its author's conversation")
    awaited = message.awaits
    verdict = judge_message(session, message)
    settle_if_answered(session, message)
    if message.awaits != awaited:
        _flag(conversation, message, verdict)
        refresh(session, conversation)
    return verdict


def open_again(session: Session, conversation: Conversation, message: Message, *, pace: Pace) -> None:
    """Open a done or snoozed conversation because somebody waits in it again, and hand it on (A7); spam stays."""
    if conversation.status in CLOSED:
        values = opened(session, conversation, pace=pace)
        change(session, conversation, kinds.REOPENED, None, values, message_id=message.id)


class Held(Protocol):
    """A conversation as far as handing it on needs it."""

    @property
    def channel_id(self) -> int: ...
    @property
    def is_private(self) -> bool: ...
    @property
    def assignee_id(self) -> int | None: ...
    @property
    def team_id(self) -> int | None: ...


def opened(session: Session, held: Held, *, pace: Pace) -> dict[str, Any]:
    """Return what opening a done or snoozed conversation sets: it stays with an assignee who is there (A7)."""
    values: dict[str, Any] = {"status": Status.OPEN.value, "snoozed_until_at": None}
    return values if _is_assignee_there(session, held, pace) else values | _handed_to_team(session, held)


def _conversation_of(session: Session, message: Message) -> Conversation:
    if message.conversation_id is None:
        raise ValueError("an inbound message belongs to its author's conversation")
    return lock_conversation(session, message.conversation_id)


def _flag(conversation: Conversation, message: Message, verdict: Verdict) -> None:
    """Put the conversation into "No answer needed" when this message, as refresh then checks, is its newest."""
    if not message.awaits and verdict.reason in NEEDLESS and conversation.status != Status.SPAM:
        conversation.is_no_answer_needed = True


def _list_children(session: Session, message: Message) -> Sequence[Message]:
    found = select(Message).where(
        Message.channel_id == message.channel_id,
        Message.parent_external_id == message.external_id,
        Message.direction == "inbound",
    )
    return session.scalars(found.order_by(Message.conversation_id, Message.id)).all()


def _is_assignee_there(session: Session, held: Held, pace: Pace) -> bool:
    """Tell whether the assignee was active of late and still may see it; nobody assigned: nobody to hand on from."""
    if held.assignee_id is None:
        return True
    assignee = session.get_one(Member, held.assignee_id)
    since = clock.now() - timedelta(seconds=pace.active_seconds)
    if assignee.deactivated_at is not None or assignee.last_active_at is None or assignee.last_active_at < since:
        return False
    return access.may(session, assignee.id, "see", held.channel_id, held.is_private)


def _handed_to_team(session: Session, held: Held) -> dict[str, Any]:
    team_id = held.team_id or _find_team(session, held)
    return {"assignee_id": None, "last_assignee_id": held.assignee_id, "team_id": team_id}


def _find_team(session: Session, held: Held) -> int | None:
    """Return the first team by which the assignee sees this channel."""
    found = (
        select(Membership.team_id)
        .join(Grant, Grant.team_id == Membership.team_id)
        .where(Membership.member_id == held.assignee_id)
        .where(Grant.channel_id == held.channel_id, Grant.can_see)
        .order_by(Membership.team_id)
    )
    return session.scalar(found.limit(1))


def _record(session: Session, message: Message, verdict: Verdict) -> None:
    record(
        session,
        kinds.MESSAGE_RECEIVED,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        after={"awaits": message.awaits, "reason": verdict.reason.value},
    )
