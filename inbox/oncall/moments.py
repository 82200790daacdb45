"""The moment at which a wall clock shows a time, across changes of the clock (pure)."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=8192)
def moment(day: date, minute: int, zone: str) -> datetime:
    """Return when the clock of `zone` shows a minute of a day, in UTC; `minute` from 0 to 1440, the next midnight.

    A time that the clock shows twice: the first. A time that it leaps over: the moment at which it leaps.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    there = ZoneInfo(zone)
    first = wall.replace(tzinfo=there, fold=0).astimezone(UTC)
    if first.astimezone(there).replace(tzinfo=None) == wall:
        return first
    return _leap(wall, there, wall.replace(tzinfo=there, fold=1).astimezone(UTC), first)


def local(at: datetime, zone: str) -> datetime:
    """Return what the clock of `zone` shows at a moment."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _leap(wall: datetime, there: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Return, to the second, when the clock leaps from before `wall` to beyond it; between two moments around it."""
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if middle.astimezone(there).replace(tzinfo=None) < wall:
            before = middle
        else:
            after = middle
    return after
