"""A walk from the newest row down to what is known, kept in a cursor (RULES E1); pure but for the clock.

`{mark, walk: {page, new_mark, count, since}}`: `mark` is the newest time of the last complete walk. A page is named by
the id to read below, taken from the Link header where there is one, else from the last row: that header is missing on
some servers and elsewhere leaves out what was asked for (mastodon.md §10), so nothing else of it is used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from inbox import clock
from inbox.platforms.contract import Answered, RateLimited
from inbox.platforms.items import Cursor, Skew
from inbox.platforms.mastodon.values import ident
from inbox.platforms.reading import header, parse_time, whole

# A server counts every call that names a page: 300 in 15 minutes for all of an account's lists (mastodon.md §7).
MOST_PAGES = 140
PAGES_SECONDS = 900
# So many rows from below end a walk: of servers that list out of order one row with an old time proves nothing.
ENOUGH_OLDER = 3
# How far a first walk goes back; what is older stays on the platform.
HISTORY_SECONDS = 30 * 86400.0
AHEAD_SECONDS = 60.0
LONGEST_PAGE_NAME = 200
_NEXT = re.compile(r'<([^<>]{1,2000})>\s*;[^<>,]{0,200}rel="?next"?', re.IGNORECASE)


@dataclass(frozen=True)
class Walk:
    """Where a walk stands; a cursor that can't be read is none, and then more is read than needed."""

    mark: datetime | None = None
    page: str | None = None
    new_mark: datetime | None = None
    count: int = 0
    since: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None) -> "Walk":
        """Read a cursor."""
        kept = cursor if isinstance(cursor, dict) else {}
        walk = kept.get("walk")
        walk = walk if isinstance(walk, dict) else {}
        return cls(
            parse_time(kept.get("mark")),
            ident(walk, "page") or None,
            parse_time(walk.get("new_mark")),
            whole(walk.get("count")) or 0,
            parse_time(walk.get("since")),
        )

    def params(self) -> list[tuple[str, str]]:
        """Return what names the next page; raises RateLimited where too many were asked for just now."""
        if self.page is None:
            return []
        if self.count >= MOST_PAGES and self.since is not None:
            until = self.since + timedelta(seconds=PAGES_SECONDS)
            if until > clock.now():
                raise RateLimited(until, "pages are counted: the walk goes on later")
        return [("max_id", self.page)]

    def after(self, rows: Sequence[Any], answered: Answered, floor: datetime, skew: Skew | None) -> tuple[Cursor, bool]:
        """Return the cursor after a page, and whether the walk is over: below `floor`, or where nothing follows."""
        times = [at for row in rows if isinstance(row, dict) and (at := parse_time(row.get("created_at")))]
        ahead = max(skew.smallest, 0.0) if skew else 0.0
        latest = clock.now() + timedelta(seconds=ahead + AHEAD_SECONDS)
        # A time from far ahead would be a mark that nothing new ever passes.
        known = [at for at in (*(min(at, latest) for at in times), self.new_mark, self.mark) if at is not None]
        newest = max(known, default=None)
        below = sum(at < floor for at in times)
        page = next_page(rows, answered)
        if page is None or page == self.page or (times and below >= min(ENOUGH_OLDER, len(times))):
            return ({"mark": newest.isoformat()} if newest else {}), True
        return self._going_on(page, newest), False

    def _going_on(self, page: str, newest: datetime | None) -> Cursor:
        now = clock.now()
        is_fresh = self.since is not None and now - self.since < timedelta(seconds=PAGES_SECONDS)
        count, since = (self.count + 1, self.since) if is_fresh else (1, now)
        walk = {
            "page": page,
            "new_mark": newest.isoformat() if newest else None,
            "count": count,
            "since": since.isoformat() if since else None,
        }
        return {"mark": self.mark.isoformat() if self.mark else None, "walk": walk}

    def floor(self, overlap_seconds: float, deeper_seconds: float) -> datetime:
        """Return the time below which nothing new is looked for."""
        if self.mark is None:
            return clock.now() - timedelta(seconds=HISTORY_SECONDS)
        return self.mark - timedelta(seconds=overlap_seconds + deeper_seconds)


def next_page(rows: Sequence[Any], answered: Answered) -> str | None:
    """Return the id below which to read on; None on an empty page.

    A page that is not full is no end, and neither is a missing header; the page after the last is empty.
    """
    if not rows:
        return None
    told = _told(answered)
    last = next((found for row in reversed(rows) if (found := ident(row))), None)
    return told or last


def _told(answered: Answered) -> str | None:
    found = _NEXT.search(header(answered.headers, "link"))
    if found is None:
        return None
    try:
        named = parse_qs(urlsplit(found[1]).query).get("max_id", [""])[-1]
    except ValueError:
        return None
    return named if 0 < len(named) <= LONGEST_PAGE_NAME else None


def is_last(rows: Sequence[Any], answered: Answered) -> bool:
    """Tell whether a server says that nothing is below a page: it writes Link headers, and this one has no next."""
    link = header(answered.headers, "link")
    return not rows or (bool(link) and _NEXT.search(link) is None)
