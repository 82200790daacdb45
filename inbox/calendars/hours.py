"""Business hours: how much open time lies between two moments, and when so much of it has passed.

An instant is open when the clock on the wall in the calendar's zone stands within a period. So an hour that the
clocks skip never counts, an hour that they repeat counts twice, and a day that a zone left out does not exist.
Everything is counted in whole microseconds. Between two changes of the clocks local time runs evenly, and the open
time before any moment of it is whole weeks, plus a part of one, plus what special dates add or take (`_line`).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
LONGEST = timedelta(days=731)  # a due time further away than this never comes
_SECOND = 1_000_000
_MINUTE, _DAY, _WEEK = 60 * _SECOND, 86_400 * _SECOND, 7 * 86_400 * _SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MONDAY = date(1970, 1, 5).toordinal()
_MONDAY = 4 * _DAY  # the same on the local line, which begins with 1970
_MICROSECOND = timedelta(microseconds=1)


class Period(NamedTuple):
    """Open from one minute of a day to another; an end beyond 1440 lies on the next day, 2880 at most."""

    start_minute: int
    end_minute: int


Periods = tuple[Period, ...]
CLOSED: Periods = ()
WHOLE_DAY: Periods = (Period(0, DAY_MINUTES),)


@dataclass(frozen=True)
class Hours:
    """When it is open: a zone, the periods that begin on each weekday from Monday, and dates with their own.

    A date in `special` is decided by its own periods alone; () is closed. Nothing of the evening before reaches into
    it, while what begins on it may reach into the next date, unless that is special too. Raises ValueError.
    """

    zone: str
    weekly: tuple[Periods, ...]
    special: Mapping[date, Periods] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Check the periods and the zone, and keep `special` from being changed."""
        if len(self.weekly) != 7:
            raise ValueError("a week has seven days")
        for periods in (*self.weekly, *self.special.values()):
            for start, end in periods:
                if not 0 <= start < DAY_MINUTES or not start < end <= 2 * DAY_MINUTES:
                    raise ValueError(f"not a period: {start} to {end}")
        ZoneInfo(self.zone)
        object.__setattr__(self, "special", MappingProxyType(dict(self.special)))

    @cached_property
    def line(self) -> "_Line":
        """The open time along the local clock."""
        return _Line(self)


ALWAYS = Hours("UTC", (WHOLE_DAY,) * 7)


def open_between(start: datetime, end: datetime, hours: Hours) -> float:
    """Return the seconds of open time from `start` to `end`, both aware; 0 if `end` is not later."""
    first, last = _instant(start), _instant(end)
    line = hours.line
    pieces = (
        line.before(stop + offset) - line.before(begin + offset)
        for begin, stop, offset in _even(hours.zone, first, last)
    )
    return sum(pieces) / _SECOND


