"""What the sandbox is told when it starts, and every length of time that it keeps."""

from dataclasses import dataclass
from pathlib import Path

FEED = "feed"
PAGES = "pages"
PERSONALITIES = (FEED, PAGES)


@dataclass(frozen=True)
class Pace:
    """Lengths in seconds, as the platforms have them; `at` divides all of them by one factor."""

    factor: float = 1.0
    # mastodon.md §6 Idempotency: kept 1 hour after success
    idempotency_seconds: float = 3600.0
    # mastodon.md §7: 300 / 5 min per token, 300 / 15 min for paging, 300 posts / 3 h, 30 deletions / 30 min
    rate_window_seconds: float = 300.0
    paging_window_seconds: float = 900.0
    posting_window_seconds: float = 10800.0
    deleting_window_seconds: float = 1800.0
    # facebook.md §6: 24-hour standard window; HUMAN_AGENT and private reply up to 7 days
    reply_window_seconds: float = 86400.0
    long_window_seconds: float = 604800.0
    # facebook.md §10: retries up to 36 h, then dropped
    push_life_seconds: float = 129600.0
    push_first_retry_seconds: float = 2.0
    push_last_retry_seconds: float = 600.0
    # traffic: how late a row may become readable, and when a fan edits, deletes or comes back
    late_row_seconds: float = 3.0
    afterthought_seconds: float = 180.0

    @classmethod
    def at(cls, factor: float) -> "Pace":
        """Every length divided by `factor` (10 means ten times as fast)."""
        if factor <= 0:
            raise ValueError("pace must be above 0")
        plain = cls()
        lengths = {name: getattr(plain, name) / factor for name in cls.__dataclass_fields__ if name != "factor"}
        return cls(factor=factor, **lengths)


@dataclass(frozen=True)
class Settings:
    """One run of the sandbox."""

    data: Path
    port: int = 0
    pace: Pace = Pace()
    is_traffic_on: bool = True
    rate_per_minute: float = 4.0
    seed: int = 1
