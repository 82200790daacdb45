"""Who is on, found minute by minute with nothing but a clock on the wall: what the arithmetic is compared with.

A moment of the day "has come" once the wall has shown it or something later. So what is leapt over has come with the
leap, and what is shown twice has come at the first time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from inbox.oncall.shifts import Change, Desk, Turns

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# A stretch of ten days in each, with something odd in the middle.
WINDOWS = {
    "Madrid, spring": ("Europe/Madrid", datetime(2026, 3, 24, tzinfo=UTC)),
    "Madrid, autumn": ("Europe/Madrid", datetime(2026, 10, 20, tzinfo=UTC)),
    "Madrid, leap day": ("Europe/Madrid", datetime(2028, 2, 24, tzinfo=UTC)),
    "Mexico City, the last spring": ("America/Mexico_City", datetime(2022, 3, 29, tzinfo=UTC)),
    "Mexico City, the last autumn": ("America/Mexico_City", datetime(2022, 10, 25, tzinfo=UTC)),
    "Santiago, at midnight back": ("America/Santiago", datetime(2026, 3, 31, tzinfo=UTC)),
    "Santiago, at midnight on": ("America/Santiago", datetime(2026, 9, 1, tzinfo=UTC)),
    "Apia, a day that was not": ("Pacific/Apia", datetime(2011, 12, 25, tzinfo=UTC)),
    "Apia, autumn": ("Pacific/Apia", datetime(2021, 3, 29, tzinfo=UTC)),
}
LENGTH = timedelta(days=10)


@dataclass(frozen=True)
class Minute:
    """A minute, and the latest that the wall has shown by then."""

    at: datetime
    shown: datetime


@cache
def minutes(window: str) -> tuple[Minute, ...]:
    """Return every minute of a window."""
    zone, start = WINDOWS[window]
    there = ZoneInfo(zone)
    found = []
    shown = datetime(1900, 1, 1)  # noqa: DTZ001  # what a wall shows has no zone
    at = start - 2 * DAY
    while at < start + LENGTH:
        shown = max(shown, at.astimezone(there).replace(tzinfo=None))
        if at >= start:
            found.append(Minute(at, shown))
        at += MINUTE
    return tuple(found)


def turns(window: str, plan: Turns) -> Iterator[int | None]:
    """Give who has the turn in each minute."""
    passed = 0
    before: datetime | None = None
    for one in minutes(window):
        if one.at < plan.first_at:
            yield None
            continue
        if before is not None:
            passed += sum(1 for day in _days(before, one.shown) if before < _on(day, plan) <= one.shown)
        before = one.shown
        yield plan.member_ids[(plan.first + passed) % len(plan.member_ids)]


def sitting(window: str, plan: Desk) -> Iterator[set[int]]:
    """Give who is at the desk in each minute by the plan."""
    for one in minutes(window):
        there = set()
        for day in (one.shown - DAY, one.shown):
            midnight = day.replace(hour=0, minute=0, second=0)
            for shift in plan.weekly:
                length = shift.until_minute + (0 if shift.until_minute > shift.from_minute else 1440)
                begins, ends = midnight + shift.from_minute * MINUTE, midnight + length * MINUTE
                if shift.weekday == day.weekday() and begins <= one.shown < ends:
                    there.add(shift.member_id)
        yield there


def changed(
    window: str, base: Iterable[set[int]], changes: tuple[Change, ...], left_at: dict[int, datetime], *, is_desk: bool
) -> Iterator[set[int]]:
    """Give who is on in each minute once the last word about it is heard."""
    for one, planned in zip(minutes(window), base, strict=True):
        there = {number for number in planned if not _gone(left_at, number, one.at)}
        for change in changes:
            is_for_nobody = not change.is_off and _gone(left_at, change.member_id, one.at)
            if is_for_nobody or not change.start_at <= one.at < change.end_at:
                continue
            there = there - {change.member_id} if is_desk else set()
            there |= set() if change.is_off else {change.member_id}
        yield there


def _gone(left_at: dict[int, datetime], member_id: int, at: datetime) -> bool:
    return member_id in left_at and left_at[member_id] <= at


def _days(start: datetime, end: datetime) -> Iterator[datetime]:
    day = start.replace(hour=0, minute=0)
    while day <= end:
        yield day
        day += DAY


def _on(day: datetime, plan: Turns) -> datetime:
    """Return the handoff of a day; far in the past for a day that has none."""
    if not plan.is_daily and day.weekday() != plan.weekday:
        return datetime(1900, 1, 1)  # noqa: DTZ001
    return day + plan.minute * MINUTE
