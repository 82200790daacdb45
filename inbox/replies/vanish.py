"""A reply of ours that the platform no longer has: what it had answered may wait again (RULES B4, D1)."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from inbox import clock
from inbox.activity import kinds
from inbox.conversations import clocking
from inbox.conversations.changes import change
from inbox.conversations.models import Answer, Conversation, Message, Settled, Status
from inbox.conversations.settle import refresh
from inbox.conversations.threads import lock_conversation, lock_thread
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import lock, move
from inbox.replies.removing import keep_doubles
from inbox.settings import Pace

REFUSED_LATER = "refused_later"
DELETED = "deleted"


def vanished(session: Session, message: Message, *, pace: Pace, reason: str = DELETED) -> bool:
    """Take in that a sent reply of ours is gone from the platform (it counts as gone, see conversations/gone.py).

    Moves its delivery `sent → gone`. If it vanished within a day, what it alone had answered awaits again with
    its original clock. `reason`: refused_later, deleted. Tells whether anything changed; native answers of
    ours have no delivery, but what they answered waits again all the same.
    """
    thread = lock_thread(session, message.thread_id)
    session.refresh(message)
    delivery = session.scalar(select(Delivery).where(Delivery.message_id == message.id))
    if delivery is not None and not move(
        session, lock(session, delivery.id), State.GONE, reason=reason, gone_reason=reason
    ):
        return False
    if delivery is not None:
        keep_doubles(session, delivery)
    if message.gone_at is None:
        message.gone_at, message.gone_reason = clock.now(), reason
    else:
        message.gone_reason = reason
    is_soon = message.gone_at - _sent_at(message, delivery) <= timedelta(seconds=pace.gone_within_seconds)
    if is_soon:
        wait_again(session, message)
    session.flush()
    assert thread.joined_into_id is None
    return delivery is not None or is_soon


def _sent_at(message: Message, delivery: Delivery | None) -> datetime:
    if delivery is not None and delivery.settled_at is not None and message.authored_at is None:
        return delivery.settled_at
    return message.authored_at or message.clock_at


def wait_again(session: Session, reply: Message) -> None:
    """Let what this reply alone had answered await again, with its original clock."""
    query = select(Message).where(Message.answered_by_message_id == reply.id, Message.settled == Settled.ANSWERED)
    touched: set[int] = set()
    for message in session.scalars(query.order_by(Message.id)).all():
        other = _find_other_answer(session, message, reply)
        if other is not None:
            message.answered_by_message_id = other
            continue
        message.settled = message.settled_at = message.answered_by_message_id = None
        message.awaits = message.gone_at is None
        touched.add(message.conversation_id or 0)
    session.flush()
    for conversation_id in sorted(touched):
        _reopen(session, lock_conversation(session, conversation_id))
    clocking.credit_again(session, reply)


def _find_other_answer(session: Session, message: Message, reply: Message) -> int | None:
    """Return another reply that still stands and answered this message too."""
    other = aliased(Message)
    covers = exists(
        select(Answer.id).where(
            Answer.reply_message_id == other.id,
            Answer.conversation_id == message.conversation_id,
            Answer.up_to_seq >= message.seq,
        )
    )
    query = select(other.id).where(other.id != reply.id, other.gone_at.is_(None), covers)
    return session.scalar(query.order_by(other.clock_at).limit(1))


def _reopen(session: Session, conversation: Conversation) -> None:
    if conversation.status in (Status.DONE, Status.SNOOZED):
        opened = {"status": str(Status.OPEN), "snoozed_until_at": None}
        change(session, conversation, kinds.REOPENED, None, opened, after={"why": "answer_gone"})
    refresh(session, conversation)
