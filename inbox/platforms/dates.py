"""How far a platform's clock is off, as the `Date` of an answer tells (RULES C1, E4)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from inbox import clock
from inbox.platforms.contract import Answered
from inbox.platforms.items import Skew

# A Date has whole seconds: it may be this much before the moment at which it was written.
_GRAIN = timedelta(seconds=1)
# An answer's way to us and whole seconds are no wrong clock.
_ON_ITS_WAY = timedelta(seconds=3)


def skew(answered: Answered) -> Skew | None:
    """Return how far the platform's clock may be ahead of ours; None where its answer has no Date.

    Its Date was written between our asking and our having the answer: a worker that stood still in between must not
    take its own sleep for the platform's error.
    """
    said = _said(answered.headers)
    if said is None:
        return None
    now = clock.now()
    asked_at, had_at = answered.asked_at or now, answered.had_at or now
    return Skew((said - had_at).total_seconds(), (said + _GRAIN - asked_at).total_seconds())


def by_our_clock(told: datetime, headers: Mapping[str, str]) -> datetime:
    """Return a time of an answer just had, such as until when to ask nothing, by our clock instead of its `Date`'s.

    A platform whose clock is ten minutes ahead would else keep us silent for ten minutes more, one behind would have us
    ask against a limit that still holds.
    """
    said = _said(headers)
    now = clock.now()
    if said is None or abs(said - now) <= _ON_ITS_WAY:
        return told
    try:
        return told - (said - now)
    except OverflowError:
        return told


def read_sunset(headers: Mapping[str, str]) -> datetime | None:
    """Return when the platform ends what was asked, as its Sunset header says (RFC 8594); None: it says nothing."""
    return _read(headers, "sunset")


def _said(headers: Mapping[str, str]) -> datetime | None:
    return _read(headers, "date")


def _read(headers: Mapping[str, str], wanted: str) -> datetime | None:
    value = next((value for name, value in headers.items() if name.lower() == wanted), "")
    try:
        said = parsedate_to_datetime(value) if value else None
    except (TypeError, ValueError):
        return None
    if said is None:
        return None
    return said.replace(tzinfo=UTC) if said.tzinfo is None else said
