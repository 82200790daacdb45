"""Deliveries: what must leave, in which state it is, and each attempt to send it (RULES D)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index


class DeliveryState(StrEnum):
    """The states of RULES D1."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    NEEDS_PERSON = "needs_person"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    GONE = "gone"


ON_ITS_WAY = ("held", "queued", "sending", "unclear", "needs_person")
_ON_ITS_WAY_SQL = "state IN ('held', 'queued', 'sending', 'unclear', 'needs_person') AND kind = 'reply'"


class Delivery(WithId, Base):
    """One thing that must leave once; moved only by compare-and-set (outbox/moves.py).

    `outgoing` is the frozen platforms.contract.Outgoing as JSON, with whatever the connector fixed
    beforehand (`preset`: Bluesky's rkey and createdAt), so that every attempt is byte-identical.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        CheckConstraint(
            "state IN ('held', 'queued', 'sending', 'sent', 'refused', 'unclear', 'needs_person', "
            "'cancelled', 'returned', 'gone')",
            name="state",
        ),
        CheckConstraint("kind IN ('reply', 'notification')", name="kind"),
        # At most one reply of a conversation is on its way (RULES D5).
        partial_index("uq_delivery_on_its_way", "conversation_id", where=_ON_ITS_WAY_SQL, is_unique=True),
        Index("ix_delivery_conversation_id", "conversation_id"),
        Index("ix_delivery_due", "kind", "state", "due_at"),
        Index("ix_delivery_message_id", "message_id"),
        Index("ix_delivery_channel_state", "channel_id", "state"),
        Index("ix_delivery_wanted", "channel_id", "wanted_external_id"),
        Index("ix_delivery_parent", "channel_id", "parent_external_id"),
    )

    kind: Mapped[str] = mapped_column(default="reply")
    reply_key: Mapped[str | None] = mapped_column(unique=True)
    channel_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("channel.id"))
    conversation_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("conversation.id"))
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id"))
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    state: Mapped[str]
    # when the sweep looks at it next: end of the hold, of the lease, or the next look; None at rest
    due_at: Mapped[datetime | None]
    not_before_at: Mapped[datetime]
    seen_seq: Mapped[int] = mapped_column(default=0)
    # after a join: the writer had seen nothing of the thread up to here, though its seqs are lower
    seen_after_seq: Mapped[int] = mapped_column(default=0)
    # other conversations of the thread that the writer ticked: {conversation id: seen seq}
    also_answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_finishing: Mapped[bool] = mapped_column(default=False)
    is_confirmed_late: Mapped[bool] = mapped_column(default=False)
    outgoing: Mapped[dict[str, Any]]
    wanted_external_id: Mapped[str | None]
    # the text as the platform will show it back, and what it hangs on: how a poll recognises it (RULES D4)
    text_as_stored: Mapped[str] = mapped_column(default="")
    parent_external_id: Mapped[str | None]
    attempt_count: Mapped[int] = mapped_column(default=0)
    claim_token: Mapped[str | None]
    lease_until_at: Mapped[datetime | None]
    lost_count: Mapped[int] = mapped_column(default=0)
    unclear_since_at: Mapped[datetime | None]
    look_count: Mapped[int] = mapped_column(default=0)
    first_absent_at: Mapped[datetime | None]
    is_resent: Mapped[bool] = mapped_column(default=False)
    parent_gone_at: Mapped[datetime | None]
    candidates: Mapped[list[Any]] = mapped_column(default=list)
    reason_code: Mapped[str | None]
    reason_detail: Mapped[str | None]
    gone_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Attempt(WithId, Base):
    """One try to send a delivery, and how it ended; `outcome` None while it runs or was lost."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    delivery_id: Mapped[int] = mapped_column(BigId, ForeignKey("delivery.id"))
    number: Mapped[int]
    claim_token: Mapped[str] = mapped_column(unique=True)
    started_at: Mapped[datetime]
    skew_seconds: Mapped[float | None]  # of the platform's clock, as far as it was known when the try began
    lease_until_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
