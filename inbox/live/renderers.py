"""How a changed conversation becomes a row's HTML: registered from above, for live knows no page."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class RenderedRow:
    """A queue row for everybody who may see it: `facts` let the page decide whether it belongs in its view.

    facts: status, assignee_id, team_id, is_waiting, queue_at and due_at (ISO), is_no_answer_needed, labels (ids),
    channel_id, last_inbound_seq.
    """

    conversation_id: int
    version: int
    html: str
    facts: Mapping[str, Any] = field(default_factory=dict)


RowRenderer = Callable[[Session, Sequence[int], str], Sequence[RenderedRow]]
# conversation ids to {id: (channel id, whether it is private)}
PlaceFinder = Callable[[Session, Collection[int]], Mapping[int, tuple[int, bool]]]
# a member's id to the newest activity that they may hear of: anybody else's must not even be counted
NewestFinder = Callable[[Session, int], int]
_row_renderer: RowRenderer | None = None
_newest_finder: NewestFinder | None = None
_place_finder: PlaceFinder | None = None


def set_row_renderer(renderer: RowRenderer) -> None:
    """Register who renders rows: (session, conversation ids, locale) to rows, gone ones left out."""
    global _row_renderer
    _row_renderer = renderer


def render_rows(session: Session, conversation_ids: Sequence[int], locale: str) -> Sequence[RenderedRow]:
    """Render conversations as rows in one language."""
    if _row_renderer is None or not conversation_ids:
        return ()
    return _row_renderer(session, conversation_ids, locale)


def set_place_finder(finder: PlaceFinder) -> None:
    """Register who knows on which channel, and on which side of it, a conversation is."""
    global _place_finder
    _place_finder = finder


def find_places(session: Session, conversation_ids: Collection[int]) -> Mapping[int, tuple[int, bool]]:
    """Return where conversations are, by id."""
    if _place_finder is None or not conversation_ids:
        return {}
    return _place_finder(session, conversation_ids)


def set_newest_finder(finder: NewestFinder) -> None:
    """Register who knows the newest activity that a member may hear of; 0: none lately."""
    global _newest_finder
    _newest_finder = finder


def find_newest(session: Session, member_id: int) -> int:
    """Return the newest activity that a member may hear of; 0 where there was none lately."""
    return 0 if _newest_finder is None else _newest_finder(session, member_id)
