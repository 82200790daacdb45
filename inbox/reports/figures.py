"""What a report's numbers are made of: counts, the rate, and percentiles of how long answers took; pure."""

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate
from sys import byteorder
from typing import TypeVar
from zoneinfo import ZoneInfo

from inbox.reports.outcomes import QUARTER_SECONDS, Kind

Value = TypeVar("Value", str, int)
DAYS, HOURS = 7, 24
_QUARTERS_AN_HOUR, _QUARTERS_A_DAY = 4, 96
_THURSDAY = 3  # 1 January 1970


@dataclass
class Tally:
    """Counts of timers whose deadline has passed; `minutes`: how many were answered after so long (see outcomes.py)."""

    counts: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Count others in."""
        _merge(self.counts, other.counts)
        _merge(self.minutes, other.minutes)

    def without(self, others: Iterable["Tally"]) -> "Tally":
        """Return what is left when others, who are counted in here, are taken away."""
        counts, minutes = Counter(self.counts), Counter(self.minutes)
        for other in others:
            counts.subtract(other.counts)
            minutes.subtract(other.minutes)
        return Tally(counts, +minutes)

    @property
    def in_time(self) -> int:
        """Who got an answer before the deadline."""
        return self.counts[Kind.IN_TIME]

    @property
    def late(self) -> int:
        """Who got one after it."""
        return self.counts[Kind.LATE]

    @property
    def overdue(self) -> int:
        """Who still waits for one."""
        return self.counts[Kind.OVERDUE]

    @property
    def answered(self) -> int:
        """Who got an answer."""
        return self.in_time + self.late

    @property
    def due(self) -> int:
        """Whose answer was due: what the rate is of."""
        return self.answered + self.overdue

    @property
    def rate(self) -> float | None:
        """The part that got an answer in time; None where nothing was due."""
        return self.in_time / self.due if self.due else None

    @property
    def within_day(self) -> float | None:
        """The part of those answered who got it within 24 hours of counted time; None where nobody was."""
        return self.counts["within_day"] / self.answered if self.answered else None

    def percentile(self, percent: int) -> int | None:
        """Return the whole minutes within which so many per cent of answers came (nearest rank); None: no answers."""
        values, below = self._ranked
        return values[bisect_left(below, -(-percent * below[-1] // 100))] if below else None

    @cached_property
    def _ranked(self) -> tuple[list[int], list[int]]:
        """Return the lengths, shortest first, and how many were answered within each; asked when all are in."""
        values = sorted(self.minutes)
        return values, list(accumulate(map(self.minutes.__getitem__, values)))


def _merge(mine: Counter[Value], theirs: Counter[Value]) -> None:
    for value, count in theirs.items():
        mine[value] = mine.get(value, 0) + count


def read_digits(digits: str) -> Counter[int]:
    """Count the numbers that stand in a text, eight hexadecimal digits each."""
    return count_numbers([bytes.fromhex(digits)])


def count_numbers(parts: Iterable[bytes]) -> Counter[int]:
    """Count numbers of four bytes each, the highest byte first."""
    numbers = array("I")
    numbers.frombytes(b"".join(parts))
    if byteorder == "little":
        numbers.byteswap()
    return Counter(numbers)


def start_of_quarter(quarter: int) -> datetime:
    """Return the moment at which a quarter of an hour begins."""
    return datetime.fromtimestamp(quarter * QUARTER_SECONDS, UTC)


def by_hour_of_week(quarters: Counter[int], zone: ZoneInfo) -> list[list[int]]:
    """Sum quarters of an hour since 1970 by weekday (Monday first) and hour of a zone's clock."""
    ahead = _Ahead(zone)
    table = [[0] * HOURS for _ in range(DAYS)]
    for quarter, count in quarters.items():
        hours = (quarter + ahead.at(quarter)) // _QUARTERS_AN_HOUR
        table[(hours // HOURS + _THURSDAY) % DAYS][hours % HOURS] += count
    return table


class _Ahead:
    """How many quarters of an hour a zone's clock is ahead of UTC: asked once a day unless it is changed in it."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._days: dict[int, int | None] = {}

    def at(self, quarter: int) -> int:
        """Return it for a quarter of an hour since 1970."""
        day = quarter // _QUARTERS_A_DAY
        if day not in self._days:
            first, last = (self._ask(day * _QUARTERS_A_DAY + one) for one in (0, _QUARTERS_A_DAY - 1))
            self._days[day] = first if first == last else None
        found = self._days[day]
        return self._ask(quarter) if found is None else found

    def _ask(self, quarter: int) -> int:
        ahead = start_of_quarter(quarter).astimezone(self._zone).utcoffset() or timedelta()
        return int(ahead.total_seconds() // QUARTER_SECONDS)


def steps(table: Iterable[Sequence[int]], most: int = 4) -> list[list[int]]:
    """Return for each number a size from 0 (nothing) to `most` (the highest), the rest in even parts."""
    rows = [list(row) for row in table]
    highest = max((number for row in rows for number in row), default=0)
    return [[-(-number * most // highest) if number else 0 for number in row] for row in rows]


def length_parts(minutes: int) -> tuple[int, int, int]:
    """Return whole days, hours and minutes."""
    length = timedelta(minutes=minutes)
    return length.days, length.seconds // 3600, length.seconds % 3600 // 60
