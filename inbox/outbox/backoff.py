"""When the next try or the next look is due; arithmetic alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

# How often one delivery is tried again after errors that surely changed nothing; time ends it sooner.
MOST_TRIES = 25


def next_look_at(unclear_since: datetime, look_count: int, looks: Sequence[float], now: datetime) -> datetime | None:
    """Return when look number `look_count` (from 0) is due, never in the past; None when all were made.

    `looks` are seconds after `unclear_since` (RULES D3: 5 s, 30 s, 2 min, 5 min).
    """
    if look_count >= len(looks):
        return None
    return max(unclear_since + timedelta(seconds=looks[look_count]), now)


def next_try_at(now: datetime, try_count: int, first_seconds: float, longest_seconds: float) -> datetime:
    """Return when to try again after `try_count` tries that surely changed nothing: doubling, with an end."""
    return now + timedelta(seconds=min(first_seconds * 2 ** max(try_count - 1, 0), longest_seconds))


def is_late(not_before: datetime, now: datetime, late_seconds: float) -> bool:
    """Tell whether a reply is more than `late_seconds` past its time to leave (RULES D6)."""
    return now - not_before > timedelta(seconds=late_seconds)


def is_absence_proved(
    first_absent: datetime | None, now: datetime, apart_seconds: float, lookup_lag_seconds: float | None
) -> bool:
    """Tell whether two looks without a find, `apart_seconds` apart, mean that it was not accepted (RULES D3).

    Only where the connector declares after how long an accepted reply can be looked up, and that is shorter.
    """
    if first_absent is None or lookup_lag_seconds is None or lookup_lag_seconds >= apart_seconds:
        return False
    return now - first_absent >= timedelta(seconds=apart_seconds)
