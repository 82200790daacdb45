"""What the forms of rotations hold, read from the request and given back as it was; readers raise Invalid."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from flask import request

from inbox.errors import Invalid
from inbox.members import forms
from inbox.numbers import read_number
from inbox.oncall.moments import DAY_MINUTES, moment
from inbox.oncall.plans import check_zone
from inbox.oncall.rotations import Wanted
from inbox.oncall.shifts import Desk, Turns, Weekly

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_SHIFT = re.compile(r"([0-9:]{4,5})\s{0,3}[-–]\s{0,3}([0-9:]{4,5})")
MOST_PLACES = 100
_LONGEST = 200


@dataclass(frozen=True)
class DeskRow:
    """A member's week as the form shows it: seven texts."""

    member_id: int | None
    days: tuple[str, ...]


def read_turns(zone: str, started: Turns | None) -> Turns:
    """Return the turns that the form asks for; `started`: those that have begun already, whose beginning stays."""
    minute, is_daily = _read_clock(forms.text("minute")), forms.text("cadence") == "daily"
    weekday = read_number(forms.text("weekday"))
    if minute is None or weekday is None or weekday > 6:
        raise Invalid("handoff_malformed")
    first_at = started.first_at if started else moment(_read_date(forms.text("start_date")), minute, zone)
    places = [read_number(given) for given in request.form.getlist("place")[:MOST_PLACES] if given]
    member_ids = tuple(number for number in places if number is not None)
    return Turns(member_ids, is_daily, weekday, minute, zone, first_at)


def read_desk(zone: str) -> Desk:
    """Return the week that the form asks for; a row of nobody is left out."""
    found: list[Weekly] = []
    for row in given_rows():
        for weekday, text in enumerate(row.days):
            shifts = read_shifts(text)
            if shifts and row.member_id is None:
                raise Invalid("desk_member_missing")
            found += [Weekly(row.member_id or 0, weekday, start, end) for start, end in shifts]
    return Desk(tuple(found), zone)


def read_wanted(kind: str, started: Turns | None = None) -> Wanted:
    """Return what the form of a rotation asks for."""
    zone = forms.text("time_zone")
    check_zone(zone)
    return Wanted(forms.text("name"), read_desk(zone) if kind == "desk" else read_turns(zone, started))


def given_rows() -> list[DeskRow]:
    """Return the rows of the desk's form as they were given."""
    numbers = request.form.getlist("row")[:MOST_PLACES]
    days = [request.form.getlist(f"day{weekday}") for weekday in range(7)]
    return [
        DeskRow(read_number(number), tuple(texts[place][:_LONGEST] if place < len(texts) else "" for texts in days))
        for place, number in enumerate(numbers)
    ]


def read_shifts(text: str) -> list[tuple[int, int]]:
    """Return the shifts of a day as minutes of it, from `9:00-13:00, 15:00-18:00`; raises Invalid."""
    found = []
    for part in text.replace(";", ",").split(","):
        if not part.strip():
            continue
        match = _SHIFT.fullmatch(part.strip())
        start, end = (_read_clock(match[1]), _read_clock(match[2])) if match else (None, None)
        if start is None or end is None or start == DAY_MINUTES:
            raise Invalid("shift_malformed", given=part.strip()[:40])
        found.append((start, end))
    return found


def write_shifts(desk: Desk, member_id: int, weekday: int) -> str:
    """Write a member's shifts of a weekday as the form takes them."""
    mine = [one for one in desk.weekly if (one.member_id, one.weekday) == (member_id, weekday)]
    return ", ".join(f"{write_clock(one.from_minute)}-{write_clock(one.until_minute)}" for one in mine)


def write_clock(minute: int) -> str:
    """Write a minute of the day as a clock shows it: 09:00, and 24:00 for the day's end."""
    return f"{minute // 60:02}:{minute % 60:02}"


def read_override(zone: str) -> tuple[int, datetime, datetime, bool]:
    """Return who is on or off, from when and until when by the clock of a zone, and whether off; raises Invalid."""
    times = [_read_time(forms.text(name), zone) for name in ("from", "until")]
    return forms.whole_number("member_id"), times[0], times[1], forms.text("what") == "off"


def _read_clock(text: str) -> int | None:
    match = _CLOCK.fullmatch(text)
    minute = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else DAY_MINUTES + 1
    return minute if minute <= DAY_MINUTES else None


def _read_date(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise Invalid("start_date_malformed") from None
    if not 2000 <= found.year <= 2100:
        raise Invalid("start_date_malformed")
    return found


def _read_time(text: str, zone: str) -> datetime:
    """Return the moment at which the clock of a zone shows what a field for date and time holds."""
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("override_time_malformed") from None
    if wall.tzinfo is not None or not 2000 <= wall.year <= 2200:
        raise Invalid("override_time_malformed")
    return moment(wall.date(), wall.hour * 60 + wall.minute, zone)
