"""Renders changed conversations as rows for open pages; registered with `live`, which knows no page."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import BigInteger, Select, bindparam, false, func, literal_column, select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.bulk import table_of
from inbox.conversations.models import Conversation
from inbox.conversations.queries import list_rows
from inbox.conversations.rows import QueueRow
from inbox.desk.rows import row_html
from inbox.live.renderers import RenderedRow
from inbox.members.access import sees

# How many of the last activities are asked through for the newest that a member may hear of.
LATELY = 200


def render(session: Session, conversation_ids: Sequence[int], _locale: str) -> Sequence[RenderedRow]:
    """Render rows in the language that is in force; what is a member's own (unread, open) is left to the page."""
    return [_render(row) for row in list_rows(session, None, list(conversation_ids))]


def find_places(session: Session, conversation_ids: Collection[int]) -> Mapping[int, tuple[int, bool]]:
    """Return each conversation's channel and whether it is private, by id: what decides who may hear of it."""
    query = select(Conversation.id, Conversation.channel_id, Conversation.is_private)
    rows = session.execute(query.where(Conversation.id.in_(conversation_ids)))
    return {number: (channel_id, is_private) for number, channel_id, is_private in rows}


def _render(row: QueueRow) -> RenderedRow:
    html = row_html(row)
    facts = {
        "status": row.status,
        "assignee_id": row.assignee_id,
        "team_id": row.team_id,
        "is_waiting": row.waiting_since is not None,
        "queue_at": row.queue_at.isoformat(),
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "is_no_answer_needed": row.is_no_answer_needed,
        "labels": [label.id for label in row.labels],
        "channel_id": row.channel_id,
        "last_inbound_seq": row.last_seq,
    }
    return RenderedRow(row.conversation_id, row.version, html, facts)


def find_newest(session: Session, member_id: int) -> int:
    """Return the newest of the last activities that the member may hear of; 0 where all are others'."""
    return session.scalar(_NEWEST, {"member_id": member_id}) or 0


def _find_last() -> Select[int]:
    activity, conversation = table_of(Activity).c, table_of(Conversation).c
    last = (
        select(activity.id, activity.channel_id, activity.conversation_id)
        .order_by(activity.id.desc())
        .limit(literal_column(str(LATELY)))
        .subquery()
    )
    is_private = func.coalesce(conversation.is_private, false())
    return (
        select(last.c.id)
        .outerjoin(table_of(Conversation), conversation.id == last.c.conversation_id)
        .where(sees(bindparam("member_id", type_=BigInteger), last.c.channel_id, is_private))
        .order_by(last.c.id.desc())
        .limit(literal_column("1"))  # found, nothing older is asked for
    )


_NEWEST = _find_last()
