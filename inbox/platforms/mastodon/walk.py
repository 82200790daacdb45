"""A walk from the newest row down to what is known, kept in a cursor (RULES E1); pure but for the clock.

`{mark, walk: {page, new_mark, count, since, began, is_past, restarted}, small: {size, until}}`: `mark` is the newest
time of the last complete walk; `small`: how many rows are asked for while full pages are too large. A page is named by
the id to read below, taken from the Link header where there is one, else from the last row: that header is missing on
some servers and elsewhere leaves out what was asked for (mastodon.md §10), so nothing else of it is used.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
# What is new waits while a deep walk looks at what is known: it ends after so long, and goes deep again next night.
DEEP_SECONDS = 300.0
# A page that is too large is asked for with fewer rows, and for an hour no more are; one row alone is no habit.
SIZES = (20, 5, 1)
LEAST_SIZE = 5
SMALL_SECONDS = 3600.0
LONGEST_PAGE_NAME = 200
_NEXT = re.compile(r'<([^<>]{1,2000})>\s*;[^<>,]{0,200}rel="?next"?', re.IGNORECASE)


@dataclass(frozen=True)
class Walk:
    """Where a walk stands; a cursor that can't be read is none, and then more is read than needed.

    An empty page in the middle may be the end, or a slip that hides what is below: `is_doubted` says that the last walk
    ended so, or with the page above come again. Its mark stays, and it is walked again; the same end a second time is
    believed. `is_past`: what is new has been read, the rest is deeper; `restarted`: the page whose name was refused.
    """

    mark: datetime | None = None
    page: str | None = None
    new_mark: datetime | None = None
    count: int = 0
    since: datetime | None = None
    is_doubted: bool = False
    began: datetime | None = None
    is_past: bool = False
    restarted: str | None = None
    size: int | None = None
    size_until: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None) -> "Walk":
        """Read a cursor."""
        kept = cursor if isinstance(cursor, dict) else {}
        walk = kept.get("walk")
        walk = walk if isinstance(walk, dict) else {}
        small = kept.get("small")
        small = small if isinstance(small, dict) else {}
        return cls(
            parse_time(kept.get("mark")),
            ident(walk, "page") or None,
            parse_time(walk.get("new_mark")),
            whole(walk.get("count")) or 0,
            parse_time(walk.get("since")),
            kept.get("is_doubted") is True,
            parse_time(walk.get("began")),
            walk.get("is_past") is True,
            ident(walk, "restarted") or None,
            whole(small.get("size")),
            parse_time(small.get("until")),
        )

    def sizes(self, most: int) -> list[int]:
        """Return how many rows to ask for, and how many after that while a page is too large."""
        known = self.size if self.size and self._is_small() else most
        return [size for size in (most, *SIZES) if size <= max(known, LEAST_SIZE)]

    def smaller(self, size: int) -> "Walk":
        """Return the walk that asks for fewer rows for an hour."""
        until = clock.now() + timedelta(seconds=SMALL_SECONDS)
        return replace(self, size=max(size, LEAST_SIZE), size_until=until)

    def _is_small(self) -> bool:
        now, longest = clock.now(), timedelta(seconds=SMALL_SECONDS)
        return self.size_until is not None and now < self.size_until <= now + longest

    def params(self) -> list[tuple[str, str]]:
        """Return what names the next page; raises RateLimited where too many were asked for just now."""
        if self.page is None:
            return []
        if self.count >= MOST_PAGES and self.since is not None:
            until = self.since + timedelta(seconds=PAGES_SECONDS)
            if until > clock.now():
                raise RateLimited(until, "pages are counted: the walk goes on later", is_ours=True)
        return [("max_id", self.page)]

    def after(
        self, rows: Sequence[Any], answered: Answered, floor: datetime, skew: Skew | None, *, known: datetime
    ) -> tuple[Cursor, bool]:
        """Return the cursor after a page, and whether the walk is over: below `floor`, or where nothing follows.

        `known`: below it nothing new is looked for; `floor` is the same, or deeper.
        """
        cursor, is_over = self._step(rows, answered, floor, skew, known)
        if self.size and self.size_until and self._is_small():
            cursor["small"] = {"size": self.size, "until": self.size_until.isoformat()}
        return cursor, is_over

    def _step(
        self, rows: Sequence[Any], answered: Answered, floor: datetime, skew: Skew | None, known: datetime
    ) -> tuple[Cursor, bool]:
        times = [at for row in rows if isinstance(row, dict) and (at := parse_time(row.get("created_at")))]
        ahead = max(skew.smallest, 0.0) if skew else 0.0
        latest = clock.now() + timedelta(seconds=ahead + AHEAD_SECONDS)
        # A time from far ahead would be a mark that nothing new ever passes.
        seen = [at for at in (*(min(at, latest) for at in times), self.new_mark, self.mark) if at is not None]
        newest = max(seen, default=None)
        page = next_page(rows, answered)
        # The row below which was asked may come first, but not after others: then where a page begins was ignored.
        is_stuck = self.page is not None and (page == self.page or any(ident(row) == self.page for row in rows[1:]))
        is_at_end = page is None or is_stuck
        is_past = self.is_past or _is_below(times, known)
        if is_at_end and self.page is not None and self.mark is not None and not (self.is_doubted or is_past):
            return {"mark": self.mark.isoformat(), "is_doubted": True}, True
        if page is None or is_at_end or _is_below(times, floor) or (is_past and self._is_long()):
            return ({"mark": newest.isoformat()} if newest else {}), True
        return replace(self, is_past=is_past)._going_on(page, newest), False

    def _is_long(self) -> bool:
        """Tell whether a walk has gone on for so long, or over so many pages, that what is new must not wait for it."""
        now = clock.now()
        return self.count + 1 >= MOST_PAGES or (
            self.began is not None and now - self.began > timedelta(seconds=DEEP_SECONDS)
        )

    def _going_on(self, page: str, newest: datetime | None) -> Cursor:
        now = clock.now()
        is_fresh = self.since is not None and now - self.since < timedelta(seconds=PAGES_SECONDS)
        count, since = (self.count + 1, self.since) if is_fresh else (1, now)
        walk = {
            "page": page,
            "new_mark": newest.isoformat() if newest else None,
            "count": count,
            "since": since.isoformat() if since else None,
            "began": (self.began or now).isoformat(),
        }
        walk |= {"is_past": True} if self.is_past else {}
        walk |= {"restarted": self.restarted} if self.restarted else {}
        doubt = {"is_doubted": True} if self.is_doubted else {}
        return {"mark": self.mark.isoformat() if self.mark else None, "walk": walk} | doubt

    def floor(self, overlap_seconds: float, deeper_seconds: float) -> datetime:
        """Return the time below which nothing new is looked for."""
        if self.mark is None:
            return clock.now() - timedelta(seconds=HISTORY_SECONDS)
        return self.mark - timedelta(seconds=overlap_seconds + deeper_seconds)


def _is_below(times: Sequence[datetime], floor: datetime) -> bool:
    below = sum(at < floor for at in times)
    return bool(times) and below >= min(ENOUGH_OLDER, len(times))


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
