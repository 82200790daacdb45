"""The queue, its counts and a person's earlier conversations, each with the grants inside the SQL."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.conversations.keys import Key, read_key
from inbox.conversations.models import Conversation
from inbox.conversations.picking import Filters, View, count, pick
from inbox.conversations.row_query import load_rows
from inbox.conversations.rows import QueueRow
from inbox.conversations.sight import Sight, find_sight
from inbox.members import access

__all__ = ["COUNT_LIMIT", "Counts", "Filters", "QueuePage", "View", "count_views", "find_row", "list_queue"]

COUNT_LIMIT = 100


@dataclass(frozen=True)
class QueuePage:
    """A part of the queue. `after`/`before`: keys of the next and the previous part, None where there is none."""

    rows: tuple[QueueRow, ...]
    after: str | None
    before: str | None


@dataclass(frozen=True)
class Counts:
    """How many rows each list has, at most `COUNT_LIMIT` (shown as 99+).

    mine, unassigned, everything: people who wait; snoozed, no_answer: rows.
    """

    mine: int
    unassigned: int
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
) -> QueuePage:
    """Return a part of the queue, longest waiting first; raises Invalid('key_wrong') for a key we did not make."""
    key = read_key(after or before or "") if after or before else None
    sight = find_sight(session, member_id)
    if before is not None:
        return _part_before(session, sight, view, filters or Filters(), key, limit)
    picked = pick(sight, view, filters or Filters(), after=key, before=None, limit=limit + 1)
    rows = load_rows(session, select(picked.c.id), member_id)
    has_more, rows = len(rows) > limit, rows[:limit]
    return QueuePage(
        tuple(rows),
        after=_key(rows[-1]) if has_more else None,
        before=_key(rows[0]) if rows and after is not None else None,
    )


def _part_before(
    session: Session, sight: Sight, view: View, filters: Filters, key: Key | None, limit: int
) -> QueuePage:
    picked = pick(sight, view, filters, after=None, before=key, limit=limit + 1)
    rows = load_rows(session, select(picked.c.id), sight.member_id)
    has_more, rows = len(rows) > limit, rows[-limit:]
    return QueuePage(
        tuple(rows),
        after=_key(rows[-1]) if rows else None,
        before=_key(rows[0]) if has_more else None,
    )


def find_row(session: Session, member_id: int, conversation_id: int) -> QueueRow | None:
    """Return one conversation's row as this member sees it (live updates); None when unseen."""
    return next(iter(list_rows(session, member_id, [conversation_id])), None)


def list_rows(session: Session, member_id: int | None, conversation_ids: Sequence[int]) -> list[QueueRow]:
    """Return rows by id, in that order, those that exist and are seen.

    With member_id None: for the live tail, which checks grants itself; then nothing counts as unread.
    """
    wanted = select(Conversation.id).where(Conversation.id.in_(conversation_ids), Conversation.joined_into_id.is_(None))
    if member_id is not None:
        wanted = wanted.where(access.sees(member_id, Conversation.channel_id, Conversation.is_private))
    rows = {row.conversation_id: row for row in load_rows(session, wanted, member_id)}
    return [rows[number] for number in conversation_ids if number in rows]


def list_places(session: Session, conversation_ids: Collection[int]) -> dict[int, tuple[int, bool]]:
    """Return on which channel, and whether on its private side, conversations are, by id."""
    found = select(Conversation.id, Conversation.channel_id, Conversation.is_private)
    rows = session.execute(found.where(Conversation.id.in_(conversation_ids)))
    return {row.id: (row.channel_id, row.is_private) for row in rows}


def count_views(session: Session, member_id: int) -> Counts:
    """Count each list of the rail, bounded, in one statement."""
    lists = {
        View.MINE: True,
        View.UNASSIGNED: True,
        View.SNOOZED: False,
        View.NO_ANSWER: False,
        View.EVERYTHING: True,
    }
    counts = count(session, find_sight(session, member_id), lists.items(), limit=COUNT_LIMIT)
    return Counts(**{view.value: found for view, found in zip(lists, counts, strict=True)})


def list_earlier(
    session: Session, member_id: int, contact_id: int, *, except_id: int | None = None, limit: int = 20
) -> list[QueueRow]:
    """Return a person's other conversations, newest first, as far as the member sees them."""
    wanted = (
        select(Conversation.id)
        .where(
            Conversation.contact_id == contact_id,
            Conversation.joined_into_id.is_(None),
            Conversation.id != (except_id or 0),
            access.sees(member_id, Conversation.channel_id, Conversation.is_private),
        )
        .order_by(Conversation.id.desc())
        .limit(limit)
    )
    rows = load_rows(session, wanted, member_id)
    return sorted(rows, key=lambda row: (row.last_message_at, row.conversation_id), reverse=True)


def _key(row: QueueRow) -> str:
    return str(Key(row.queue_at, row.conversation_id))
