"""What the report keeps so that a year costs little more than a week: whole days and months that are over."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base, BigId, WithId
from inbox.sla.models import Timer


class _Fared:
    """How those fared whose answer was due then, on one side of a channel, for one team and priority.

    The counts are those of outcomes.py. `responses` and `arrivals` hold eight hexadecimal digits a timer: minutes until
    the answer, and quarters of an hour since 1970 at which somebody began to wait.
    """

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


class SlaDay(WithId, _Fared, Base):
    """A day (see sla/days.py)."""

    __tablename__ = "sla_day"
    __table_args__ = (Index("ix_sla_day_day", "day", "channel_id"),)

    day: Mapped[int]


class SlaDayCounted(Base):
    """A day that has been counted, with or without anything in it."""

    __tablename__ = "sla_day_counted"

    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counted_at: Mapped[datetime]


class SlaMonth(WithId, _Fared, Base):
    """A month (see spans.py): its days added up."""

    __tablename__ = "sla_month"
    __table_args__ = (Index("ix_sla_month_month", "month", "channel_id"),)

    month: Mapped[int]


class SlaMonthCounted(Base):
    """A month of which some days are counted; `is_stale`: they have not been added up since one of them was."""

    __tablename__ = "sla_month_counted"

    month: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_stale: Mapped[bool]


# Who waits now: a small part of all timers, read without their rows. SQLite asks the row for what the condition says
# unless the index has it too.
_IS_OPEN: Any = {"sqlite_where": Timer.ended_at.is_(None), "postgresql_where": Timer.ended_at.is_(None)}
# whose deadline comes or came first
Index("ix_timer_open_due", Timer.due_at, Timer.channel_id, Timer.is_private, Timer.ended_at, **_IS_OPEN)
# who carries how many: each one's on a side of a channel stand together, so that nothing is sorted to count them
Index(
    "ix_timer_open_held",
    Timer.channel_id,
    Timer.is_private,
    Timer.assignee_id,
    Timer.due_at,
    Timer.team_id,
    Timer.priority,
    Timer.is_paused,
    Timer.ended_at,
    **_IS_OPEN,
)
