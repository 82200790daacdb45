"""What the form of a calendar holds, as typed; and the plan that it means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from flask import request

from inbox import clock
from inbox.calendars.hours import CLOSED
from inbox.calendars.models import Source
from inbox.calendars.plan import Day, Plan
from inbox.calendars.public_holidays import list_regions
from inbox.calendars.renewal import with_holidays
from inbox.calendars.typed import LONGEST_TEXT, read_typed, write_typed
from inbox.errors import Invalid
from inbox.members import forms

MOST_EXCEPTIONS = 40
BLANK_ROWS = 2
TARGET_HOURS = 24
MOST_HOURS = 10_000
_LONGEST_NAME = 120
_YEARS_AHEAD = 5


class Row(NamedTuple):
    """An exception as typed: closed where `hours` is empty."""

    day: str = ""
    hours: str = ""
    name: str = ""


@dataclass(frozen=True)
class Typed:
    """A calendar's form, texts as they were typed."""

    name: str = ""
    zone: str = "UTC"
    weekly: tuple[str, ...] = ("",) * 7
    country: str = ""
    region: str = ""
    rows: tuple[Row, ...] = ()
    listed: frozenset[str] = frozenset()  # the found dates that the form showed: `source:date`
    closed: frozenset[str] = frozenset()  # those of them that stay closed
    arrival: str = ""
    target: str = str(TARGET_HOURS)

    @property
    def all_rows(self) -> tuple[Row, ...]:
        """The exceptions, with some empty rows to fill."""
        return (*self.rows, *[Row()] * min(BLANK_ROWS, MOST_EXCEPTIONS - len(self.rows)))

    @property
    def target_hours(self) -> float:
        """The promise that the preview is about; raises Invalid."""
        try:
            hours = float(self.target.replace(",", "."))
        except ValueError:
            raise Invalid("target_not_hours") from None
        if not 1 <= hours <= MOST_HOURS:
            raise Invalid("target_not_hours")
        return hours

    def arrival_at(self) -> datetime | None:
        """Return when the preview's message arrives, on the calendar's clock; None if that is not given."""
        if not self.arrival:
            return None
        try:
            at = datetime.fromisoformat(self.arrival)
        except ValueError:
            raise Invalid("arrival_not_a_time", text=self.arrival) from None
        if not 2000 <= at.year <= 2100 or at.tzinfo is not None:
            raise Invalid("arrival_not_a_time", text=self.arrival)
        return at.replace(tzinfo=ZoneInfo(check_zone(self.zone)))


def of_plan(name: str, plan: Plan) -> Typed:
    """Return the form as it shows a plan."""
    rows = [
        Row(one.day.isoformat(), write_typed(one.periods), one.name)
        for one in plan.of(Source.HAND)
        if one.day >= clock.now().date()
    ]
    weekly = tuple(write_typed(one) for one in plan.weekly)
    return Typed(name, plan.zone, weekly, plan.country, plan.region, tuple(rows))


def of_request() -> Typed:
    """Return the form as it was sent."""
    days, hours, names = (request.form.getlist(f"exception_{part}") for part in ("day", "hours", "name"))
    rows = [
        Row(day.strip()[:20], opened.strip()[: LONGEST_TEXT + 1], one_line(name))
        for day, opened, name in zip(days, hours, names, strict=False)
    ]
    return Typed(
        name=forms.text("name"),
        zone=forms.text("zone", 60),
        weekly=tuple(forms.text(f"hours_{number}", LONGEST_TEXT + 1) for number in range(7)),
        country=forms.text("country", 10),
        region=forms.text("region", 40),
        rows=tuple(row for row in rows if any(row))[: MOST_EXCEPTIONS + 1],
        listed=frozenset(forms.text("listed", 20_000).split()),
        closed=frozenset(request.form.getlist("closed")),
        arrival=forms.text("arrival", 40),
        target=forms.text("target", 20) or str(TARGET_HOURS),
    )


def read_plan(typed: Typed, old: Plan | None) -> Plan:
    """Return the plan that a form means, from what the calendar had; raises Invalid naming the first thing to mend."""
    plan = old or Plan(typed.zone, (CLOSED,) * 7)
    plan = replace(plan, zone=check_zone(typed.zone), weekly=tuple(read_typed(one) for one in typed.weekly))
    is_of_country = typed.region in dict(list_regions(typed.country)) if typed.country and typed.region else False
    plan = with_holidays(plan, typed.country, typed.region if is_of_country else "")
    plan = replace(plan, days=tuple(_ticked(typed, one) for one in plan.days))
    over = [one for one in plan.of(Source.HAND) if one.day < clock.now().date()]
    plan = plan.with_days(Source.HAND, [*over, *_exceptions(typed.rows)])
    if not any(plan.weekly) and not any(one.periods for one in plan.days):
        raise Invalid("calendar_never_open")
    return plan


def check_zone(zone: str) -> str:
    """Return the name of a zone that there is; raises Invalid."""
    if zone not in available_timezones():
        raise Invalid("time_zone_unknown", time_zone=zone)
    return zone


def key_of(one: Day) -> str:
    """Return how the form names a found date."""
    return f"{one.source.value}:{one.day.isoformat()}"


def one_line(text: str) -> str:
    """Return a name in one line, cut to what fits."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_LONGEST_NAME]


def _ticked(typed: Typed, one: Day) -> Day:
    key = key_of(one)
    return replace(one, is_struck=key not in typed.closed) if key in typed.listed else one


def _exceptions(rows: Sequence[Row]) -> list[Day]:
    if len(rows) > MOST_EXCEPTIONS:
        raise Invalid("exceptions_too_many", most=MOST_EXCEPTIONS)
    days = [Day(_day(row), row.name, Source.HAND, read_typed(row.hours)) for row in rows]
    seen: set[date] = set()
    for one in days:
        if one.day in seen:
            raise Invalid("exception_twice", day=one.day.isoformat())
        seen.add(one.day)
    return days


def _day(row: Row) -> date:
    if not row.day:
        raise Invalid("exception_without_date")
    today = clock.now().date()
    try:
        day = date.fromisoformat(row.day)
    except ValueError:
        raise Invalid("exception_date", text=row.day) from None
    if not today - timedelta(days=1) <= day <= today + timedelta(days=366 * _YEARS_AHEAD):
        raise Invalid("exception_date", text=row.day)
    return day
