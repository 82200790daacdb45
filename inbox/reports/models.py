"""What the report keeps so that a year costs no more than a week: whole days, counted once they are over."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId
from inbox.sla.models import Timer


class SlaDay(WithId, Base):
    """How those fared whose answer was due on a day, on one side of a channel, for one team and priority.

    `day`: see sla/days.py. The counts are those of outcomes.py. `responses` and `arrivals` hold eight hexadecimal
    digits a timer: minutes until the answer, and quarters of an hour since 1970 at which somebody began to wait.
    """

    __tablename__ = "sla_day"
    __table_args__ = (Index("ix_sla_day_day", "day", "channel_id"),)

    day: Mapped[int]
    channel_id: Mapped[int] = mapped_column(BigId)
    is_private: Mapped[bool]
    team_id: Mapped[int | None] = mapped_column(BigId)
    priority: Mapped[str]
    is_first: Mapped[bool]
    in_time: Mapped[int]
    late: Mapped[int]
    overdue: Mapped[int]
    excused: Mapped[int]
    withdrawn: Mapped[int]
    late_arrival: Mapped[int]
    imported: Mapped[int]
    paused: Mapped[int]
    within_day: Mapped[int]
    responses: Mapped[str]
    arrivals: Mapped[str]


class SlaDayCounted(Base):
    """A day that has been counted, with or without anything in it."""

    __tablename__ = "sla_day_counted"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counted_at: Mapped[datetime]


# Who waits now, with all that the page says of them: a small part of all timers, read without their rows.
Index(
    "ix_timer_open_due",
    Timer.due_at,
    Timer.channel_id,
    Timer.is_private,
    Timer.assignee_id,
    Timer.team_id,
    Timer.priority,
    Timer.is_paused,
    Timer.ended_at,  # SQLite asks the row for what the condition already says
    sqlite_where=Timer.ended_at.is_(None),
    postgresql_where=Timer.ended_at.is_(None),
)
