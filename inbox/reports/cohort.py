"""Counts those whose answer was due in a window: months and days from what is kept, the rest from the timers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, not_, select
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.reports.days import list_marked
from inbox.reports.figures import Tally, count_numbers
from inbox.reports.models import SlaDay, SlaDayCounted, SlaMonth
from inbox.reports.months import list_fresh
from inbox.reports.outcomes import COUNTS, DIGITS, GROUPS, RATE_COUNTS, T, count_timers, is_due_within
from inbox.reports.scope import Scope, conditions
from inbox.reports.spans import Parts, Window, month_of, split
from inbox.sla.days import day_of, start_of

_DAY, _MONTH, _COUNTED = table_of(SlaDay).c, table_of(SlaMonth).c, table_of(SlaDayCounted).c
_NAMES = tuple(column.name for column in COUNTS)
_RATE_NAMES = tuple(column.name for column in RATE_COUNTS)
_FIRST, _LAST = bindparam("first", type_=Integer), bindparam("last", type_=Integer)
_IS_IN_RUN = (_DAY.day >= _FIRST, _DAY.day <= _LAST, not_(among(_DAY.day, "holes")))


@dataclass(frozen=True)
class Key:
    """What counts are kept apart by."""

    channel_id: int
    team_id: int | None
    priority: str
    is_first: bool


@dataclass(frozen=True)
class Part:
    """What a statement says of those with one key; `minutes`: four bytes an answer."""

    key: Key
    counts: Mapping[str, int]
    minutes: bytes

    @property
    def size(self) -> int:
        """Return how much work it is to count it."""
        return len(self.minutes)


@dataclass
class Cohort:
    """Everybody whose answer was due in a window, in parts, and when they began to wait (quarters of an hour)."""

    parts: Sequence[Part]
    arrivals: Counter[int]

    @cached_property
    def by_channel(self) -> dict[int, Tally]:
        """Return the counts of each channel."""
        return {channel_id: _count(parts) for channel_id, parts in self._apart(lambda key: key.channel_id).items()}

    @cached_property
    def whole(self) -> Tally:
        """Return the counts of all."""
        return gather(self.by_channel, lambda _channel_id: None).get(None) or Tally()

    def by(self, name: Callable[[Key], Any]) -> dict[Any, Tally]:
        """Return the counts kept apart by one thing alone: the largest of them is what the others leave of all."""
        apart = self._apart(name)
        largest = max(apart, key=lambda value: sum(part.size for part in apart[value]), default=None)
        found = {value: _count(parts) for value, parts in apart.items() if value != largest}
        return found | ({largest: self.whole.without(found.values())} if apart else {})

    def _apart(self, name: Callable[[Key], Any]) -> dict[Any, list[Part]]:
        found: dict[Any, list[Part]] = defaultdict(list)
        for part in self.parts:
            found[name(part.key)].append(part)
        return found


def gather(tallies: Mapping[Any, Tally], name: Callable[[Any], Any]) -> dict[Any, Tally]:
    """Add up tallies by what their keys have in common."""
    found: dict[Any, Tally] = defaultdict(Tally)
    for key, tally in tallies.items():
        found[name(key)].add(tally)
    return found


def _count(parts: Iterable[Part]) -> Tally:
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(part.counts)
    return Tally(counts, count_numbers(part.minutes for part in parts))


class Counted:
    """Which days and months are counted and unchanged since; asked once for all windows of a page."""

    def __init__(self, session: Session, windows: Sequence[Window]) -> None:
        """Read them for all of the windows."""
        # Marks come first: a day that is counted anew in between is then read from its timers, and its month by days.
        marked = list_marked(session)
        first = min(day_of(window.from_at) for window in windows)
        self.days = frozenset(session.scalars(select(_COUNTED.day).where(_COUNTED.day >= first))) - marked
        self._months = list_fresh(session) - {month_of(day) for day in marked}

    def split(self, window: Window) -> Parts:
        """Take a window apart."""
        return split(window, self.days.__contains__, self._months.__contains__)


def read_cohort(session: Session, scope: Scope, window: Window, counted: Counted) -> Cohort:
    """Count everybody whose answer was due in a window."""
    parts, arrivals = [], []
    for row in _rows(session, scope, counted.split(window)):
        key = Key(row.channel_id, row.team_id, row.priority, bool(row.is_first))
        counts = {name: int(getattr(row, name)) for name in _NAMES}
        parts.append(Part(key, counts, bytes.fromhex(row.responses)))
        arrivals.append(bytes.fromhex(row.arrivals))
    return Cohort(parts, count_numbers(arrivals))


def _rows(session: Session, scope: Scope, parts: Parts) -> Iterator[Any]:
    if parts.months:
        yield from session.execute(_months(scope.shape), scope.values | {"months": list(parts.months)})
    for first, last in parts.runs:
        between = {"first": first, "last": last, "holes": list(parts.holes)}
        yield from session.execute(_days(scope.shape), scope.values | between)
    for rest in parts.rest:
        yield from session.execute(_timers(scope.shape), scope.values | _between(rest))


def read_rates(session: Session, scope: Scope, windows: Sequence[Window], counted: Counted) -> list[Tally]:
    """Count of several windows that follow each other what the rate is made of.

    Where one ends and the next begins within a day that is counted, the shorter part of it is read from the timers,
    and the other is what that leaves.
    """
    edges = [window.from_at for window in windows] + [windows[-1].until_at]
    by_day = _read_days(session, scope, day_of(edges[0]), day_of(edges[-1]), counted)
    cut = [_cut(session, scope, edge, by_day) for edge in edges]
    found = []
    for number, window in enumerate(windows):
        first, last = day_of(window.from_at), day_of(window.until_at)
        if first == last:
            found.append(_read_rest(session, scope, window))
            continue
        tally = Tally()
        tally.add(cut[number][1])
        tally.add(cut[number + 1][0])
        for day in range(first + 1, last):
            whole = Window(start_of(day), start_of(day + 1))
            tally.add(by_day[day] if day in by_day else _read_rest(session, scope, whole))
        found.append(tally)
    return found


def _cut(session: Session, scope: Scope, edge: datetime, by_day: Mapping[int, Tally]) -> tuple[Tally, Tally]:
    """Count what of a day comes before and after a moment of it."""
    day = day_of(edge)
    before, after = Window(start_of(day), edge), Window(edge, start_of(day + 1))
    if day not in by_day:
        return _read_rest(session, scope, before), _read_rest(session, scope, after)
    if before.length <= after.length:
        first = _read_rest(session, scope, before)
        return first, by_day[day].without([first])
    second = _read_rest(session, scope, after)
    return by_day[day].without([second]), second


def _read_days(session: Session, scope: Scope, first: int, last: int, counted: Counted) -> dict[int, Tally]:
    """Return what is kept of the days that are counted, also of those with nothing in them."""
    days = range(first, last + 1)
    between = {"first": first, "last": last, "holes": [day for day in days if day not in counted.days]}
    rows = session.execute(_daily_rates(scope.shape), scope.values | between)
    found = {row.day: _rates(row) for row in rows}
    return {day: found.get(day) or Tally() for day in days if day in counted.days}


def _read_rest(session: Session, scope: Scope, window: Window) -> Tally:
    if window.from_at == window.until_at:
        return Tally()
    return _rates(session.execute(_timer_rates(scope.shape), scope.values | _between(window)).one())


def _rates(row: Any) -> Tally:
    return Tally(Counter({name: int(getattr(row, name)) for name in _RATE_NAMES}))


def _between(window: Window) -> dict[str, Any]:
    return {"from_at": window.from_at, "until_at": window.until_at}


def _kept(columns: Any, shape: tuple[bool, bool], *within: Any) -> Select[Any]:
    """SQL: what is kept of days or months, by key."""
    keys = [columns[column.name] for column in GROUPS]
    sums = [func.sum(columns[name]).label(name) for name in _NAMES]
    texts = [func.aggregate_strings(columns[column.name], "").label(column.name) for column in DIGITS]
    return select(*keys, *sums, *texts).where(*within, *conditions(columns, shape)).group_by(*keys)


@lru_cache(maxsize=8)
def _months(shape: tuple[bool, bool]) -> Select[Any]:
    return _kept(_MONTH, shape, among(_MONTH.month, "months"))


@lru_cache(maxsize=8)
def _days(shape: tuple[bool, bool]) -> Select[Any]:
    return _kept(_DAY, shape, *_IS_IN_RUN)


@lru_cache(maxsize=8)
def _timers(shape: tuple[bool, bool]) -> Select[Any]:
    """SQL: the same of timers."""
    return count_timers(*is_due_within(), *conditions(T, shape))


@lru_cache(maxsize=8)
def _daily_rates(shape: tuple[bool, bool]) -> Select[Any]:
    sums = [func.sum(_DAY[name]).label(name) for name in _RATE_NAMES]
    return select(_DAY.day, *sums).where(*_IS_IN_RUN, *conditions(_DAY, shape)).group_by(_DAY.day)


@lru_cache(maxsize=8)
def _timer_rates(shape: tuple[bool, bool]) -> Select[Any]:
    return select(*RATE_COUNTS).where(*is_due_within(), *conditions(T, shape))
