"""Hours as people type them: "09:00–14:00, 16–20", or nothing for closed; pure."""

import re
from itertools import pairwise

from inbox.calendars.hours import DAY_MINUTES, Period, Periods
from inbox.errors import Invalid

MOST_PERIODS = 12
LONGEST_TEXT = 300
_CLOCK = r"(\d{1,2})(?:\s?[:.h]\s?(\d{2}))?\s?h?"
_PERIOD = re.compile(rf"\s*{_CLOCK}\s*(?:-|–|—|to|a)\s*{_CLOCK}\s*", re.IGNORECASE)


def read_typed(text: str) -> Periods:
    """Return the periods of a day; an end that is not after its start lies on the next day. Raises Invalid.

    "22–6" ends the next morning, "0–24" and "0–0" are the whole day.
    """
    parts = [part for part in re.split(r"[,;]", text[: LONGEST_TEXT + 1]) if part.strip()]
    if len(text) > LONGEST_TEXT or len(parts) > MOST_PERIODS:
        raise Invalid("hours_too_many", most=MOST_PERIODS)
    periods = sorted(_read_period(part) for part in parts)
    if any(later.start_minute < sooner.end_minute for sooner, later in pairwise(periods)):
        raise Invalid("hours_overlap", text=text.strip())
    return tuple(periods)


def write_typed(periods: Periods) -> str:
    """Return periods as `read_typed` takes them."""
    return ", ".join(
        f"{_clock(start)}–{_clock(end if end <= DAY_MINUTES else end - DAY_MINUTES)}" for start, end in periods
    )


def _read_period(text: str) -> Period:
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise Invalid("hours_not_understood", text=text.strip())
    start, end = (_minutes(found[at], found[at + 1], text) for at in (1, 3))
    if start == end and start != 0:
        raise Invalid("hours_empty", text=text.strip())
    return Period(start, end if end > start else end + DAY_MINUTES)


def _minutes(hours: str, minutes: str | None, text: str) -> int:
    total = 60 * int(hours) + int(minutes or 0)
    if total > DAY_MINUTES or int(minutes or 0) > 59:
        raise Invalid("hours_not_understood", text=text.strip())
    return total


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
