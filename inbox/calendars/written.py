"""Hours as they are written in a version's JSON, and read from there."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from inbox.calendars.hours import Hours, Period, Periods


def write_hours(hours: Hours) -> dict[str, Any]:
    """Return plain JSON of hours."""
    return {
        "zone": hours.zone,
        "weekly": [write_periods(one) for one in hours.weekly],
        "special": {day.isoformat(): write_periods(one) for day, one in sorted(hours.special.items())},
    }


def read_hours(written: dict[str, Any]) -> Hours:
    """Return the hours that `write_hours` wrote."""
    special = {date.fromisoformat(day): read_periods(one) for day, one in written["special"].items()}
    return Hours(written["zone"], tuple(read_periods(one) for one in written["weekly"]), special)


def write_periods(periods: Periods) -> list[list[int]]:
    """Return periods as pairs of minutes."""
    return [[start, end] for start, end in periods]


def read_periods(written: Iterable[Iterable[int]]) -> Periods:
    """Return periods from pairs of minutes."""
    return tuple(Period(*pair) for pair in written)
