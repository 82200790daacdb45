"""Adds days up into months, so that a year is read from a dozen of them (docs/decisions/0031)."""

from sqlalchemy import Integer, bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.reports.days import list_marked
from inbox.reports.models import SlaDay, SlaDayCounted, SlaMonth, SlaMonthCounted
from inbox.reports.outcomes import COUNTS, DIGITS
from inbox.reports.spans import first_day_of, month_of

_DAY = table_of(SlaDay).c
_BY = (_DAY.channel_id, _DAY.is_private, _DAY.team_id, _DAY.priority, _DAY.is_first)
_SUMS = (
    *(func.sum(_DAY[count.name]) for count in COUNTS),
    *(func.aggregate_strings(_DAY[digits.name], "") for digits in DIGITS),
)
_COLUMNS = ("month", *(column.name for column in (*_BY, *COUNTS, *DIGITS)))
_FIRST, _NEXT = bindparam("first", type_=Integer), bindparam("next", type_=Integer)
_SUMMED = select(bindparam("number", type_=Integer), *_BY, *_SUMS).where(_DAY.day >= _FIRST, _DAY.day < _NEXT)
_SUM = insert(table_of(SlaMonth)).from_select(list(_COLUMNS), _SUMMED.group_by(*_BY))


def list_fresh(session: Session) -> frozenset[int]:
    """Return the months that are added up from their days as these are kept now."""
    return frozenset(session.scalars(select(SlaMonthCounted.month).where(SlaMonthCounted.is_stale.is_(False))))


def list_unsummed(session: Session) -> list[int]:
    """Return the months to add up, newest first: every day of them is counted, and none has to be counted again."""
    stale = session.scalars(select(SlaMonthCounted.month).where(SlaMonthCounted.is_stale.is_(True))).all()
    if not stale:
        return []
    changing = {month_of(day) for day in list_marked(session)}
    counted = set(session.scalars(select(SlaDayCounted.day)))
    whole = (month for month in stale if counted.issuperset(_days_of(month)))
    return sorted((month for month in whole if month not in changing), reverse=True)


def sum_month(session: Session, month: int) -> None:
    """Add up a month's days; who counts one of them waits until this commits, and then makes the month stale again."""
    summed = update(SlaMonthCounted).where(SlaMonthCounted.month == month).values(is_stale=False)
    session.execute(summed)
    session.execute(delete(SlaMonth).where(SlaMonth.month == month))
    days = _days_of(month)
    session.execute(_SUM, {"number": month, "first": days.start, "next": days.stop})


def _days_of(month: int) -> range:
    return range(first_day_of(month), first_day_of(month + 1))
