"""When a stream is read next: pure arithmetic on what was seen (RULES E4)."""

from datetime import datetime, timedelta

from inbox.settings import Pace


def is_comment_stream(name: str) -> bool:
    """Tell whether a stream holds the comments of one post."""
    return name.startswith("comments:")


def interval_seconds(name: str, last_item_at: datetime | None, now: datetime, pace: Pace) -> float:
    """Return how long to wait after a complete poll that found nothing wrong."""
    if is_comment_stream(name):
        return pace.comments_poll_seconds
    if last_item_at is not None and now - last_item_at <= timedelta(seconds=pace.lively_for_seconds):
        return pace.poll_lively_seconds
    return pace.poll_idle_seconds


def after_failure_seconds(failure_count: int, pace: Pace) -> float:
    """Return how long to wait after the nth failure in a row: doubling, two minutes at most."""
    doubled = pace.failure_backoff_seconds * 2.0 ** min(failure_count - 1, 10)
    return min(doubled, pace.failure_backoff_longest_seconds)


def comment_stream_ends_at(posted_at: datetime, last_comment_at: datetime | None, pace: Pace) -> datetime:
    """Return until when a post's comments are read often: 14 days, and 7 after the last comment."""
    ends_at = posted_at + timedelta(seconds=pace.comments_stream_days_seconds)
    if last_comment_at is None:
        return ends_at
    return max(ends_at, last_comment_at + timedelta(seconds=pace.comments_after_last_seconds))


def usual_gap_seconds(known: float | None, gap: float) -> float:
    """Return a channel's longest silence, fading by a fiftieth a message, after a silence of `gap` seconds."""
    return max(gap, (known or 0.0) * 0.98)


def is_oddly_quiet(silent_seconds: float, usual: float | None, pace: Pace) -> bool:
    """Tell whether a silence is beyond the channel's own habit; a channel without one is never odd."""
    if usual is None:
        return False
    return silent_seconds > max(3 * usual, pace.quiet_factor_seconds)
