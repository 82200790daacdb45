"""Methods by which members are reached, and each notice that leaves by one of them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index


class MethodState(StrEnum):
    """Whether a method is known to reach its member."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    FAILING = "failing"  # it was verified, and the last message did not get through; it is still tried


class NotificationMethod(WithId, Base):
    """One way to reach a member; its address and secrets are sealed, `hint` is what may be shown of them."""

    __tablename__ = "notification_method"
    __table_args__ = (
        CheckConstraint("state IN ('unverified', 'verified', 'failing')", name="state"),
        Index("ix_notification_method_member_id", "member_id"),
    )

    # None: of an escalation step, which tells another program
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    kind: Mapped[str]
    label: Mapped[str] = mapped_column(default="")
    hint: Mapped[str] = mapped_column(default="")
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # None once it was removed and nothing is left to be said
    state: Mapped[str] = mapped_column(default="unverified")
    is_urgent_only: Mapped[bool] = mapped_column(default=False)
    place: Mapped[int] = mapped_column(default=0)  # the member's order, lowest first
    verified_at: Mapped[datetime | None]
    code_hash: Mapped[str | None]
    code_until_at: Mapped[datetime | None]
    code_try_count: Mapped[int] = mapped_column(default=0)
    failing_since_at: Mapped[datetime | None]
    error_code: Mapped[str | None]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    # of a browser: by which it was added. It is told nothing once that has ended
    session_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member_session.id"))


class QuietHours(Base):
    """When a member wants no warnings, in their own zone; `from` after `until` goes over midnight."""

    __tablename__ = "quiet_hours"
    __table_args__ = (CheckConstraint("from_minute <> until_minute", name="not_empty"),)

    member_id: Mapped[int] = mapped_column(BigId, ForeignKey("member.id"), primary_key=True)
    from_minute: Mapped[int]
    until_minute: Mapped[int]


class Notification(WithId, Base):
    """One notice by one method: what a delivery carries. Without member and method it goes to the last resort.

    `round_key` joins the rows that one call of `notify` made. `carried_by_id` names the notification in whose message
    this one went along, so that nobody is called once a minute for every single thing.
    """

    __tablename__ = "notification"
    __table_args__ = (
        CheckConstraint("kind IN ('test', 'verification', 'warning', 'alert', 'summary')", name="kind"),
        Index("ix_notification_spoke_at", "method_id", "spoke_at"),
        Index("ix_notification_alert_id", "alert_id", "member_id"),
        Index("ix_notification_round_key", "round_key"),
        partial_index("ix_notification_carried_by_id", "carried_by_id", where="carried_by_id IS NOT NULL"),
        partial_index("ix_notification_look_at", "look_at", where="look_at IS NOT NULL"),
    )

    delivery_id: Mapped[int] = mapped_column(BigId, ForeignKey("delivery.id"), unique=True)
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    method_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("notification_method.id"))
    alert_id: Mapped[int | None] = mapped_column(BigId)
    round_key: Mapped[str]
    place: Mapped[int]
    kind: Mapped[str]
    is_alert: Mapped[bool]
    event: Mapped[str | None]  # acknowledge or resolve: what became of what the method was told; None: it tells
    language: Mapped[str]
    subject: Mapped[str]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # lines and links; None once it came to rest
    carried_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("notification.id"))
    spoke_at: Mapped[datetime | None]  # when its last message left that was not surely refused
    external_id: Mapped[str | None]
    receipt: Mapped[str | None]  # the provider's own word for what became of it
    look_at: Mapped[datetime | None]
    look_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
