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
_FIRST_YEAR = 1970


@dataclass(frozen=True)
class Window:
    """From a moment to another, which is not in it."""

    from_at: datetime
    until_at: datetime

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.until_at - self.from_at


@dataclass(frozen=True)
class Parts:
    """A window in whole months, runs of whole days (from `first` to `last`, but `holes`) and what is left over."""

    months: tuple[int, ...]
    runs: tuple[tuple[int, int], ...]
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


def split(
    window: Window, is_counted: Callable[[int], bool], is_summed: Callable[[int], bool] = lambda _month: False
) -> Parts:
    """Take a window apart into months that are added up, days that are counted, and what else there is of it."""
    first = day_of(window.from_at - timedelta(microseconds=1)) + 1
    last = day_of(window.until_at) - 1
    if first > last:
        return Parts((), (), (), (window,))
    months = [month for month in range(month_of(first), month_of(last) + 1) if is_summed(month)]
    months = [month for month in months if first <= first_day_of(month) and first_day_of(month + 1) <= last + 1]
    runs = _runs(first, last, months)
    holes = tuple(day for begin, end in runs for day in range(begin, end + 1) if not is_counted(day))
    edges = [Window(window.from_at, start_of(first)), *_days(holes), Window(start_of(last + 1), window.until_at)]
    return Parts(tuple(months), runs, holes, tuple(edge for edge in edges if edge.from_at < edge.until_at))


def month_of(day: int) -> int:
    """Return the number of the month of UTC that a day lies in: whole months since 1970."""
    at = start_of(day)
    return (at.year - _FIRST_YEAR) * 12 + at.month - 1


def first_day_of(month: int) -> int:
    """Return the number of a month's first day."""
    return day_of(datetime(_FIRST_YEAR + month // 12, month % 12 + 1, 1, tzinfo=UTC))


def _runs(first: int, last: int, months: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the days between those of some months, from the first to the last of each run."""
    starts = [first, *(first_day_of(month + 1) for month in months)]
    ends = [*(first_day_of(month) - 1 for month in months), last]
    return tuple((start, end) for start, end in zip(starts, ends, strict=True) if start <= end)


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
