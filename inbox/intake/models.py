"""Quarantine: what a platform showed us and we could not read, kept whole until somebody decides."""

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
