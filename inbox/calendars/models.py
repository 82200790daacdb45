"""Calendars, their versions, and what was proposed for the next one."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId, partial_index


class Source(StrEnum):
    """Where a special date comes from; and what a proposal would replace."""

    HOLIDAYS = "holidays"
    FEED = "feed"
    HAND = "hand"


class Calendar(WithId, Base):
    """A calendar by name; `version` is the number of the one that holds now.

    The address of a feed is a secret (whoever has it reads that calendar): sealed, only its host is shown.
    """

    __tablename__ = "calendar"

    name: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int] = mapped_column(default=0)
    holidays_until: Mapped[int | None]  # the last year whose holidays its version has; None: it has no country
    feed_url: Mapped[bytes | None] = mapped_column(LargeBinary)
    feed_host: Mapped[str | None]
    feed_read_at: Mapped[datetime | None]
    feed_due_at: Mapped[datetime | None]
    feed_trouble: Mapped[str | None]  # the code of the error at the last try
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]  # it can't be chosen any more, and its feed is not read; its name stays taken


class CalendarVersion(WithId, Base):
    """What a calendar said for a while; never changed, since timers were counted by it.

    `hours` is what is counted by (queries.get_hours), `plan` what the form showed: where each date comes from.
    """

    __tablename__ = "calendar_version"
    __table_args__ = (UniqueConstraint("calendar_id", "version"), {"sqlite_autoincrement": True})

    calendar_id: Mapped[int] = mapped_column(BigId, ForeignKey("calendar.id"))
    version: Mapped[int]
    hours: Mapped[dict[str, Any]]
    plan: Mapped[dict[str, Any]]
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
    created_at: Mapped[datetime]


class CalendarProposal(WithId, Base):
    """Dates from a feed or of coming years that a lead may make a version of, or decline.

    `is_accepted` None while open, and where a newer proposal took its place.
    """

    __tablename__ = "calendar_proposal"
    __table_args__ = (
        CheckConstraint("source IN ('holidays', 'feed')", name="source"),
        partial_index("uq_calendar_proposal_open", "calendar_id", "source", where="decided_at IS NULL", is_unique=True),
    )

    calendar_id: Mapped[int] = mapped_column(BigId, ForeignKey("calendar.id"))
    source: Mapped[str]
    days: Mapped[list[Any]]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    is_accepted: Mapped[bool | None]
    member_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("member.id"))
