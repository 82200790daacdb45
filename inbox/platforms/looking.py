"""Looking for a reply of ours in a newest-first list: only what was read down to before its first try is absence.

Pure but for the pages that it is handed. A look that stops above, or could not read what stands there, has told
nothing: the reply may be just there (RULES D3).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from inbox.platforms.items import Message
from inbox.platforms.outgoing import CannotLook, Found, LookUp

MOST_PAGES = 8
# So many rows from before the first try end a look; of fewer, each may tell a time that is not its own.
ENOUGH_OLDER = 3


@dataclass(frozen=True)
class LookPage:
    """One page of a list in which our reply would stand.

    `items`: its rows, None for what is no message of any kind that is known; `times`: what each tells, by the
    platform's clock; `is_last`: the platform says that nothing is below.
    """

    items: Sequence[Message | None]
    times: Sequence[datetime | None]
    is_last: bool


def look_back(
    pages: Iterable[LookPage],
    floor: datetime,
    judge: Callable[[Sequence[Message]], LookUp],
    *,
    may_be_empty: bool = False,
) -> LookUp:
    """Read pages until `judge` finds the reply among their messages, or until all since `floor` was seen.

    `judge` gets every message read so far. A list without any row is no answer, for platforms err that way, unless it
    `may_be_empty`: nothing but the reply would stand in it.
    """
    read: list[Message] = []
    is_whole = True
    for page in islice(pages, MOST_PAGES):
        if not page.items:
            return judge(read) if may_be_empty and page.is_last and is_whole else CannotLook("empty")
        read += [item for item in page.items if item is not None]
        found = judge(read)
        if isinstance(found, Found):
            return found
        is_whole = is_whole and not _hides_any(page, floor)
        if page.is_last or _is_below(page, floor):
            return found if is_whole else CannotLook("unreadable")
    return CannotLook("too_far")


def _is_below(page: LookPage, floor: datetime) -> bool:
    """Tell whether a page reaches down to before the first try: one row that says so may be wrong."""
    told = [at < floor for at in page.times if at is not None]
    return bool(told) and sum(told) >= min(ENOUGH_OLDER, len(told))


def _hides_any(page: LookPage, floor: datetime) -> bool:
    """Tell whether a row that could not be read may be the reply."""
    rows = zip(page.items, page.times, strict=True)
    return any(item is None and (at is None or at >= floor) for item, at in rows)
