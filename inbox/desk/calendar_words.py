"""A calendar in words: its week, its dates, what a version changed, and when messages would be due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, get_day_names
from flask_babel import format_date, get_locale, ngettext

from inbox import clock
from inbox.calendars.hours import DAY_MINUTES, Periods, next_change, open_after
from inbox.calendars.models import Source
from inbox.calendars.plan import Day, Plan
from inbox.calendars.public_holidays import list_countries, list_regions
from inbox.calendars.typed import write_typed
from inbox.languages import gettext as _

_MOST_NAMED = 6


class Bar(NamedTuple):
    """A stretch of the week's picture: minutes from midnight, and which weekday's row."""

    row: int
    start: int
    length: int


@dataclass(frozen=True)
class Due:
    """A line of the preview: what arrives when, and when an answer would be due."""

    what: str
    arrival: str
    due: str


def weekdays(width: Literal["wide", "abbreviated"] = "wide") -> list[str]:
    """Return the names of the weekdays from Monday."""
    names = get_day_names(width, "stand-alone", get_locale())
    return [names[number] for number in range(7)]


def country_word(code: str) -> str:
    """Return a country's name in the reader's language."""
    locale = get_locale()
    return str(locale.territories.get(code, code)) if locale else code


def country_choices() -> list[tuple[str, str]]:
    """Return code and name of every country whose holidays are known, by name."""
    return sorted(((code, country_word(code)) for code in list_countries()), key=lambda one: one[1])


def place_word(plan: Plan) -> str:
    """Name the country and region whose holidays a calendar has; empty for none."""
    if not plan.country:
        return ""
    region = dict(list_regions(plan.country)).get(plan.region, "")
    return ", ".join(part for part in (country_word(plan.country), region) if part)


def periods_word(periods: Periods) -> str:
    """Say the hours of a day."""
    return write_typed(periods) or _("closed")


def week_words(plan: Plan) -> list[tuple[str, str]]:
    """Say the week: days that follow each other with the same hours are said together."""
    names = weekdays("abbreviated")
    said = []
    for periods, group in groupby(range(7), key=lambda number: plan.weekly[number]):
        days = list(group)
        name = names[days[0]] if len(days) == 1 else f"{names[days[0]]}–{names[days[-1]]}"
        said.append((name, periods_word(periods)))
    return said


def week_bars(plan: Plan) -> list[Bar]:
    """Return the week as bars; what reaches into the next day stands in that day's row."""
    bars = []
    for row, periods in enumerate(plan.weekly):
        for start, end in periods:
            bars.append(Bar(row, start, min(end, DAY_MINUTES) - start))
            if end > DAY_MINUTES:
                bars.append(Bar((row + 1) % 7, 0, end - DAY_MINUTES))
    return bars


def day_word(day: date) -> str:
    """Write a date with its weekday."""
    return str(format_date(day, "EEE d MMM yyyy"))


def source_word(source: Source) -> str:
    """Say where a date comes from."""
    words = {Source.HOLIDAYS: _("public holiday"), Source.FEED: _("from the feed"), Source.HAND: _("by hand")}
    return str(words[source])


def coming_days(plan: Plan, source: Source) -> list[Day]:
    """List the dates of a source that are not over."""
    return [one for one in plan.of(source) if one.day >= clock.now().date()]


def next_special(plan: Plan, most: int = 3) -> list[Day]:
    """List the next dates that are not as every week."""
    coming = (one for source in Source for one in coming_days(plan, source) if not one.is_struck)
    return sorted(coming, key=lambda one: one.day)[:most]


def changes(old: Plan, new: Plan) -> list[str]:
    """Say what a version changed, a sentence a thing."""
    return [*_general(old, new), *_weekly(old, new), *(said for one in Source for said in _dates(old, new, one))]


def _general(old: Plan, new: Plan) -> Iterator[str]:
    if old.zone != new.zone:
        yield _("Time zone: %(old)s, now %(new)s", old=old.zone, new=new.zone)
    if (old.country, old.region) != (new.country, new.region):
        nothing = _("none")
        yield _("Holidays of: %(old)s, now %(new)s", old=place_word(old) or nothing, new=place_word(new) or nothing)


def _weekly(old: Plan, new: Plan) -> Iterator[str]:
    for name, before, after in zip(weekdays(), old.weekly, new.weekly, strict=True):
        if before != after:
            yield _("%(day)s: %(old)s, now %(new)s", day=name, old=periods_word(before), new=periods_word(after))


def _dates(old: Plan, new: Plan, source: Source) -> Iterator[str]:
    before, after = ({one.day: one for one in plan.of(source)} for plan in (old, new))
    added = [after[day] for day in sorted(set(after) - set(before))]
    gone = [before[day] for day in sorted(set(before) - set(after))]
    changed = [after[day] for day in sorted(set(after) & set(before)) if after[day] != before[day]]
    what = source_word(source)
    if added:
        yield _("New dates (%(source)s): %(dates)s", source=what, dates=_named(added))
    if gone:
        yield _("Dates taken away (%(source)s): %(dates)s", source=what, dates=_named(gone))
    if changed:
        yield _("Dates changed (%(source)s): %(dates)s", source=what, dates=_named(changed))


def _named(days: Sequence[Day]) -> str:
    said = [_with_hours(one) for one in days[:_MOST_NAMED]]
    more = len(days) - len(said)
    return "; ".join([*said, ngettext("%(num)s more", "%(num)s more", more)] if more else said)


def _with_hours(one: Day) -> str:
    name = f"{day_word(one.day)} {one.name}".strip()
    if one.is_struck:
        return str(_("%(date)s: a day like any other", date=name))
    return f"{name}: {write_typed(one.periods)}" if one.periods else name


def preview(plan: Plan, chosen: datetime | None, target_hours: float) -> list[Due]:
    """Say when messages would be due: the chosen one, and those that show what a calendar does."""
    hours, zone = plan.hours(), ZoneInfo(plan.zone)
    lines = []
    for what, arrival in _arrivals(plan, chosen, zone):
        due = open_after(arrival, target_hours * 3600, hours)
        said = _moment(due, zone) if due else _("not within two years")
        lines.append(Due(what, _moment(arrival, zone), said))
    return lines


def _arrivals(plan: Plan, chosen: datetime | None, zone: ZoneInfo) -> Iterator[tuple[str, datetime]]:
    now = clock.now().astimezone(zone)
    if chosen is not None:
        yield _("Your message"), chosen
    yield _("Now"), now
    friday = now.date() + timedelta(days=(4 - now.weekday()) % 7 or 7)
    yield _("Friday evening"), _at(friday, time(18, 31), zone)
    for one in (day for day in next_special(plan, 40) if not day.periods and day.day > now.date()):
        eve = one.day - timedelta(days=1)
        yield _("The eve of %(day)s", day=one.name or day_word(one.day)), _at(eve, time(17), zone)
        break
    if (change := next_change(plan.zone, now)) is not None:
        day = (change - timedelta(seconds=1)).astimezone(zone).date() - timedelta(days=1)
        yield _("Before the clocks change"), _at(day, time(17), zone)


def _at(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return format_datetime(at, "EEE d MMM yyyy, HH:mm", tzinfo=zone, locale=get_locale())
