"""What a calendar's form says: zone, weekly hours, a country's holidays, and whence each special date comes; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from inbox.calendars.hours import CLOSED, Hours, Periods
from inbox.calendars.models import Source
from inbox.calendars.written import read_periods, write_periods

# Who decides where two speak of one date: the later in this order.
_ORDER = (Source.HOLIDAYS, Source.FEED, Source.HAND)


@dataclass(frozen=True)
class Day:
    """A date with hours of its own. `is_struck`: it was found, but a lead says that it is a day like any other."""

    day: date
    name: str
    source: Source
    periods: Periods = CLOSED
    is_struck: bool = False


@dataclass(frozen=True)
class Plan:
    """A version of a calendar as a lead sees it; `country` "" has no holidays, `region` "" only the country's."""

    zone: str
    weekly: tuple[Periods, ...]
    country: str = ""
    region: str = ""
    holidays_until: int | None = None  # the last year whose holidays are in `days`
    days: tuple[Day, ...] = field(default=())

    def hours(self) -> Hours:
        """Return what is counted by; raises ValueError for periods or a zone that can't be."""
        special: dict[date, Periods] = {}
        for source in _ORDER:
            special |= {one.day: one.periods for one in self.of(source) if not one.is_struck}
        return Hours(self.zone, self.weekly, special)

    def of(self, source: Source) -> tuple[Day, ...]:
        """Return the dates that come from one source."""
        return tuple(one for one in self.days if one.source == source)

    def with_days(self, source: Source, days: Iterable[Day]) -> "Plan":
        """Return the plan with other dates from one source; what was struck stays struck."""
        struck = {one.day for one in self.of(source) if one.is_struck}
        fresh = (replace(one, source=source, is_struck=one.is_struck or one.day in struck) for one in days)
        others = (one for one in self.days if one.source != source)
        return replace(self, days=in_order((*others, *fresh)))

    def written(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "zone": self.zone,
            "weekly": [write_periods(one) for one in self.weekly],
            "country": self.country,
            "region": self.region,
            "holidays_until": self.holidays_until,
            "days": write_days(self.days),
        }


def in_order(days: Iterable[Day]) -> tuple[Day, ...]:
    """Return dates as they follow each other, one a source and date."""
    found = {(one.day, _ORDER.index(one.source)): one for one in days}
    return tuple(one for _, one in sorted(found.items(), key=lambda item: item[0]))


def read_plan(written: Mapping[str, Any]) -> Plan:
    """Return the plan that `Plan.written` wrote."""
    return Plan(
        zone=written["zone"],
        weekly=tuple(read_periods(one) for one in written["weekly"]),
        country=written["country"],
        region=written["region"],
        holidays_until=written["holidays_until"],
        days=read_days(written["days"]),
    )


def write_days(days: Iterable[Day]) -> list[dict[str, Any]]:
    """Return dates as plain JSON."""
    return [
        {
            "day": one.day.isoformat(),
            "name": one.name,
            "source": one.source.value,
            "periods": write_periods(one.periods),
            "is_struck": one.is_struck,
        }
        for one in days
    ]


def read_days(written: Iterable[Mapping[str, Any]]) -> tuple[Day, ...]:
    """Return the dates that `write_days` wrote."""
    return tuple(
        Day(
            day=date.fromisoformat(one["day"]),
            name=one["name"],
            source=Source(one["source"]),
            periods=read_periods(one["periods"]),
            is_struck=one["is_struck"],
        )
        for one in written
    )
