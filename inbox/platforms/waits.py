"""Until when a platform wants silence: X-RateLimit-Reset and Retry-After, in whatever way they are written; pure.

Nobody is believed for longer than an hour: a header may be wrong, and a channel that waits for a day is a dead one.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from inbox import clock
from inbox.platforms.dates import by_our_clock
from inbox.platforms.reading import header, parse_time

LONGEST_WAIT_SECONDS = 3600
_SECONDS = re.compile(r"^\s*(\d{1,9})(?:\.\d*)?\s*(?:[,;\s]|$)")
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{1,2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} [A-Z]{3,4}")


def resets_at(headers: Mapping[str, str]) -> datetime | None:
    """Read X-RateLimit-Reset, an ISO time or epoch seconds, by our clock; an hour from now at most (mastodon.md §7)."""
    said = header(headers, "x-ratelimit-reset")
    told = parse_time(said)
    if told is None and said.isascii() and said.replace(".", "", 1).isdecimal() and len(said) < 20:
        told = _of_epoch(float(said))
    return _within(told, headers)


def retry_after(headers: Mapping[str, str]) -> datetime | None:
    """Read Retry-After: seconds, a date, or both in one line, of which the seconds count (mastodon.md §10)."""
    said = header(headers, "retry-after")
    seconds = _SECONDS.match(said)
    if seconds is not None:
        return clock.now() + timedelta(seconds=min(int(seconds[1]), LONGEST_WAIT_SECONDS))
    date = _DATE.search(said)
    if date is None:
        return None
    try:
        told = parsedate_to_datetime(date[0])
    except (TypeError, ValueError):
        return None
    return _within(told.replace(tzinfo=UTC) if told.tzinfo is None else told, headers)


def _within(told: datetime | None, headers: Mapping[str, str]) -> datetime | None:
    if told is None:
        return None
    return min(by_our_clock(told, headers), clock.now() + timedelta(seconds=LONGEST_WAIT_SECONDS))


def _of_epoch(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
