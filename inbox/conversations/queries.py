"""The queue, its counts and a person's earlier conversations, each with the grants inside the SQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.conversations.keys import Key, read_key
from inbox.conversations.models import Conversation, Message
from inbox.conversations.picking import Filters, Shape, View, count, pick, want
from inbox.conversations.row_query import INBOUND_SHOWN, load_rows, rows_of, shown_text
from inbox.conversations.rows import EarlierView, QueueRow
from inbox.conversations.sight import Sight, find_sight
from inbox.members import access

__all__ = ["COUNT_LIMIT", "Counts", "Filters", "QueuePage", "View", "count_views", "find_row", "list_queue"]

COUNT_LIMIT = 100

_COUNTED = (
    (View.MINE, True),
    (View.UNASSIGNED, True),
    (View.DUE_TODAY, False),
    (View.OVERDUE, False),
    (View.SNOOZED, False),
    (View.NO_ANSWER, False),
    (View.EVERYTHING, True),
)
_CONVERSATION, _NEWEST = table_of(Conversation).c, table_of(Message).alias("newest")
_MEMBER: Any = bindparam("member_id", type_=BigInteger)
_NOT_JOINED = _CONVERSATION.joined_into_id.is_(None)
_IS_SEEN = access.sees(_MEMBER, _CONVERSATION.channel_id, _CONVERSATION.is_private)
_NAMED = select(_CONVERSATION.id).where(among(_CONVERSATION.id, "ids"), _NOT_JOINED)
_ROWS = rows_of(_NAMED.where(_IS_SEEN))
_ANYBODYS_ROWS = rows_of(_NAMED, is_of_member=False)
_EARLIER = (
    select(
        _CONVERSATION.id,
        _CONVERSATION.last_message_at,
        _CONVERSATION.kind,
        _CONVERSATION.is_private,
        func.coalesce(shown_text(_NEWEST, INBOUND_SHOWN), ""),
    )
    .select_from(table_of(Conversation))
    .outerjoin(_NEWEST, _NEWEST.c.id == _CONVERSATION.last_inbound_message_id)
    .where(_CONVERSATION.contact_id == bindparam("of_contact_id", type_=BigInteger), _NOT_JOINED)
    .where(_CONVERSATION.id != bindparam("except_id", type_=BigInteger), _IS_SEEN)
    .order_by(_CONVERSATION.id.desc())
    .limit(bindparam("most", type_=BigInteger))
)


@dataclass(frozen=True)
class QueuePage:
    """A part of the queue. `after`/`before`: keys of the next and the previous part, None where there is none."""

    rows: tuple[QueueRow, ...]
    after: str | None
    before: str | None


@dataclass(frozen=True)
class Counts:
    """How many rows each list has, at most `COUNT_LIMIT` (shown as 99+).

    mine, unassigned, everything: people who wait; due_today, overdue: those whose deadline it is; snoozed,
    no_answer: rows.
    """

    mine: int
    unassigned: int
    due_today: int
    overdue: int
    snoozed: int
    no_answer: int
    everything: int


def list_queue(
    session: Session,
    member_id: int,
    view: View,
    filters: Filters | None = None,
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int = 50,
    sight: Sight | None = None,
) -> QueuePage:
    """Return a part of the queue, longest waiting first, of what is due the soonest; raises Invalid('key_wrong').

    `sight`: what the member sees, where it was read already.
    """
    key = read_key(after or before or "") if after or before else None
    sight = sight or find_sight(session, member_id)
    is_before = before is not None
    first, last = (None, key) if is_before else (key, None)
    wanted = want(sight, view, filters or Filters(), after=first, before=last, limit=limit + 1)
    rows = load_rows(session, _page(wanted.shape), wanted.values) if wanted else []
    has_more = len(rows) > limit
    rows = rows[-limit:] if is_before else rows[:limit]
    has_after, has_before = (bool(rows), has_more) if is_before else (has_more, bool(rows) and after is not None)
    return QueuePage(
        tuple(rows),
        after=_key(view, rows[-1]) if has_after else None,
        before=_key(view, rows[0]) if has_before else None,
    )


@lru_cache(maxsize=200)
def _page(shape: Shape) -> Select[Any]:
    order = "due_at" if shape.view.is_by_deadline else "queue_at"
    return rows_of(select(pick(shape).c.id), order=order)


def find_row(session: Session, member_id: int, conversation_id: int) -> QueueRow | None:
    """Return one conversation's row as this member sees it (live updates); None when unseen."""
    return next(iter(list_rows(session, member_id, [conversation_id])), None)


def list_rows(session: Session, member_id: int | None, conversation_ids: Sequence[int]) -> list[QueueRow]:
    """Return rows by id, in that order, those that exist and are seen.

    With member_id None: for the live tail, which checks grants itself; then nothing counts as unread.
    """
    statement = _ROWS if member_id is not None else _ANYBODYS_ROWS
    found = load_rows(session, statement, {"ids": conversation_ids, "member_id": member_id})
    rows = {row.conversation_id: row for row in found}
    return [rows[number] for number in conversation_ids if number in rows]


def list_places(session: Session, conversation_ids: Collection[int]) -> dict[int, tuple[int, bool]]:
    """Return on which channel, and whether on its private side, conversations are, by id."""
    found = select(Conversation.id, Conversation.channel_id, Conversation.is_private)
    rows = session.execute(found.where(Conversation.id.in_(conversation_ids)))
    return {row.id: (row.channel_id, row.is_private) for row in rows}


def count_views(session: Session, member_id: int, *, sight: Sight | None = None) -> Counts:
    """Count each list of the rail, bounded, in one statement; `sight`: as for `list_queue`."""
    counts = count(session, sight or find_sight(session, member_id), _COUNTED, limit=COUNT_LIMIT)
    return Counts(**{view.value: found for (view, _), found in zip(_COUNTED, counts, strict=True)})


def count_due(session: Session, member_id: int, until_at: datetime) -> int:
    """Count what falls due from now until then, as far as the member sees it, bounded; what is played is left out."""
    lists, sight = ((View.DUE_TODAY, False),), find_sight(session, member_id)
    found = count(session, sight, lists, limit=COUNT_LIMIT, due_until_at=until_at)[0]
    if not 0 < found < COUNT_LIMIT:
        return found
    for channel_id in session.scalars(select(Channel.id).where(Channel.is_sandbox)).all():
        found -= count(session, sight.on(channel_id), lists, limit=COUNT_LIMIT, due_until_at=until_at)[0]
    return found


def list_earlier(
    session: Session, member_id: int, contact_id: int, *, except_id: int | None = None, limit: int = 20
) -> list[EarlierView]:
    """Return a person's other conversations, newest first, as far as the member sees them."""
    values = {"of_contact_id": contact_id, "except_id": except_id or 0, "most": limit, "member_id": member_id}
    rows = [EarlierView(*row) for row in session.execute(_EARLIER, values)]
    return sorted(rows, key=lambda row: (row.last_message_at, row.conversation_id), reverse=True)


def _key(view: View, row: QueueRow) -> str:
    at = row.due_at if view.is_by_deadline else None
    return str(Key(at or row.queue_at, row.conversation_id))
