"""Pictures of messages, posts and people, by the address the platform gave."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index


class Media(WithId, Base):
    """One picture; belongs to a message, a post or a contact. Fetched at first sight, kept on disk by `digest`."""

    __tablename__ = "media"
    __table_args__ = (
        UniqueConstraint("message_id", "position"),
        UniqueConstraint("post_id", "position"),
        Index("ix_media_contact_id", "contact_id"),
        partial_index("ix_media_digest", "digest", where="digest IS NOT NULL"),
    )

    channel_id: Mapped[int] = mapped_column(BigId, ForeignKey("channel.id"))
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("message.id"))
    post_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("post.id"))
    contact_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("contact.id"))
    is_private: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(default="image")  # image, video, audio, file, sticker
    url: Mapped[str | None]
    preview_url: Mapped[str | None]
    alt: Mapped[str] = mapped_column(default="")
    width: Mapped[int | None]
    height: Mapped[int | None]
    digest: Mapped[str | None]
    content_type: Mapped[str | None]
    fetched_at: Mapped[datetime | None]
    failure_code: Mapped[str | None]
    failed_at: Mapped[datetime | None]
