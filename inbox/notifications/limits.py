"""When a method may speak next: one message a minute, eleven an hour, and the first alert at once; arithmetic alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_AN_HOUR = 11


@dataclass(frozen=True)
class Spoken:
    """A message that left, or may have left."""

    at: datetime
    is_alert: bool


def earliest(
    now: datetime, spoken: Sequence[Spoken], *, is_alert: bool, minute_seconds: float, hour_seconds: float
) -> datetime:
    """Return when the next message may leave, `now` at the earliest.

    An alert is the first one when none left within the hour; it waits for nothing.
    """
    hour_ago = now - timedelta(seconds=hour_seconds)
    recent = sorted((one for one in spoken if one.at > hour_ago), key=lambda one: one.at)
    if is_alert and not any(one.is_alert for one in recent):
        return now
    free_at = now
    if recent:
        free_at = max(free_at, recent[-1].at + timedelta(seconds=minute_seconds))
    if len(recent) >= MOST_AN_HOUR:
        free_at = max(free_at, recent[-MOST_AN_HOUR].at + timedelta(seconds=hour_seconds))
    return free_at
