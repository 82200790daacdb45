"""All-day events of an iCalendar file (RFC 5545) as closed days; pure, and every file is taken for a stranger's.

Only what says on which dates it falls is read: times of day, zones, alarms and people are passed over. Work is
bounded: by the file's size, by the number of events and dates, and by which recurrences are followed at all.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from inbox.calendars.models import Source
from inbox.calendars.plan import Day
from inbox.calendars.recurring import list_dates
from inbox.errors import Invalid

MOST_BYTES = 1024 * 1024
MOST_EVENTS = 5_000
MOST_RECURRING = 100
MOST_DATES = 250
_LONGEST_EVENT = 400  # days
_LONGEST_NAME = 120
_FOLD = re.compile(r"\r?\n[ \t]")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T000000)?")
_DURATION = re.compile(r"P(?:(\d{1,3})W)?(?:(\d{1,4})D)?")
_ESCAPED = re.compile(r"\\(.)")


@dataclass
class _Event:
    """The lines of one event that say when it is and what it is called."""

    start: str = ""
    end: str = ""
    duration: str = ""
    rule: str = ""
    name: str = ""
    is_off: bool = False  # cancelled, or it blocks nothing
    without: list[str] = field(default_factory=list)
    also: list[str] = field(default_factory=list)


def read_closed_days(body: bytes, first: date, last: date) -> tuple[Day, ...]:
    """Return the dates between two on which an all-day event falls, with its name. Raises Invalid."""
    if len(body) > MOST_BYTES:
        raise Invalid("feed_too_large", most=MOST_BYTES // 1024)
    found: dict[date, Day] = {}
    recurring = 0
    for event in _events(body):
        recurring += bool(event.rule)
        if recurring > MOST_RECURRING:
            raise Invalid("feed_has_too_many", most=MOST_RECURRING)
        name = _name(event.name)
        for day in _dates(event, first, last):
            found.setdefault(day, Day(day, name, Source.FEED))
        if len(found) > MOST_DATES:
            raise Invalid("feed_has_too_many", most=MOST_DATES)
    return tuple(found[day] for day in sorted(found))


def _events(body: bytes) -> Iterator[_Event]:
    text = body.decode("utf-8-sig", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    lines = _FOLD.sub("", text).splitlines()
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        raise Invalid("feed_not_icalendar")
    event: _Event | None = None
    inside = count = 0  # how deep in parts of an event, which are not its own lines
    for line in lines:
        start = line[:20].strip().upper()
        if event is None:
            event = _Event() if start == "BEGIN:VEVENT" else None
        elif start == "END:VEVENT":
            yield event
            event, inside, count = None, 0, count + 1
            if count >= MOST_EVENTS:
                raise Invalid("feed_has_too_many", most=MOST_EVENTS)
        elif start.startswith(("BEGIN:", "END:")):
            inside += 1 if start.startswith("BEGIN:") else -1
        elif inside == 0:
            _take(event, line)


def _take(event: _Event, line: str) -> None:
    head, _, value = line.partition(":")
    name = head.partition(";")[0].strip().upper()
    value = value.strip()
    if name == "DTSTART":
        event.start = value
    elif name == "DTEND":
        event.end = value
    elif name == "DURATION":
        event.duration = value
    elif name == "RRULE":
        event.rule = value
    elif name == "SUMMARY":
        event.name = value
    elif name in ("EXDATE", "RDATE"):
        dates = event.without if name == "EXDATE" else event.also
        dates += value.split(",")[:MOST_DATES]
    elif (name, value.upper()) == ("STATUS", "CANCELLED"):
        event.is_off = True


def _dates(event: _Event, first: date, last: date) -> Iterator[date]:
    start = _date(event.start)
    if start is None or event.is_off or (event.end and _date(event.end) is None):
        return
    length = _length(event, start)
    begins = {start} if not event.rule else {*list_dates(event.rule, start, first - timedelta(days=length), last)}
    begins |= set(_listed(event.also))
    for begin in begins - set(_listed(event.without)):
        low, high = begin.toordinal(), begin.toordinal() + length - 1
        yield from map(date.fromordinal, range(max(low, first.toordinal()), min(high, last.toordinal()) + 1))


def _length(event: _Event, start: date) -> int:
    """Return how many days an event takes: to its end, which is the first date without it."""
    end, days = _date(event.end), 1
    if end is not None:
        days = (end - start).days
    elif event.duration and (lasts := _DURATION.fullmatch(event.duration)):
        days = 7 * int(lasts[1] or 0) + int(lasts[2] or 0)
    return min(max(days, 1), _LONGEST_EVENT)


def _listed(texts: Iterable[str]) -> Iterator[date]:
    return (day for text in texts if (day := _date(text.strip())) is not None)


def _date(text: str) -> date | None:
    """Return a date, also where it is written as a midnight; None for a time of day, and for what is no date."""
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _name(text: str) -> str:
    plain = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], text[:1_000])
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())[:_LONGEST_NAME]
