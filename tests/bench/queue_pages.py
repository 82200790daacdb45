"""queue_page and queue_deep_page: the first page of a list, and one in the middle of all who wait."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inbox.conversations.keys import Key
from inbox.database import UtcDateTime
from tests.bench import bare
from tests.bench.crowd import LEAD_ID, ONE_CHANNEL_ID, ONE_ID, POPULAR_LABEL_ID
from tests.bench.stage import Stage
from tests.bench.visiting import Page, Pages, Visitor

_LABELLED = f"label_id = {POPULAR_LABEL_ID} AND l.status = 'open'"


@dataclass(frozen=True)
class _Reader:
    """Who looks at what: the filter in the address, and where bare SQL begins."""

    variant: str
    member_id: int
    query: str
    source: str  # FROM and WHERE of the ids, with the conversation as c
    order: str = "c.queue_at, c.id"
    counts_on: str = ""

    def picked(self, after: str = "") -> str:
        """Return bare SQL that selects the ids of one page."""
        seen = bare.SEEN.format(member_id=self.member_id)
        return f"SELECT c.id FROM {self.source} AND {seen} {after} ORDER BY {self.order} LIMIT 51"


_ONE = f"c.channel_id = {ONE_CHANNEL_ID} AND c.is_private IN (false, true)"
_READERS = (
    _Reader("lead", LEAD_ID, "", "conversation c WHERE c.status = 'open'"),
    _Reader(
        "one of 300 channels", ONE_ID, "", f"conversation c WHERE {_ONE} AND c.status = 'open'", counts_on=f"AND {_ONE}"
    ),
    _Reader(
        "label",
        LEAD_ID,
        f"&label={POPULAR_LABEL_ID}",
        f"conversation_label l JOIN conversation c ON c.id = l.conversation_id WHERE {_LABELLED}",
        "l.queue_at, l.conversation_id",
    ),
    _Reader(
        "label, one of 300 channels",
        ONE_ID,
        f"&label={POPULAR_LABEL_ID}",
        f"conversation_label l JOIN conversation c ON c.id = l.conversation_id WHERE {_LABELLED} AND {_ONE}",
        counts_on=f"AND {_ONE}",
    ),
)


def open_on(stage: Stage) -> Pages:
    """Prepare the first page of each reader, and that of a lead whose rows nobody has looked at before."""
    fresh = _page(stage, "queue_page", replace(_READERS[0], variant="lead, first look"))
    fresh.remembers = False
    return Pages(stage, [*(_page(stage, "queue_page", reader) for reader in _READERS), fresh])


def open_deep_on(stage: Stage) -> Pages:
    """Prepare each reader's page in the middle of the list."""
    return Pages(stage, [_page(stage, "queue_deep_page", reader, is_deep=True) for reader in _READERS])


def _page(stage: Stage, name: str, reader: _Reader, *, is_deep: bool = False) -> Page:
    address, picked = f"/queue?view=everything{reader.query}", reader.picked()
    if is_deep:
        at, number = _find_middle(stage, reader)
        address += f"&after={Key(_aware(stage, at), number)}"
        picked = reader.picked(f"AND (c.queue_at, c.id) > ('{at}', {number})")
    statements = bare.page_of(picked, reader.member_id, reader.counts_on)
    return Page(name, reader.variant, Visitor(stage, reader.member_id), address, statements)


def _find_middle(stage: Stage, reader: _Reader) -> Sequence[Any]:
    seen = bare.SEEN.format(member_id=reader.member_id)
    link = stage.connect()
    (count,) = link.execute(f"SELECT count(*) FROM {reader.source} AND {seen}").fetchone()
    found = link.execute(
        f"SELECT c.queue_at, c.id FROM {reader.source} AND {seen}"
        f" ORDER BY c.queue_at, c.id LIMIT 1 OFFSET {max(0, count // 2 - 1)}"
    ).fetchone()
    link.close()
    place: Sequence[Any] = found
    return place


def _aware(stage: Stage, at: Any) -> datetime:
    """Return a bare time as the product has it: SQLite keeps text."""
    given = datetime.fromisoformat(at) if isinstance(at, str) else at
    found = UtcDateTime().result_processor(stage.engine.dialect, None)(given)
    assert found is not None
    return found
