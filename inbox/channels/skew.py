"""How far a platform's clock has to be off to count (RULES C1); pure."""

from datetime import timedelta

from inbox.settings import Pace


def known_skew(skew_seconds: float | None, pace: Pace) -> timedelta:
    """Return how far the platform's clock is ahead, nothing while it stays within a minute."""
    if skew_seconds is None or abs(skew_seconds) <= pace.skew_shown_seconds:
        return timedelta(0)
    return timedelta(seconds=skew_seconds)
