"""How far a platform's clock is known to be off, and from where on that counts (RULES C1)."""

from datetime import timedelta

from inbox.channels.models import Channel
from inbox.platforms.items import Skew
from inbox.settings import Pace

# What a Date leaves open anyway is not worth a write of the channel's row.
_GRAIN_SECONDS = 1.0


def learn(channel: Channel, told: Skew | None) -> None:
    """Take over what an answer tells of the clock of the channel's platform, as far as it contradicts what is known."""
    if told is None:
        return
    skew_seconds = told.better_than(channel.skew_seconds)
    if abs(skew_seconds - channel.skew_seconds) >= _GRAIN_SECONDS:
        channel.skew_seconds = skew_seconds


def known_skew(skew_seconds: float, pace: Pace) -> timedelta:
    """Return how far the platform's clock is ahead, nothing while it stays within a minute."""
    if abs(skew_seconds) <= pace.skew_shown_seconds:
        return timedelta(0)
    return timedelta(seconds=skew_seconds)
