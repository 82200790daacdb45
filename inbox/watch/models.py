"""When each sweep was done last, and who may speak for the watch."""

from datetime import datetime

from sqlalchemy import Double
from sqlalchemy.orm import Mapped, mapped_column

from inbox.database import Base


class SweepBeat(Base):
    """One periodic sweep: when it was last done and how long that took.

    `seconds` is None for one that has not been done yet since it was first expected, which then is `at`. The row says
    itself for how long it may stay away: the timetable is the workers'.
    """

    __tablename__ = "sweep_beat"

    name: Mapped[str] = mapped_column(primary_key=True)
    queue: Mapped[str]
    at: Mapped[datetime]
    seconds: Mapped[float | None] = mapped_column(Double)
    limit_seconds: Mapped[float] = mapped_column(Double)


class WatchLease(Base):
    """A duty that one process has at a time, until its lease ends.

    `watcher` tells of what stands still, and keeps here what it told: `noticed_at` when it saw it, `told_at` when that
    was last accepted, `failure` why the last try was not. `heartbeat` is the next minute's ping.
    """

    __tablename__ = "watch_lease"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    until_at: Mapped[datetime]
    noticed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    failure: Mapped[str | None]
