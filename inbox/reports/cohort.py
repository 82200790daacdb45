"""Counts those whose answer was due in a window: whole days from what is kept of them, the rest from the timers."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, not_, select
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.database import UtcDateTime
from inbox.reports.days import list_marked
from inbox.reports.figures import Tally, read_digits
from inbox.reports.models import SlaDay, SlaDayCounted
from inbox.reports.outcomes import COUNTS, DIGITS, GROUPS, T, count_timers
from inbox.reports.scope import Scope, conditions
from inbox.reports.spans import Parts, Window, split
from inbox.sla.days import day_of

_DAY, _COUNTED = table_of(SlaDay).c, table_of(SlaDayCounted).c
_NAMES = tuple(column.name for column in COUNTS)
_FIRST, _LAST = bindparam("first", type_=Integer), bindparam("last", type_=Integer)
_SUMS = tuple(func.sum(_DAY[name]).label(name) for name in _NAMES)
_TEXTS = tuple(func.aggregate_strings(_DAY[column.name], "").label(column.name) for column in DIGITS)
_KEYS = tuple(_DAY[column.name] for column in GROUPS)


@dataclass(frozen=True)
class Key:
    """What counts are kept apart by."""

    channel_id: int
    team_id: int | None
    priority: str
    is_first: bool


@dataclass
class Cohort:
    """Everybody whose answer was due in a window, by key, and when they began to wait (quarters of an hour)."""

    tallies: dict[Key, Tally]
    arrivals: Counter[int]

    def by(self, name: Callable[[Key], Any]) -> dict[Any, Tally]:
        """Return the counts kept apart by one thing alone."""
        return gather(self.tallies, name)


def gather(tallies: Mapping[Any, Tally], name: Callable[[Any], Any]) -> dict[Any, Tally]:
    """Add up tallies by what their keys have in common."""
    found: dict[Any, Tally] = defaultdict(Tally)
    for key, tally in tallies.items():
        found[name(key)].add(tally)
    return found


class Counted:
    """Which days are counted and unchanged since; asked once for all windows of a page."""

    def __init__(self, session: Session, windows: Sequence[Window]) -> None:
        """Read them for all of the windows."""
        # Marks come first: a day that is counted anew in between is then read from its timers.
        marked = list_marked(session)
        first = min(day_of(window.from_at) for window in windows)
        self._days = frozenset(session.scalars(select(_COUNTED.day).where(_COUNTED.day >= first))) - marked

    def split(self, window: Window) -> Parts:
        """Take a window apart."""
        return split(window, self._days.__contains__)


def read_cohort(session: Session, scope: Scope, window: Window, counted: Counted) -> Cohort:
    """Count everybody whose answer was due in a window."""
    texts: dict[Key, list[str]] = defaultdict(list)
    arrivals: list[str] = []
    tallies: dict[Key, Tally] = defaultdict(Tally)
    for row in _rows(session, scope, counted.split(window)):
        key = Key(row.channel_id, row.team_id, row.priority, bool(row.is_first))
        tallies[key].counts.update({name: int(getattr(row, name)) for name in _NAMES})
        texts[key].append(row.responses)
        arrivals.append(row.arrivals)
    for key, digits in texts.items():
        tallies[key].minutes = read_digits("".join(digits))
    return Cohort(dict(tallies), read_digits("".join(arrivals)))


def read_counts(session: Session, scope: Scope, windows: Sequence[Window], counted: Counted) -> list[Tally]:
    """Count each of several windows that follow each other; without percentiles."""
    parts = [counted.split(window) for window in windows]
    by_day = _read_days(session, scope, parts)
    found = []
    for part in parts:
        tally = Tally()
        for day in range(part.first, part.last + 1):
            tally.counts.update(by_day.get(day, {}))
        for rest in part.rest:
            row = session.execute(_timers(scope.shape, False), scope.values | _between(rest)).one()
            tally.counts.update({name: int(getattr(row, name)) for name in _NAMES})
        found.append(tally)
    return found


def _read_days(session: Session, scope: Scope, parts: Sequence[Parts]) -> dict[int, dict[str, int]]:
    holes = [day for part in parts for day in part.holes]
    between = {"first": min(part.first for part in parts), "last": max(part.last for part in parts), "holes": holes}
    rows = session.execute(_days(scope.shape, False), scope.values | between)
    return {row.day: {name: int(getattr(row, name)) for name in _NAMES} for row in rows}


def _rows(session: Session, scope: Scope, parts: Parts) -> Iterator[Any]:
    if parts.first <= parts.last:
        between = {"first": parts.first, "last": parts.last, "holes": list(parts.holes)}
        yield from session.execute(_days(scope.shape, True), scope.values | between)
    for rest in parts.rest:
        yield from session.execute(_timers(scope.shape, True), scope.values | _between(rest))


def _between(window: Window) -> dict[str, Any]:
    return {"from_at": window.from_at, "until_at": window.until_at}


@lru_cache(maxsize=16)
def _days(shape: tuple[bool, bool], is_whole: bool) -> Select[Any]:
    """SQL: what is kept of days, by key with all of it, or by day with the counts alone."""
    by = _KEYS if is_whole else (_DAY.day,)
    found = select(*by, *_SUMS, *(_TEXTS if is_whole else ())).group_by(*by)
    kept = (_DAY.day >= _FIRST, _DAY.day <= _LAST, not_(among(_DAY.day, "holes")))
    return found.where(*kept, *conditions(_DAY, shape))


@lru_cache(maxsize=16)
def _timers(shape: tuple[bool, bool], is_whole: bool) -> Select[Any]:
    """SQL: the same of timers."""
    within = is_due_within()
    if is_whole:
        return count_timers(*within, *conditions(T, shape))
    return select(*COUNTS).where(*within, *conditions(T, shape))


def is_due_within() -> tuple[Any, Any]:
    """SQL: the deadline lies in the window `from_at` to `until_at`."""
    from_at, until_at = (bindparam(name, type_=UtcDateTime()) for name in ("from_at", "until_at"))
    return T.due_at >= from_at, T.due_at < until_at
