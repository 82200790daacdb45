"""Drafts: what a member is writing, bound to one conversation and one key (RULES D5)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId


class Draft(WithId, Base):
    """A reply being written. Its `reply_key` lets one delivery through, however often it is posted.

    open: in a composer; waiting: for another's reply to leave first; leaving: handed to a delivery. A
    draft that comes back is open again under a new key, for the old one belongs to its delivery.
    """

    __tablename__ = "draft"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'waiting', 'leaving', 'sent', 'discarded')", name="state"),
        Index("ix_draft_member_conversation", "member_id", "conversation_id", "state"),
        Index("ix_draft_send_after", "send_after_delivery_id"),
        Index("ix_draft_delivery_id", "delivery_id"),
        Index("ix_draft_state", "state", "updated_at"),  # the sweep asks for those that wait
        Index("ix_draft_conversation_id", "conversation_id"),
    )

    reply_key: Mapped[str] = mapped_column(unique=True)
    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"))
    conversation_id: Mapped[int] = mapped_column(BigId, ForeignKey("conversation.id"))
    state: Mapped[str] = mapped_column(default="open")
    text: Mapped[str] = mapped_column(default="")
    mode: Mapped[str] = mapped_column(default="public")  # public, private
    parent_message_id: Mapped[int | None] = mapped_column(BigId)
    seen_seq: Mapped[int] = mapped_column(default=0)
    also_answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_finishing: Mapped[bool] = mapped_column(default=False)
    # which opened page kept it last, and its how-manieth keeping: an earlier one of that page is late
    kept_page: Mapped[str | None]
    kept_number: Mapped[int | None]
    # waits for another's reply of the same conversation to leave first
    send_after_delivery_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("delivery.id"))
    # why it came back, and from which delivery: shown above the composer
    returned_code: Mapped[str | None]
    returned_detail: Mapped[str | None]
    delivery_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("delivery.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
