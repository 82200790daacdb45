"""Counting requests in windows of time, as the feed personality limits them (mastodon.md §7)."""

import threading
import time
from dataclasses import dataclass

from sandbox.settings import Pace


@dataclass(frozen=True)
class Left:
    """What remains of one limit; `resets_at` in seconds since 1970, true clock."""

    limit: int
    remaining: int
    resets_at: float


class Windows:
    """Counters per family and window; they live in memory, a restart forgives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, int]] = {}

    def spend(self, name: str, limit: int, window_seconds: float) -> Left | None:
        """Counts one request; None when nothing was left."""
        now = time.time()
        window = int(now // window_seconds)
        with self._lock:
            known_window, used = self._counts.get(name, (window, 0))
            if known_window != window:
                used = 0
            if used >= limit:
                return None
            self._counts[name] = (window, used + 1)
        return Left(limit, limit - used - 1, (window + 1) * window_seconds)

    def full(self, limit: int, window_seconds: float) -> Left:
        """What the headers say when nothing is left."""
        window = int(time.time() // window_seconds)
        return Left(limit, 0, (window + 1) * window_seconds)


def families(method: str, path: str, has_cursor: bool, pace: Pace) -> list[tuple[str, int, float]]:
    """Which limits a request counts against: name, how many, window in seconds (mastodon.md §7)."""
    found = [("all", 300, pace.rate_window_seconds)]
    if has_cursor:
        found.append(("paging", 300, pace.paging_window_seconds))
    if method == "POST" and path.endswith("/statuses"):
        found.append(("posting", 300, pace.posting_window_seconds))
    if method == "DELETE":
        found.append(("deleting", 30, pace.deleting_window_seconds))
    return found
