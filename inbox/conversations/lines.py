"""Notes and system lines of a conversation, for the time that a part of its thread covers."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, literal_column, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.bulk import among, table_of, written_out
from inbox.conversations.folding import with_folded
from inbox.conversations.models import Conversation, Label, Note
from inbox.conversations.rows import LineView, NoteView
from inbox.database import UtcDateTime
from inbox.members.models import Member, Team

# What is worth a line; messages, edits, deletions and notes show themselves.
_KINDS = (
    kinds.ASSIGNED,
    kinds.TEAM_CHANGED,
    kinds.PRIORITY_CHANGED,
    kinds.SNOOZED,
    kinds.WOKEN,
    kinds.FINISHED,
    kinds.REOPENED,
    kinds.MARKED_SPAM,
    kinds.LABELLED,
    kinds.UNLABELLED,
    *kinds.OF_TIMERS,
    kinds.MESSAGE_AWAITS,
    kinds.MESSAGE_EXCUSED,
    kinds.MESSAGE_LIKED,
    kinds.MESSAGE_UNLIKED,
    kinds.MESSAGE_BACK,
    kinds.NATIVE_ANSWER,
    kinds.THREADS_JOINED,
    kinds.REPLY_DOUBLED,
)
_MOST: ColumnElement[int] = literal_column("500")
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_NAMED = {
    what: select(table.c.id, table.c.name).where(among(table.c.id, "ids"))
    for what, table in (("member", table_of(Member)), ("team", table_of(Team)), ("label", table_of(Label)))
}
_NAMING = {"assignee_id": "member", "last_assignee_id": "member", "team_id": "team", "label_id": "label"}

_ACTIVITY, _NOTE, _MEMBER = (table_of(one).c for one in (Activity, Note, Member))
_ID: ColumnElement[int] = bindparam("conversation_id", type_=BigInteger)
_SINCE: ColumnElement[datetime] = bindparam("since", type_=UtcDateTime)
_UNTIL: ColumnElement[datetime] = bindparam("until", type_=UtcDateTime)
_NOTES = (
    select(
        _NOTE.id,
        _NOTE.created_at,
        _NOTE.member_id,
        _MEMBER.name,
        case((_NOTE.deleted_at.is_(None), _NOTE.text), else_=""),
        _NOTE.deleted_at.is_not(None),
    )
    .join(table_of(Member), _MEMBER.id == _NOTE.member_id)
    .where(_NOTE.conversation_id == _ID, _NOTE.created_at >= _SINCE, _NOTE.created_at < _UNTIL)
    .order_by(_NOTE.created_at.desc(), _NOTE.id.desc())
    .limit(_MOST)
)
_LINES = (
    select(
        *(_ACTIVITY[name] for name in ("id", "at", "kind", "member_id", "message_id", "before", "after")), _MEMBER.name
    )
    .outerjoin(table_of(Member), _MEMBER.id == _ACTIVITY.member_id)
    .where(_ACTIVITY.conversation_id.in_(with_folded(_ID)))
    .where(_ACTIVITY.kind.in_(written_out(_KINDS)), _ACTIVITY.undone_by_id.is_(None))
    .where(_ACTIVITY.at >= _SINCE, _ACTIVITY.at < _UNTIL)
    .order_by(_ACTIVITY.id.desc())
    .limit(_MOST)
)


def list_notes(
    session: Session, conversation: Conversation, since: datetime | None, until: datetime | None
) -> list[NoteView]:
    """Return the notes written in `since <= time < until` (None: no end); deleted ones without their text."""
    values = {"conversation_id": conversation.id, "since": since or _EARLIEST, "until": until or _LATEST}
    return [NoteView(*row) for row in session.execute(_NOTES, values)]


def list_lines(
    session: Session, conversation: Conversation, since: datetime | None, until: datetime | None
) -> list[LineView]:
    """Return what was done in that time and not undone; of conversations that were folded into this one too."""
    values = {"conversation_id": conversation.id, "since": since or _EARLIEST, "until": until or _LATEST}
    rows = session.execute(_LINES, values).all()
    names = _names(session, rows)
    return [_line(row, names) for row in rows]


def _line(row: Any, names: dict[str, str]) -> LineView:
    return LineView(
        id=row.id,
        at=row.at,
        kind=row.kind,
        member_id=row.member_id,
        member_name=row.name,
        message_id=row.message_id,
        before=row.before or {},
        after=row.after or {},
        names={key: names[key] for key in sorted(_keys(row)) if key in names},  # pages compare them as written
    )


def _names(session: Session, rows: Iterable[Any]) -> dict[str, str]:
    """Return the names of everybody and everything that the lines mention: three queries at most."""
    keys = {key for row in rows for key in _keys(row)}
    names: dict[str, str] = {}
    for what, statement in _NAMED.items():
        ids = sorted(int(key.partition(":")[2]) for key in keys if key.startswith(f"{what}:"))
        found = session.execute(statement, {"ids": ids}) if ids else ()
        names |= {f"{what}:{number}": name for number, name in found}
    return names


def _keys(row: Any) -> set[str]:
    said = [*(row.before or {}).items(), *(row.after or {}).items()]
    return {f"{_NAMING[name]}:{value}" for name, value in said if name in _NAMING and value is not None}
