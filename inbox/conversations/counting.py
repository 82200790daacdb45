"""From when clocks count after an import: a lead said so, and what was history waits, or waits no longer (RULES C6)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.conversations.arrive import open_again
from inbox.conversations.awaits import Reason
from inbox.conversations.judging import judge_message
from inbox.conversations.models import Message
from inbox.conversations.natively import settle_if_answered
from inbox.conversations.settling import settling_of
from inbox.conversations.threads import lock_conversation
from inbox.conversations.waiting import refresh
from inbox.settings import Pace


def count_from(
    session: Session, conversation_id: int, message_ids: Sequence[int], since_at: datetime, *, pace: Pace
) -> int:
    """Let messages of history in one conversation wait that are not older than `since_at`, and no others.

    What a member decided, and what was settled, stays. Each change is an activity. Returns how many changed.
    """
    conversation = lock_conversation(session, conversation_id)
    changed = 0
    for message_id in sorted(message_ids):
        message = session.get_one(Message, message_id, populate_existing=True)
        if message.conversation_id != conversation.id or message.settled is not None or message.gone_at is not None:
            continue
        before = settling_of(message)
        if message.clock_at < since_at:
            if not message.awaits or message.awaits_reason == Reason.BY_HAND:
                continue
            message.awaits, message.awaits_reason = False, Reason.BEFORE_IMPORT.value
        elif message.awaits_reason == Reason.BEFORE_IMPORT:
            message.awaits_reason = None
            judge_message(session, message)
            settle_if_answered(session, message)
            if message.awaits:
                open_again(session, conversation, message, pace=pace)
        else:
            continue
        changed += 1
        _record(session, message, before)
    if changed:
        refresh(session, conversation)
    return changed


def _record(session: Session, message: Message, before: dict[str, object]) -> None:
    record(
        session,
        kinds.MESSAGE_AWAITS if message.awaits else kinds.MESSAGE_EXCUSED,
        channel_id=message.channel_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        before={"message": before},
        after={"message": settling_of(message)},
    )
