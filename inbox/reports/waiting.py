"""Counts who waits now: what falls due in each hour, and who holds how many of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.database import UtcDateTime
from inbox.members.models import Member
from inbox.reports.figures import start_of_quarter
from inbox.reports.outcomes import DUE_QUARTER, T, is_due_within
from inbox.reports.scope import Scope, conditions, is_seen, narrowing
from inbox.reports.spans import Window

SOON = timedelta(hours=4)
_NOW, _SOON_AT = (bindparam(name, type_=UtcDateTime()) for name in ("now", "soon_at"))
_MEMBER = table_of(Member).c
IS_OPEN = T.ended_at.is_(None)


class Held(NamedTuple):
    """How many of those who wait are one member's on one side of a channel; `assignee_id` None: nobody's."""

    assignee_id: int | None
    channel_id: int
    waiting: int
    due_soon: int
    overdue: int
    paused: int


def list_held(session: Session, scope: Scope, now: datetime) -> list[Held]:
    """Count who waits, by who holds them and by channel."""
    rows = session.execute(_held(scope.shape), scope.values | {"now": now, "soon_at": now + SOON})
    return [Held._make(row) for row in rows]


def list_falling_due(session: Session, scope: Scope, hours: Sequence[Window]) -> list[int]:
    """Count who must be answered within each of some windows that follow each other."""
    between = {"from_at": hours[0].from_at, "until_at": hours[-1].until_at}
    found: Counter[int] = Counter()
    for quarter, count in session.execute(_falling_due(scope.shape), scope.values | between):
        at = start_of_quarter(quarter)
        found[next(number for number, hour in enumerate(hours) if at < hour.until_at)] += count
    return [found[number] for number in range(len(hours))]


def list_names(session: Session, member_ids: Sequence[int]) -> dict[int, str]:
    """Return members' names."""
    rows = session.execute(select(_MEMBER.id, _MEMBER.name).where(_MEMBER.id.in_(member_ids)))
    return {row.id: row.name for row in rows}


@lru_cache(maxsize=8)
def _held(shape: tuple[bool, bool]) -> Select[Any]:
    counts = (
        func.count(),
        func.count().filter(T.due_at >= _NOW, T.due_at < _SOON_AT),
        func.count().filter(T.due_at < _NOW),
        func.count().filter(T.is_paused),
    )
    # By side too, as the index has them: what is counted comes in order, and what is seen is asked once a group.
    by = (T.channel_id, T.is_private, T.assignee_id)
    found = select(T.assignee_id, T.channel_id, *counts).where(IS_OPEN, *narrowing(T, shape))
    return found.group_by(*by).having(is_seen(T))


@lru_cache(maxsize=8)
def _falling_due(shape: tuple[bool, bool]) -> Select[Any]:
    counts = select(DUE_QUARTER, func.count()).where(IS_OPEN, *is_due_within(), *conditions(T, shape))
    return counts.group_by(DUE_QUARTER)
