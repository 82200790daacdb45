"""The append-only record of who did what; pages that are open read its tail."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index

# What was done to SLA policies: a handful of rows among millions, read by their page.
OF_POLICIES = "kind IN ('sla_policy_saved', 'sla_policy_moved', 'sla_policy_archived', 'sla_replanned')"


class Activity(WithId, Base):
    """One thing that happened, with what was before and after. `member_id` None: Relevo itself.

    Ids are given before commit, so a reader goes back by time (`at`), never by a bare `id > last`.
    """

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_at", "at", "id"),
        Index("ix_activity_conversation_id", "conversation_id", "id"),
        Index("ix_activity_channel_id", "channel_id", "id"),
        partial_index("ix_activity_of_policies", "id", where=OF_POLICIES),
        {"sqlite_autoincrement": True},
    )

    at: Mapped[datetime]
    kind: Mapped[str]  # message_received, assigned, finished, …: activity/kinds.py
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    channel_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("channel.id"))
    conversation_id: Mapped[int | None] = mapped_column(BigId)
    message_id: Mapped[int | None] = mapped_column(BigId)
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    undone_by_id: Mapped[int | None] = mapped_column(BigId)
