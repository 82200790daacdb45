"""Counts whole days of timers once they are over, and again when one of their timers changed (docs/decisions/0027)."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Integer, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import among, table_of
from inbox.reports.models import SlaDay, SlaDayCounted, SlaMonthCounted
from inbox.reports.outcomes import COUNTS, DIGITS, GROUPS, T, is_due_within
from inbox.reports.spans import month_of
from inbox.sla.days import SlaDayMark, day_of, start_of

KEPT_DAYS = 500  # the longest range and what it is compared with
# Whoever changed a timer of that day before it was over has committed by then (a request lasts seconds).
_SETTLES = timedelta(hours=6)
_COLUMNS = ("channel_id", "team_id", "priority", "is_first", "is_private")
_COUNT_NAMES = tuple(column.name for column in (*COUNTS, *DIGITS))
_MARK = table_of(SlaDayMark).c
_BY = (*GROUPS, T.is_private)
_COUNTED = select(bindparam("number", type_=Integer), *_BY, *COUNTS, *DIGITS).where(*is_due_within()).group_by(*_BY)
_COUNT = insert(table_of(SlaDay)).from_select(["day", *_COLUMNS, *_COUNT_NAMES], _COUNTED)


def list_marked(session: Session) -> frozenset[int]:
    """Return the days whose timers changed after they were counted."""
    return frozenset(session.scalars(select(_MARK.day).distinct()))


def list_uncounted(session: Session, now: datetime) -> list[int]:
    """Return the days that are over and must be counted, or counted again, newest first."""
    last = day_of(now - _SETTLES) - 1
    earliest = session.scalar(select(func.min(T.due_at)).where(T.due_at.is_not(None)))
    if earliest is None:
        return []
    first = max(day_of(earliest), last - KEPT_DAYS)
    counted = set(session.scalars(select(SlaDayCounted.day)))
    marked = list_marked(session)
    return [day for day in range(last, first - 1, -1) if day not in counted or day in marked]


def count_day(session: Session, day: int) -> None:
    """Count a day's timers; marks that come meanwhile stay, and it is counted once more."""
    _begin(session, day)
    marks = list(session.scalars(select(_MARK.id).where(_MARK.day == day)))
    session.execute(delete(SlaDay).where(SlaDay.day == day))
    session.execute(_COUNT, {"number": day, "from_at": start_of(day), "until_at": start_of(day + 1)})
    if marks:
        session.execute(delete(SlaDayMark).where(among(_MARK.id, "ids")), {"ids": marks})


def _begin(session: Session, day: int) -> None:
    """Let nobody else count this day until the transaction ends, nor add up its month."""
    begun = update(SlaDayCounted).where(SlaDayCounted.day == day).values(counted_at=clock.now())
    if cast("CursorResult[Any]", session.execute(begun)).rowcount == 0:
        session.execute(insert(SlaDayCounted).values(day=day, counted_at=clock.now()))
    month = month_of(day)
    stale = update(SlaMonthCounted).where(SlaMonthCounted.month == month).values(is_stale=True)
    if cast("CursorResult[Any]", session.execute(stale)).rowcount == 0:
        session.execute(insert(SlaMonthCounted).values(month=month, is_stale=True))
