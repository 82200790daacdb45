"""Saved replies: wordings that a team keeps ready."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId


class SavedReply(WithId, Base):
    """A wording kept ready, in one or more languages; `team_id` None: everybody's.

    `texts`: what to say by language, "" for one that fits any. `version` rises with each change.
    """

    __tablename__ = "saved_reply"
    __table_args__ = (Index("ix_saved_reply_team_id", "team_id"),)

    name: Mapped[str]
    folder: Mapped[str] = mapped_column(default="")
    team_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("team.id"))
    texts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    use_count: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]
    changed_by_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
