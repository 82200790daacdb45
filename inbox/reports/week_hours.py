"""Which quarters of an hour since 1970 make up one hour of the week on a zone's clock; pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from inbox.reports.outcomes import QUARTER_SECONDS
from inbox.reports.spans import DAY, Window
from inbox.sla.saving import LONGEST_SECONDS

_QUARTER = timedelta(seconds=QUARTER_SECONDS)
# A clock that is put forward or back moves an hour by two at most; zones may be at any quarter of one.
_AROUND = range(-8, 12)


@dataclass(frozen=True)
class WeekHour:
    """An hour of the week: weekday (Monday is 0) and hour, as the heat map has them."""

    day: int
    hour: int


def quarters_of(which: WeekHour, window: Window, zone: ZoneInfo) -> list[int]:
    """Return the quarters in which somebody may have begun to wait whose deadline lies in a window."""
    first = (window.from_at - timedelta(seconds=LONGEST_SECONDS)).astimezone(zone).date() - DAY
    first += DAY * ((which.day - first.weekday()) % 7)
    last = window.until_at.astimezone(zone).date()
    found: set[int] = set()
    for week in range((last - first).days // 7 + 1):
        start = datetime.combine(first + week * 7 * DAY, time(which.hour), zone).astimezone(UTC)
        found.update(_quarter(at) for place in _AROUND if _is_in(at := start + place * _QUARTER, which, zone))
    return sorted(found)


def _is_in(at: datetime, which: WeekHour, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return (local.weekday(), local.hour) == (which.day, which.hour)


def _quarter(at: datetime) -> int:
    return int(at.timestamp() // QUARTER_SECONDS)
