"""What connectors of newest-first lists need of an answer: times, skew, text of an error, newest-first walks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from inbox.platforms.contract import Answered, Malformed
from inbox.platforms.items import Cursor


def parse_time(value: Any) -> datetime | None:
    """Return an ISO 8601 time as aware UTC, or None; +0000 without a colon is understood."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the first and last days there are have no time in UTC
        return None


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header whatever its case, or the empty string."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def objects(value: Any, answered: Answered) -> list[Any]:
    """Return a JSON list; raises Malformed for anything else."""
    if not isinstance(value, list):
        raise Malformed("a list was expected", answered.body)
    return value


def text_of(value: Any) -> str:
    """Return a string as it is, anything else as the empty string."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """Return a whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class Walk:
    """A walk from the newest item down to what is known: {mark, walk: {page, new_mark}} (RULES E1).

    `mark` is the time of the newest item of the last complete walk; the walk ends at `mark` minus the
    overlap, or where the list ends. An empty page in the middle may be that end, or a platform's slip that hides what
    is below: `is_doubted` says that the last walk ended so. Its mark stays, and it is walked again; the same end a
    second time is believed.
    """

    mark: datetime | None
    page: str | None
    new_mark: datetime | None
    is_doubted: bool = False

    @classmethod
    def of(cls, cursor: Cursor | None) -> "Walk":
        """Read a cursor; what can't be read counts as none, and then more is read than needed."""
        cursor = cursor or {}
        walk = cursor.get("walk") or {}
        page = walk.get("page")
        is_doubted = cursor.get("is_doubted") is True
        return cls(parse_time(cursor.get("mark")), page, parse_time(walk.get("new_mark")), is_doubted)

    def after(self, newest: datetime | None, next_page: str | None, is_over: bool) -> Cursor:
        """Return the cursor after a page: the mark moves only when the walk is over, and surely so."""
        candidates = [at for at in (self.new_mark, newest) if at is not None]
        moved = replace(self, new_mark=max(candidates, default=None), page=next_page)
        doubt = {"is_doubted": True} if self.is_doubted else {}
        if is_over and newest is None and self.page is not None and self.mark is not None and not self.is_doubted:
            return {"mark": _iso(self.mark), "is_doubted": True}
        if is_over:
            known = [at for at in (moved.new_mark, self.mark) if at is not None]
            return {"mark": _iso(max(known, default=None))}
        return {"mark": _iso(self.mark), "walk": {"page": next_page, "new_mark": _iso(moved.new_mark)}} | doubt

    def ends_at(self, overlap_seconds: float, deeper_seconds: float) -> datetime | None:
        """Return the time below which the walk need not go; None: to the end."""
        if self.mark is None:
            return None
        return self.mark - timedelta(seconds=overlap_seconds + deeper_seconds)


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
