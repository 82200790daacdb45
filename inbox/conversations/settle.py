"""When a message stops awaiting, why, and what that makes of its conversation (RULES A2, B1 to B3)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.activity.record import record
from inbox.conversations.awaits import Reason
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, Message, Status
from inbox.conversations.natively import answer_natively, say_whom
from inbox.conversations.settling import (
    await_again,
    excuse,
    excuse_messages,
    judge_later_ones,
    keep_answer,
    settle_by,
    settling_of,
    withdraw,
)
from inbox.conversations.threads import lock_conversation
from inbox.conversations.waiting import Stayed, count_newer, find_waiting_since, refresh
from inbox.errors import Conflict, Invalid

# What other subjects read from here, though it is written in smaller rooms.
__all__ = [
    "Result",
    "Stayed",
    "answer",
    "answer_natively",
    "count_newer",
    "excuse_message",
    "excuse_messages",
    "find_waiting_since",
    "make_wait",
    "refresh",
    "say_whom",
    "withdraw",
]


@dataclass(frozen=True)
class Result:
    """What a verb that carries `seen_seq` did; `activity.id` is the undo handle."""

    activity: Activity
    stayed: Stayed


def answer(
    session: Session, reply: Message, conversation: Conversation, up_to_seq: int, *, after_seq: int = 0
) -> list[int]:
    """Let a sent reply of ours settle what awaits in the conversation with `after_seq < seq <= up_to_seq` (B1).

    Writes the Answer row (once), refreshes; returns the ids of the messages it settled. Call it once per
    conversation: the reply's own, then each that the writer ticked, by rising conversation id. `after_seq`:
    where a joined thread's messages begin, of which the writer had seen no earlier ones.
    """
    conversation = lock_conversation(session, conversation.id)
    settled = settle_by(session, reply, conversation, Message.seq.between(after_seq + 1, up_to_seq))
    keep_answer(session, reply, conversation, up_to_seq)
    conversation.has_edit_after_answer = False
    judge_later_ones(session, reply, conversation)
    refresh(session, conversation)
    return settled


def excuse_message(session: Session, message: Message, member_id: int, why: str = "no_answer_needed") -> Activity:
    """Let one message no longer wait, and leave its conversation where it stands.

    Raises Conflict('does_not_wait') and Invalid('why_unknown').
    """
    conversation = _conversation_of(session, message)
    if not message.awaits:
        raise Conflict("does_not_wait")
    before = settling_of(message)
    excuse(message, member_id, why)
    refresh(session, conversation)
    return _record_settling(session, kinds.MESSAGE_EXCUSED, message, member_id, before)


def make_wait(session: Session, message: Message, member_id: int) -> Activity:
    """Let one inbound message wait, by hand: also one that was settled or never awaited. Opens its conversation.

    Raises Invalid('not_inbound') and Conflict('already_waits') or Conflict('message_gone').
    """
    conversation = _conversation_of(session, message)
    if message.awaits:
        raise Conflict("already_waits")
    if message.gone_at is not None:
        raise Conflict("message_gone")
    before = {"message": settling_of(message)}
    await_again(message, Reason.BY_HAND)
    refresh(session, conversation)
    opened: dict[str, Any] = {"is_no_answer_needed": False}
    if conversation.status in (Status.DONE, Status.SNOOZED):
        opened |= {"status": Status.OPEN.value, "snoozed_until_at": None}
    after = {"message": settling_of(message)}
    return change(
        session,
        conversation,
        kinds.MESSAGE_AWAITS,
        member_id,
        opened,
        message_id=message.id,
        before=before,
        after=after,
    )


def _record_settling(
    session: Session, kind: str, message: Message, member_id: int | None, before: dict[str, Any]
) -> Activity:
    return record(
        session,
        kind,
        member_id=member_id,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        before={"message": before},
        after={"message": settling_of(message)},
    )


def _conversation_of(session: Session, message: Message) -> Conversation:
    """Return the locked conversation of an inbound message, with the message as it is now."""
    if message.direction != "inbound" or message.conversation_id is None:
        raise Invalid("not_inbound")
    conversation = lock_conversation(session, message.conversation_id)
    session.refresh(message)
    return conversation
