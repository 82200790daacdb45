"""What a deadline means to whoever looks at it now: of which day it is, and whether it is near; pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

# Near: the last quarter of the promise or its last two hours, whichever is more, but never more than half of it.
_SOON_PART, _SOON_SECONDS, _MOST_PART = 4, 2 * 60 * 60, 2


class ClockState(StrEnum):
    """How a conversation's clock stands."""

    NONE = "none"  # nothing is due
    CALM = "calm"
    SOON = "soon"
    LATE = "late"
    PAUSED = "paused"


@dataclass(frozen=True)
class Today:
    """Now, and the midnight that ends somebody's day (aware UTC)."""

    now: datetime
    ends_at: datetime


def today_in(time_zone: str, now: datetime) -> Today:
    """Return the day that it is in a zone."""
    zone = ZoneInfo(time_zone)
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return Today(now, datetime.combine(tomorrow, time.min, zone).astimezone(UTC))


def soon_at(due_at: datetime, target_seconds: float) -> datetime:
    """Return from when on a deadline is near."""
    near = min(max(target_seconds / _SOON_PART, _SOON_SECONDS), target_seconds / _MOST_PART)
    return due_at - timedelta(seconds=near)


def state_of(due_at: datetime | None, target_seconds: float | None, now: datetime, *, is_paused: bool) -> ClockState:
    """Tell how a clock stands; late only once the deadline has come."""
    if is_paused:
        return ClockState.PAUSED
    if due_at is None:
        return ClockState.NONE
    if due_at <= now:
        return ClockState.LATE
    return ClockState.SOON if soon_at(due_at, target_seconds or 0) <= now else ClockState.CALM
