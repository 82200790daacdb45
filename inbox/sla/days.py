"""Days that are over and whose timers changed since: reports count them anew.

A day is a number, of whole days of UTC since 1970. Every change of a timer through its model is noticed; who writes
timers in bulk says which deadlines they had.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event, insert, inspect, select
from sqlalchemy.orm import Mapped, Session

from inbox import clock
from inbox.database import Base, WithId
from inbox.sla.models import Timer

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
# What a report counts by; the rest of a timer may change as it likes.
COUNTED = (
    "due_at",
    "ended_at",
    "outcome",
    "response_seconds",
    "since_at",
    "number",
    "is_imported",
    "is_late_arrival",
    "pauses",
    "team_id",
    "priority",
)


class SlaDayMark(WithId, Base):
    """A day that must be counted again. Rows are only added and removed: nobody waits for anybody here."""

    __tablename__ = "sla_day_mark"

    day: Mapped[int]


def day_of(at: datetime) -> int:
    """Return the number of the day that a moment lies in."""
    return (at - _BEGINNING).days


def start_of(day: int) -> datetime:
    """Return the first moment of a day."""
    return _BEGINNING + timedelta(days=day)


def mark(session: Session, due_times: Iterable[datetime | None], now: datetime) -> None:
    """Say that timers with these deadlines came, changed or went."""
    _mark(session.connection(), due_times, now)


def _mark(connection: Connection, due_times: Iterable[datetime | None], now: datetime) -> None:
    """Write down the days that are over: what falls due today or later, nobody has counted yet."""
    days = sorted({day_of(at) for at in due_times if at is not None and day_of(at) < day_of(now)})
    if days:
        connection.execute(insert(SlaDayMark), [{"day": day} for day in days])


def _came_or_went(_mapper: object, connection: Connection, timer: Timer) -> None:
    _mark(connection, (timer.due_at,), clock.now())


def _changes(_mapper: object, connection: Connection, timer: Timer) -> None:
    state: Any = inspect(timer)
    if not any(state.attrs[name].history.has_changes() for name in COUNTED):
        return
    history = state.attrs["due_at"].history
    before = history.deleted[0] if history.deleted else timer.due_at
    if history.added and not history.deleted:  # written over without having been read
        before = connection.scalar(select(Timer.due_at).where(Timer.id == timer.id))
    _mark(connection, (before, timer.due_at), clock.now())


event.listen(Timer, "after_insert", _came_or_went)
event.listen(Timer, "after_delete", _came_or_went)
event.listen(Timer, "before_update", _changes)
