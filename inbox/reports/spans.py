"""Stretches of time in a member's zone, and the whole days of UTC within them; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from inbox.sla.days import day_of, start_of

RANGES = (1, 7, 28, 90, 365)  # days, today among them
WEEKS = 12
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """From a moment to another, which is not in it."""

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True)
class Parts:
    """A window in whole days of UTC (`first` to `last`, without `holes`) and the windows that are left over."""

    first: int
    last: int
    holes: tuple[int, ...]
    rest: tuple[Window, ...]


def last_days(count: int, now: datetime, zone: ZoneInfo) -> Window:
    """Return the window of today and the days before it, `count` in all, up to now."""
    return Window(_midnight(now, zone, 1 - count), now)


def last_weeks(count: int, now: datetime, zone: ZoneInfo) -> list[Window]:
    """Return windows of seven days each, oldest first; the last ends now, and so holds what `last_days(7)` does."""
    starts = [_midnight(now, zone, 1 - 7 * (week + 1)) for week in reversed(range(count))]
    return [Window(start, end) for start, end in zip(starts, [*starts[1:], now], strict=True)]


def next_hours(count: int, now: datetime, zone: ZoneInfo) -> list[Window]:
    """Return windows up to each full hour of the zone's clock; the first begins now."""
    local = now.astimezone(zone)
    hour = (now - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)).astimezone(UTC)
    starts = [now, *(hour + timedelta(hours=number) for number in range(1, count + 1))]
    return [Window(start, end) for start, end in pairwise(starts)]


def split(window: Window, is_counted: Callable[[int], bool]) -> Parts:
    """Take a window apart into whole days that are counted, and what else there is of it."""
    first = day_of(window.from_at - timedelta(microseconds=1)) + 1
    last = day_of(window.until_at) - 1
    holes = tuple(day for day in range(first, last + 1) if not is_counted(day))
    if first > last:
        return Parts(first, last, (), (window,))
    edges = [Window(window.from_at, start_of(first)), *_days(holes), Window(start_of(last + 1), window.until_at)]
    return Parts(first, last, holes, tuple(edge for edge in edges if edge.from_at < edge.until_at))


def _days(days: Sequence[int]) -> list[Window]:
    """Return the windows of some days, neighbours as one."""
    found: list[Window] = []
    for day in days:
        if found and found[-1].until_at == start_of(day):
            found[-1] = Window(found[-1].from_at, start_of(day + 1))
        else:
            found.append(Window(start_of(day), start_of(day + 1)))
    return found


def _midnight(now: datetime, zone: ZoneInfo, offset: int) -> datetime:
    day = now.astimezone(zone).date() + timedelta(days=offset)
    return datetime.combine(day, time(), zone).astimezone(UTC)
