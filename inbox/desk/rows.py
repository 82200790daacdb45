"""Rows of the queue as HTML: for a page, for open pages when something changed, for the answer to what was done.

A row's HTML is remembered by all that it is made of: the row itself, which is a value and says everything that is
shown, how its clock stands now, and how it is addressed and worded here. So what is remembered can't become stale; a
row that changed is another.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from flask import get_template_attribute, request, url_for
from markupsafe import Markup

from inbox import clock, languages
from inbox.addresses import row_url
from inbox.conversations.dues import ClockState
from inbox.conversations.rows import QueueRow

_REMEMBERED = 600  # twelve pages; some 6 KB each

_Macro = Callable[..., Markup]


def row_html(row: QueueRow, link_args: Mapping[str, Any] | None = None, *, is_current: bool = False) -> Markup:
    """Return one row; `link_args`: the list that its link shows beside the conversation."""
    return rows_html([row], row.conversation_id if is_current else None, link_args or {})


def rows_html(rows: Sequence[QueueRow], current_id: int | None, link_args: Mapping[str, Any]) -> Markup:
    """Return rows as they stand in a list, of which one may be the conversation that is open."""
    row_of = get_template_attribute("desk/_row.html", "row_of")  # another one where an edited template is read again
    circumstances = (row_of, _list_query(link_args), request.script_root, languages.language(), languages.zone())
    now = clock.now()
    made = [_make(row, row.conversation_id == current_id, row.clock_at(now), *circumstances) for row in rows]
    return Markup("").join(made)


def _list_query(link_args: Mapping[str, Any]) -> str:
    """Return what follows the path in the address of a conversation beside a list."""
    plain = row_url("desk.conversation", 0)
    return url_for("desk.conversation", conversation_id=0, **link_args).removeprefix(plain)


@lru_cache(maxsize=_REMEMBERED)
def _make(
    row: QueueRow,
    is_current: bool,
    state: ClockState,
    row_of: _Macro,
    list_query: str,
    _root: str,
    _language: str,
    _zone: str,
) -> Markup:
    return row_of(row, is_current, list_query, state.value)
