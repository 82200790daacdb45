"""A walk from the newest item down to what is known, kept in a cursor: {mark, walk: {page, new_mark}} (RULES E1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.platforms.bluesky.values import parse_time, text, thing, write_time
from inbox.platforms.items import Cursor


@dataclass(frozen=True)
class Walk:
    """Where a walk stands. `mark`: the newest time of the last complete walk; a cursor that can't be read is none."""

    mark: datetime | None = None
    page: str | None = None
    new_mark: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None) -> "Walk":
        """Read a cursor."""
        walk = thing(cursor, "walk")
        return cls(parse_time(text(cursor, "mark")), text(walk, "page") or None, parse_time(text(walk, "new_mark")))

    def step(self, times: Sequence[datetime], next_page: str | None, floor: datetime | None) -> tuple[Cursor, bool]:
        """Return the cursor after a page whose rows had these times, and whether the walk is over.

        It ends below `floor`, or where no page follows: never because a page is short or empty.
        """
        newest = max([time for time in (*times, self.new_mark, self.mark) if time is not None], default=None)
        is_below = floor is not None and bool(times) and min(times) < floor
        mark = write_time(newest) if newest else None
        if next_page is None or is_below:
            return ({"mark": mark} if mark else {}), True
        kept: Cursor = {"mark": write_time(self.mark)} if self.mark else {}
        return kept | {"walk": {"page": next_page, "new_mark": mark}}, False

    def floor(self, overlap_seconds: float, deeper_seconds: float, oldest: datetime) -> datetime:
        """Return the time below which nothing new is looked for; a first walk goes down to `oldest`."""
        if self.mark is None:
            return oldest
        return self.mark - timedelta(seconds=overlap_seconds + deeper_seconds)


def page_again(next_page: str | None, times: Sequence[datetime]) -> str | None:
    """Return the cursor for the next page so that rows with the last row's time aren't jumped over.

    The cursor is the bare time of the last row, and the next page begins strictly below it (measured):
    rows of the same millisecond would be lost. One millisecond later reads them again. Where the cursor is
    anything else, or the whole page has one time, it is passed on as it is.
    """
    said = parse_time(next_page or "")
    if next_page is None or said is None or not times or said != times[-1] or times[0] == times[-1]:
        return next_page
    return write_time(said + timedelta(milliseconds=1))
