"""What is on its way from a conversation, as its page shows it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from inbox.channels.models import Channel, ChannelState
from inbox.desk.reply_words import reason_sentence, state_sentence
from inbox.members.models import Member
from inbox.outbox.models import Delivery, DeliveryState

NEEDS_YOU = "channel_needs_you"


@dataclass(frozen=True)
class Candidate:
    """What the platform has that might be our reply."""

    text: str
    created_at: datetime | None
    permalink: str | None
    external_id: str


@dataclass(frozen=True)
class DeliveryShown:
    """A reply on its way: where it is, and what may be done."""

    id: int
    state: str
    sentence: str
    reason: str
    text: str
    writer: str
    is_own: bool
    leaves_at: datetime
    created_at: datetime
    is_finishing: bool
    is_private: bool
    version: int
    candidates: Sequence[Candidate]
    is_stopped: bool  # its channel does not deliver: no time of leaving can be told

    @property
    def is_working(self) -> bool:
        """Whether something is going on by itself."""
        return self.state in (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCLEAR)

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it has not left yet."""
        return self.state in (DeliveryState.HELD, DeliveryState.QUEUED)


def show_deliveries(session: Session, member: Member, on_its_way: Iterable[Delivery]) -> list[DeliveryShown]:
    """Show a conversation's replies that are on their way (one at most, by RULES D5)."""
    return [_show(session, member, delivery) for delivery in on_its_way]


def _show(session: Session, member: Member, delivery: Delivery) -> DeliveryShown:
    writer = session.get(Member, delivery.member_id) if delivery.member_id else None
    is_leaving = delivery.state in (DeliveryState.HELD, DeliveryState.QUEUED)
    stopped = channel_stop(session.get_one(Channel, delivery.channel_id).state) if is_leaving else None
    code = delivery.reason_code or stopped
    return DeliveryShown(
        id=delivery.id,
        state=delivery.state,
        sentence=state_sentence(DeliveryState.QUEUED if stopped else delivery.state),
        reason=reason_sentence(code, read_detail(delivery.reason_detail)) if code else "",
        text=str(delivery.outgoing.get("text", "")),
        writer=writer.name if writer else "",
        is_own=delivery.member_id == member.id,
        leaves_at=delivery.not_before_at,
        created_at=delivery.created_at,
        is_finishing=delivery.is_finishing,
        is_private=delivery.outgoing.get("mode") == "private",
        version=delivery.version,
        candidates=[_candidate(one) for one in delivery.candidates],
        is_stopped=stopped is not None,
    )


def channel_stop(state: str) -> str | None:
    """Return the code of why nothing leaves on a channel in this state, None where it delivers."""
    if state == ChannelState.ACTIVE:
        return None
    return {ChannelState.PAUSED: "channel_paused", ChannelState.DISCONNECTED: "channel_disconnected"}.get(
        ChannelState(state), NEEDS_YOU
    )


def read_detail(text: str | None) -> Any:
    """Return a reason's detail: what was kept as JSON, else the platform's words."""
    if not text or not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _candidate(found: dict[str, Any]) -> Candidate:
    at = found.get("created_at")
    return Candidate(
        text=str(found.get("text") or ""),
        created_at=datetime.fromisoformat(str(at)) if at else None,
        permalink=found.get("permalink"),
        external_id=str(found.get("external_id") or ""),
    )
