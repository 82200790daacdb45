"""Open time, read off a table of quarters of an hour: another way than that of inbox.calendars."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
_MICROSECOND = timedelta(microseconds=1)
_WHOLE = QUARTER // _MICROSECOND
Opening = Mapping[int, tuple[tuple[int, int], ...]]  # by weekday from Monday: minutes of the day


class OpenTime:
    """Which quarters of an hour are open between two moments, and how much open time has passed before each."""

    def __init__(
        self, zone: str, opening: Opening, closed: Iterable[date], first_at: datetime, until_at: datetime
    ) -> None:
        self.first_at = first_at
        self._zone, self._opening, self._closed = ZoneInfo(zone), opening, frozenset(closed)
        count = (until_at - first_at) // QUARTER
        self._open = [self._is_open(first_at + number * QUARTER) for number in range(count)]
        self._before = [0, *accumulate(_WHOLE if is_open else 0 for is_open in self._open)]

    def _is_open(self, at: datetime) -> bool:
        local = at.astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        if local.date() in self._closed:
            return False
        return any(start <= minute < end for start, end in self._opening.get(local.weekday(), ()))

    def before(self, at: datetime) -> int:
        """Return the open microseconds from the beginning of the table to a moment."""
        number, rest = divmod((at - self.first_at) // _MICROSECOND, _WHOLE)
        return self._before[number] + (rest if self._open[number] else 0)

    def reach(self, passed: int) -> datetime:
        """Return the first moment before which so many open microseconds lie."""
        number = bisect_left(self._before, passed)
        return self.first_at + number * QUARTER - (self._before[number] - passed) * _MICROSECOND

    def due_at(self, started_at: datetime, seconds: int, pauses: list[tuple[datetime, datetime | None]]) -> datetime:
        """Return when so many seconds have passed without the pauses, of which those count that come before that."""
        goal = self.before(started_at) + seconds * 1_000_000
        due_at = self.reach(goal)
        for from_at, until_at in pauses:
            if until_at is not None and from_at < due_at:
                goal += self.before(until_at) - self.before(from_at)
                due_at = self.reach(goal)
        return due_at

    def seconds(self, from_at: datetime, until_at: datetime, pauses: list[tuple[datetime, datetime | None]]) -> float:
        """Return the open seconds between two moments, without the pauses."""
        whole = self.before(until_at) - self.before(from_at)
        stood = sum(self.before(min(b or until_at, until_at)) - self.before(a) for a, b in pauses if a < until_at)
        return (whole - stood) / 1_000_000
