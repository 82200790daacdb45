"""The one place that says what time it is, so that a test can move it."""

from collections.abc import Callable
from datetime import UTC, datetime


def _machine() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _machine


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return _source()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Let `now` ask another source (tests only); None goes back to the machine's clock."""
    global _source
    _source = source or _machine