def open_after(start: datetime, seconds: float, hours: Hours) -> datetime | None:
    """Return the first moment (UTC) at which `seconds` of open time have passed since `start`.

    That is the end of a period rather than the beginning of the next, and `start` itself for nothing to pass.
    None: it does not come within two years, as in a calendar that never opens.
    """
    first, left = _instant(start), round(seconds * _SECOND)
    if left <= 0:
        return start.astimezone(UTC)
    line = hours.line
    for begin, stop, offset in _even(hours.zone, first, first + LONGEST // _MICROSECOND):
        before = line.before(begin + offset)
        open_here = line.before(stop + offset) - before
        if open_here >= left:
            return _EPOCH + (line.reach(before + left, begin + offset, stop + offset) - offset) * _MICROSECOND
        left -= open_here
    return None


def next_change(zone: str, after: datetime) -> datetime | None:
    """Return when the clocks of a zone are next changed (UTC); None: not within two years."""
    first = _instant(after)
    stretches = _even(zone, first, first + LONGEST // _MICROSECOND)
    next(stretches)
    return next((_EPOCH + begin * _MICROSECOND for begin, _, _ in stretches), None)


class _Line:
    """Open microseconds along local time, counted from 1970 as if the clocks were never changed."""

    def __init__(self, hours: Hours) -> None:
        self._days = [_open_on(own, eve) for own, eve in _with_eve(hours.weekly)]
        self._sums = _running(_length(one) for one in self._days)  # before each weekday, and of the whole week
        exceptions = self._exceptions(hours)
        self._dates = [day for day, _ in exceptions]
        self._own = [spans for _, spans in exceptions]
        self._gains = _running(_length(spans) - _length(self._days[_weekday(day)]) for day, spans in exceptions)

    def _exceptions(self, hours: Hours) -> list[tuple[int, "_Spans"]]:
        """Return the dates (as days of the line) that are not like every week's, and when they are open."""
        found: dict[int, _Spans] = {}
        for day, periods in hours.special.items():
            found[_day_of(day)] = _open_on(periods, CLOSED)
            after = day.toordinal() + 1
            if after <= date.max.toordinal() and date.fromordinal(after) not in hours.special:
                following = date.fromordinal(after)
                found[_day_of(following)] = _open_on(hours.weekly[following.weekday()], periods)
        return sorted(found.items())

    def before(self, at: int) -> int:
        """Return the open time up to a moment of the line."""
        day, within = divmod(at, _DAY)
        return self._before_day(day) + sum(
            min(stop, within) - start for start, stop in self._open(day) if start < within
        )

    def reach(self, wanted: int, low: int, high: int) -> int:
        """Return the first moment between two where the open time before it is `wanted`, which lies in between."""
        first, last = low // _DAY, high // _DAY
        day = bisect_left(range(first, last + 1), wanted, key=lambda one: self._before_day(one + 1)) + first
        left = wanted - self._before_day(day)
        for start, stop in self._open(day):
            if left <= stop - start:
                return day * _DAY + start + left
            left -= stop - start
        raise AssertionError("there is less open time than was asked for")

    def _before_day(self, day: int) -> int:
        weeks, weekday = divmod(day - _MONDAY // _DAY, 7)
        gained = self._gains[bisect_left(self._dates, day)]
        return weeks * self._sums[7] + self._sums[weekday] + gained

    def _open(self, day: int) -> "_Spans":
        index = bisect_left(self._dates, day)
        if index < len(self._dates) and self._dates[index] == day:
            return self._own[index]
        return self._days[_weekday(day)]


_Spans = tuple[tuple[int, int], ...]


def _weekday(day: int) -> int:
    return (day - _MONDAY // _DAY) % 7


def _day_of(day: date) -> int:
    return day.toordinal() - _FIRST_MONDAY + _MONDAY // _DAY


def _with_eve(weekly: tuple[Periods, ...]) -> Iterator[tuple[Periods, Periods]]:
    return ((own, weekly[index - 1]) for index, own in enumerate(weekly))


def _open_on(own: Periods, eve: Periods) -> _Spans:
    """Return when a day is open, without overlaps: its own periods up to midnight, and what the eve's leave over."""
    todays = [(start, min(end, DAY_MINUTES)) for start, end in own]
    left_over = [(0, end - DAY_MINUTES) for _, end in eve if end > DAY_MINUTES]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(todays + left_over):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple((start * _MINUTE, end * _MINUTE) for start, end in merged)


def _length(spans: _Spans) -> int:
    return sum(stop - start for start, stop in spans)


def _running(lengths: Iterable[int]) -> list[int]:
    sums = [0]
    for one in lengths:
        sums.append(sums[-1] + one)
    return sums


def _instant(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("a time without a zone can't be placed")
    return (at - _EPOCH) // _MICROSECOND


def _even(zone: str, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Cut a stretch of time where the zone's clocks are changed: begin, end, and offset from UTC, in microseconds."""
    if first >= last:
        return
    begin, offset = first, _offset(zone, first)
    for year in range(_year(first), _year(last) + 1):
        turns = _turns(zone, year)
        for at, new_offset in turns[bisect_right(turns, first, key=lambda turn: turn[0]) :]:
            if at >= last:
                break
            yield begin, at, offset
            begin, offset = at, new_offset
    yield begin, last, offset


@lru_cache(maxsize=4096)
def _turns(zone: str, year: int) -> tuple[tuple[int, int], ...]:
    """Return when the clocks of a zone are changed in a year (UTC), and to which offset."""
    found: list[tuple[int, int]] = []
    low = (date(year, 1, 1).toordinal() - date(1970, 1, 1).toordinal()) * _DAY
    high = (date(year, 12, 31).toordinal() + 1 - date(1970, 1, 1).toordinal()) * _DAY
    before = _offset(zone, low)
    for start in range(low, high, _DAY):
        after = _offset(zone, start + _DAY)
        if after != before:
            found.append((_turn(zone, start, start + _DAY), after))
        before = after
    return tuple(found)


def _turn(zone: str, low: int, high: int) -> int:
    """Return the second within a day from which another offset holds."""
    before, first, last = _offset(zone, low), low // _SECOND, high // _SECOND
    return bisect_left(range(first, last), True, key=lambda at: _offset(zone, at * _SECOND) != before) * _SECOND + low


def _offset(zone: str, at: int) -> int:
    moment = (_EPOCH + at * _MICROSECOND).astimezone(ZoneInfo(zone))
    found = moment.utcoffset()
    assert found is not None
    return found // _MICROSECOND


def _year(at: int) -> int:
    return (_EPOCH + at * _MICROSECOND).year
