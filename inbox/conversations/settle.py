"""When a message stops awaiting, why, and what that makes of its conversation (RULES A2, B1 to B3)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation, Message


@dataclass(frozen=True)
class Stayed:
    """How many messages keep waiting because they are newer than what the member had seen (RULES B3)."""

    count: int = 0

    def __bool__(self) -> bool:
        """Tell whether anything stayed."""
        return self.count > 0


@dataclass(frozen=True)
class Result:
    """What a verb that carries `seen_seq` did; `activity.id` is the undo handle."""

    activity: Activity
    stayed: Stayed


def answer(session: Session, reply: Message, conversation: Conversation, up_to_seq: int) -> list[int]:
    """Let a sent reply of ours settle what awaits in the conversation with `seq <= up_to_seq` (B1).

    Writes the Answer row (once), refreshes; returns the ids of the messages it settled. Call it once per
    conversation: the reply's own, then each that the writer ticked, by rising conversation id.
    """
    raise NotImplementedError


def answer_natively(session: Session, reply: Message) -> list[int]:
    """Let an answer given on the platform settle messages older than itself (B2); repeatable.

    Finds the parent itself by `parent_external_id`. Sets `reply.conversation_id` where one person is
    answered, and the thread's question where nobody is named but somebody waits. Held back or automatic
    messages settle nothing. Returns the ids of the settled messages.
    """
    raise NotImplementedError


def say_whom(session: Session, message: Message, conversation_ids: list[int], member_id: int) -> Activity:
    """Record whom a native answer answered, as a member said; an empty list: nobody. Clears the question.

    Raises Invalid('not_in_thread') when a conversation is not of the message's thread.
    """
    raise NotImplementedError


def excuse_messages(
    session: Session, conversation: Conversation, up_to_seq: int, member_id: int | None, why: str
) -> list[int]:
    """Excuse what awaits with `seq <= up_to_seq`; why: answered_elsewhere, no_answer_needed, spam, liked, sibling.

    Returns the ids of the messages. The caller refreshes.
    """
    raise NotImplementedError


def withdraw(session: Session, message: Message) -> bool:
    """Stop a message from awaiting because its author deleted it; tells whether it had awaited. Refreshes."""
    raise NotImplementedError


def make_wait(session: Session, message: Message, member_id: int) -> Activity:
    """Let one inbound message wait, by hand: also one that was settled or never awaited. Opens its conversation.

    Raises Invalid('not_inbound') and Conflict('already_waits') or Conflict('message_gone').
    """
    raise NotImplementedError


def excuse_message(session: Session, message: Message, member_id: int, why: str = "no_answer_needed") -> Activity:
    """Let one message no longer wait, and leave its conversation where it stands.

    Raises Conflict('does_not_wait').
    """
    raise NotImplementedError


def refresh(session: Session, conversation: Conversation) -> None:
    """Bring waiting_since, queue_at, last_* and flags in line with the messages; bumps the version."""
    raise NotImplementedError


def find_waiting_since(session: Session, conversation_id: int) -> datetime | None:
    """Compute from the messages since when this person waits (what refresh keeps)."""
    raise NotImplementedError


def count_newer(session: Session, conversation_id: int, seen_seq: int) -> Stayed:
    """Count what awaits and is newer than what the member had seen."""
    raise NotImplementedError


def snapshot(conversation: Conversation) -> dict[str, Any]:
    """Return the fields that an activity's before and after compare, as plain JSON."""
    raise NotImplementedError
