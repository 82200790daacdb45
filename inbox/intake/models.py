"""What is kept as it came: what could not be read, until somebody decides, and pushes, until a worker takes them in."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId


class Quarantined(WithId, Base):
    """An item or page kept back, with the reason; the same bytes on the same channel make one row."""

    __tablename__ = "quarantined"
    __table_args__ = (
        UniqueConstraint("channel_id", "digest"),
        Index("ix_quarantined_open", "channel_id", "resolved_at", "id"),
    )

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    stream_name: Mapped[str]
    digest: Mapped[str]
    compressed: Mapped[bytes] = mapped_column(LargeBinary)
    reason_code: Mapped[str]
    reason_detail: Mapped[str] = mapped_column(default="")
    is_private: Mapped[bool] = mapped_column(default=False)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    seen_count: Mapped[int] = mapped_column(default=1)
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None]  # replayed, discarded
    resolved_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    resolved_why: Mapped[str | None]


class Push(WithId, Base):
    """A push that was checked and answered, as it came; it goes when a worker has taken it in.

    `due_at` lies ahead while a worker has it; `try_count` says how many have had it.
    """

    __tablename__ = "push"
    __table_args__ = (Index("ix_push_due_at", "due_at", "id"),)

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    compressed: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    try_count: Mapped[int] = mapped_column(default=0)
