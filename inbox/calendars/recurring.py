"""On which dates an event recurs, by its RRULE (RFC 5545), within a window; pure.

Every day of every period of a rule is asked whether it fits, from near the window to its end. So a rule costs at most
what it takes to look at thirteen years, also one that never comes true: dateutil's walks such a rule to the year 9999.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

_MOST_YEARS = 10  # a rule that counts is walked from its start, if that is no longer ago
_LIST = r"[+-]?\d{1,3}(?:,[+-]?\d{1,3}){0,30}"
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY = f"(?:{'|'.join(_WEEKDAYS)})"
# What a rule of whole days may say; one that says anything else is not understood.
_PARTS: Mapping[str, re.Pattern[str]] = {
    "FREQ": re.compile("DAILY|WEEKLY|MONTHLY|YEARLY"),
    "INTERVAL": re.compile(r"0*[1-9]\d{0,2}"),
    "COUNT": re.compile(r"0*[1-9]\d{0,5}"),
    "UNTIL": re.compile(r"\d{8}(?:T\d{6}Z?)?"),
    "BYMONTH": re.compile(_LIST),
    "BYMONTHDAY": re.compile(_LIST),
    "BYSETPOS": re.compile(_LIST),
    "BYDAY": re.compile(rf"(?:[+-]?\d{{1,2}})?{_WEEKDAY}(?:,(?:[+-]?\d{{1,2}})?{_WEEKDAY}){{0,30}}"),
    "WKST": re.compile(_WEEKDAY),
}


@dataclass(frozen=True)
class _Rule:
    """A rule as it is walked; what the start says is filled in where the rule says nothing."""

    freq: str
    interval: int
    count: int | None
    until: date | None
    months: frozenset[int]
    month_days: frozenset[int]
    weekdays: frozenset[tuple[int, int]]  # which one, from either end, 0 for each; and of which weekday
    positions: frozenset[int]
    week_start: int


def list_dates(text: str, start: date, first: date, last: date) -> list[date]:
    """Return the dates of a rule between two; of one that is not understood, the start alone."""
    rule = _read(text, start)
    if rule is None:
        return [start]
    if rule.count is not None and (first - start).days > 366 * _MOST_YEARS:
        return []  # it counts from so long ago that it has ended, by all likelihood
    end = min(last, rule.until or last)
    if rule.count is None:
        return [day for day in _walk(rule, start, max(start, first), end) if day >= first]
    return [day for day in islice(_walk(rule, start, start, end), rule.count) if day >= first]


def _walk(rule: _Rule, start: date, begin: date, end: date) -> Iterator[date]:
    """Go through the periods of a rule, and the fitting days of each, from `begin` on."""
    number = max(_number(rule, begin) - _number(rule, start), 0) // rule.interval * rule.interval
    while True:
        days = _period(rule, start, number)
        if not days or days[0] > end:
            return
        fitting = [day for day in days if _fits(rule, day)]
        if rule.positions:
            fitting = [one for at, one in enumerate(fitting) if {at + 1, at - len(fitting)} & rule.positions]
        yield from (day for day in fitting if start <= day <= end)
        number += rule.interval


def _number(rule: _Rule, day: date) -> int:
    """Number the period in which a day lies."""
    if rule.freq == "YEARLY":
        return day.year
    if rule.freq == "MONTHLY":
        return 12 * day.year + day.month - 1
    if rule.freq == "WEEKLY":
        return (day.toordinal() - 1 - rule.week_start) // 7
    return day.toordinal()


def _period(rule: _Rule, start: date, number: int) -> list[date]:
    """Return the days of the period so many after the start's; none beyond the calendar's end."""
    at = _number(rule, start) + number
    try:
        if rule.freq == "YEARLY":
            return _days(date(at, 1, 1), 366 if monthrange(at, 2)[1] == 29 else 365)
        if rule.freq == "MONTHLY":
            return _days(date(at // 12, at % 12 + 1, 1), monthrange(at // 12, at % 12 + 1)[1])
        if rule.freq == "WEEKLY":
            return _days(date.fromordinal(7 * at + 1 + rule.week_start), 7)
        return [date.fromordinal(at)]
    except (ValueError, OverflowError):
        return []


def _days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=number) for number in range(count)]


def _fits(rule: _Rule, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and not {day.day, day.day - monthrange(day.year, day.month)[1] - 1} & rule.month_days:
        return False
    return not rule.weekdays or not {(0, day.weekday()), *_places(rule, day)}.isdisjoint(rule.weekdays)


def _places(rule: _Rule, day: date) -> Iterator[tuple[int, int]]:
    """Say which weekday of its month or year a day is, from the front and from the back."""
    if rule.freq in ("DAILY", "WEEKLY"):
        return
    in_month = rule.freq == "MONTHLY" or bool(rule.months)
    before = day.day - 1 if in_month else day.timetuple().tm_yday - 1
    after = (monthrange(day.year, day.month)[1] - day.day) if in_month else (date(day.year, 12, 31) - day).days
    yield before // 7 + 1, day.weekday()
    yield -(after // 7 + 1), day.weekday()


def _read(text: str, start: date) -> _Rule | None:
    """Return a rule; None if a part of it is not understood."""
    parts: dict[str, str] = {}
    for part in text.upper().rstrip(";").split(";"):
        key, _, value = part.partition("=")
        if key not in _PARTS or key in parts or not _PARTS[key].fullmatch(value):
            return None
        parts[key] = value
    if "FREQ" not in parts:
        return None
    until = parts.get("UNTIL", "")[:8]
    rule = _Rule(
        freq=parts["FREQ"],
        interval=int(parts.get("INTERVAL", 1)),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_date(until) if until else None,
        months=_numbers(parts.get("BYMONTH")),
        month_days=_numbers(parts.get("BYMONTHDAY")),
        weekdays=_weekdays(parts.get("BYDAY")),
        positions=_numbers(parts.get("BYSETPOS")),
        week_start=_WEEKDAYS.index(parts.get("WKST", "MO")),
    )
    return None if until and rule.until is None else _filled(rule, start)


def _filled(rule: _Rule, start: date) -> _Rule:
    """Return the rule with what it takes from its start: the day of the week, of the month, or of the year."""
    if rule.weekdays or rule.month_days or rule.freq == "DAILY":
        return rule
    if rule.freq == "WEEKLY":
        return replace(rule, weekdays=frozenset({(0, start.weekday())}))
    months = rule.months or (frozenset({start.month}) if rule.freq == "YEARLY" else rule.months)
    return replace(rule, months=months, month_days=frozenset({start.day}))


def _numbers(text: str | None) -> frozenset[int]:
    return frozenset(int(one) for one in text.split(",")) if text else frozenset()


def _weekdays(text: str | None) -> frozenset[tuple[int, int]]:
    each = text.split(",") if text else []
    return frozenset((int(one[:-2] or 0), _WEEKDAYS.index(one[-2:])) for one in each)


def _date(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
