"""What speaks against a reply at the moment it would leave (RULES D6); reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, exists, literal_column, or_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, ChannelState
from inbox.conversations.models import Answer, Conversation, Message
from inbox.members.models import Member
from inbox.outbox.backoff import is_late
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.replies.audience import PRIVATE
from inbox.replies.rights import find_obstacle
from inbox.settings import Pace

_NEWEST_INBOUND = (
    select(Message.clock_at)
    .where(
        Message.conversation_id == bindparam("conversation_id", type_=BigInteger),
        Message.direction == literal_column("'inbound'"),
    )
    .order_by(Message.clock_at.desc())
    .limit(literal_column("1"))
)


@dataclass(frozen=True)
class Stop:
    """Why a reply does not leave now: `to` is returned, refused, or queued for later; `detail` fills the sentence."""

    to: State
    code: str
    detail: dict[str, Any] | None = None


def channel_delivers() -> ColumnElement[bool]:
    """SQL on Delivery: its channel may send now."""
    return exists(select(Channel.id).where(Channel.id == Delivery.channel_id, Channel.state == ChannelState.ACTIVE))


def find_stop(session: Session, delivery: Delivery, conversation: Conversation, pace: Pace) -> Stop | None:
    """Return the first thing that speaks against sending this reply now, or None."""
    return (
        _right_lost(session, delivery, conversation)
        or find_channel_stop(session, delivery, pace)
        or _parent_gone(session, delivery)
        or find_answered(session, delivery, conversation)
        or _window_closed(session, delivery, conversation)
        or _late(delivery, pace)
    )


def find_channel_stop(session: Session, delivery: Delivery, pace: Pace) -> Stop | None:
    """Held while its channel does not deliver, then returned; at once where the channel is disconnected."""
    channel = session.get_one(Channel, delivery.channel_id, populate_existing=True)
    if channel.state == ChannelState.ACTIVE:
        return None
    if channel.state == ChannelState.DISCONNECTED:
        return Stop(State.RETURNED, "channel_disconnected")
    code = "channel_paused" if channel.state == ChannelState.PAUSED else "channel_needs_you"
    is_over = is_late(delivery.not_before_at, clock.now(), pace.paused_hold_seconds)
    return Stop(State.RETURNED if is_over and not delivery.is_confirmed_late else State.QUEUED, code)


def find_answered(
    session: Session, delivery: Delivery, conversation: Conversation, seen_seq: int | None = None
) -> Stop | None:
    """Stop where somebody answered this conversation after what the writer had seen; says who and when."""
    seen_seq = delivery.seen_seq if seen_seq is None else seen_seq
    answers = exists(
        select(Answer.id).where(Answer.reply_message_id == Message.id, Answer.conversation_id == conversation.id)
    )
    query = select(Message).where(
        Message.thread_id == conversation.thread_id,
        Message.direction == "outbound",
        or_(Message.conversation_id == conversation.id, answers),
        Message.seq > seen_seq,
        Message.gone_at.is_(None),
        Message.is_held_back.is_(False),
        Message.is_automatic.is_(False),
    )
    if delivery.message_id is not None:
        query = query.where(Message.id != delivery.message_id)
    found = session.scalar(query.order_by(Message.seq).limit(1))
    if found is None:
        return None
    member = session.get(Member, found.member_id) if found.member_id else None
    detail = {"by": member.name if member else None, "at": found.clock_at.isoformat(), "message_id": found.id}
    return Stop(State.RETURNED, "answered_meanwhile", detail)


def _right_lost(session: Session, delivery: Delivery, conversation: Conversation) -> Stop | None:
    is_private = conversation.is_private or delivery.outgoing["audience"] in PRIVATE
    if delivery.member_id is None or delivery.channel_id is None:
        return Stop(State.REFUSED, "right_lost")
    if find_obstacle(session, delivery.member_id, delivery.channel_id, is_private) is None:
        return None
    return Stop(State.REFUSED, "right_lost")


def _parent_gone(session: Session, delivery: Delivery) -> Stop | None:
    gone = select(Message.id).where(
        Message.channel_id == delivery.channel_id,
        Message.external_id == delivery.outgoing["parent_id"],
        Message.gone_at.is_not(None),
    )
    return Stop(State.REFUSED, "parent_gone") if session.scalar(gone) is not None else None


def _window_closed(session: Session, delivery: Delivery, conversation: Conversation) -> Stop | None:
    channel = session.get_one(Channel, delivery.channel_id)
    if is_window_closed(session, channel.limits, conversation, str(delivery.outgoing["mode"])):
        return Stop(State.REFUSED, "window_closed")
    return None


def is_window_closed(session: Session, limits: Mapping[str, Any], conversation: Conversation, mode: str) -> bool:
    """Tell whether the platform's window for replies in `mode` has closed since the person's last message."""
    window = (limits.get(mode) or {}).get("window_seconds")
    if window is None:
        return False
    last = session.scalar(_NEWEST_INBOUND, {"conversation_id": conversation.id})
    return last is not None and clock.now() - last > timedelta(seconds=float(window))


def _late(delivery: Delivery, pace: Pace) -> Stop | None:
    if delivery.is_confirmed_late or not is_late(delivery.not_before_at, clock.now(), pace.leave_late_seconds):
        return None
    return Stop(State.RETURNED, "late")
