"""Notes and system lines of a conversation, for the time that a part of its thread covers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, or_, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.models import Conversation, Label, Note
from inbox.conversations.rows import LineView, NoteView
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
    kinds.MESSAGE_AWAITS,
    kinds.MESSAGE_EXCUSED,
    kinds.MESSAGE_LIKED,
    kinds.MESSAGE_UNLIKED,
    kinds.MESSAGE_BACK,
    kinds.NATIVE_ANSWER,
    kinds.THREADS_JOINED,
)
_MOST = 500
_NAMED: dict[str, Any] = {"member": Member, "team": Team, "label": Label}
_NAMING = {"assignee_id": "member", "last_assignee_id": "member", "team_id": "team", "label_id": "label"}


def list_notes(
    session: Session, conversation: Conversation, since: datetime | None, until: datetime | None
) -> list[NoteView]:
    """Return the notes written in `since <= time < until` (None: no end); deleted ones without their text."""
    found = (
        select(Note, Member.name)
        .join(Member, Member.id == Note.member_id)
        .where(Note.conversation_id == conversation.id, *_within(Note.created_at, since, until))
        .order_by(Note.created_at.desc(), Note.id.desc())
        .limit(_MOST)
    )
    return [
        NoteView(
            id=note.id,
            at=note.created_at,
            member_id=note.member_id,
            member_name=name,
            text="" if note.deleted_at else note.text,
            is_deleted=note.deleted_at is not None,
        )
        for note, name in session.execute(found)
    ]


def list_lines(
    session: Session, conversation: Conversation, since: datetime | None, until: datetime | None
) -> list[LineView]:
    """Return what was done in that time and not undone; of conversations that were folded into this one too."""
    folded = select(Conversation.id).where(Conversation.joined_into_id == conversation.id)
    found = (
        select(Activity, Member.name)
        .outerjoin(Member, Member.id == Activity.member_id)
        .where(or_(Activity.conversation_id == conversation.id, Activity.conversation_id.in_(folded)))
        .where(Activity.kind.in_(_KINDS), Activity.undone_by_id.is_(None), *_within(Activity.at, since, until))
        .order_by(Activity.id.desc())
        .limit(_MOST)
    )
    rows = [(activity, name) for activity, name in session.execute(found)]
    names = _names(session, [activity for activity, _name in rows])
    return [_line(activity, name, names) for activity, name in rows]


def _line(activity: Activity, member_name: str | None, names: dict[str, str]) -> LineView:
    return LineView(
        id=activity.id,
        at=activity.at,
        kind=activity.kind,
        member_id=activity.member_id,
        member_name=member_name,
        message_id=activity.message_id,
        before=activity.before or {},
        after=activity.after or {},
        names={key: names[key] for key in _keys(activity) if key in names},
    )


def _names(session: Session, activities: Iterable[Activity]) -> dict[str, str]:
    """Return the names of everybody and everything that the lines mention: three queries."""
    keys = {key for activity in activities for key in _keys(activity)}
    names: dict[str, str] = {}
    for what, table in _NAMED.items():
        ids = sorted(int(key.partition(":")[2]) for key in keys if key.startswith(f"{what}:"))
        for number, name in session.execute(select(table.id, table.name).where(table.id.in_(ids))):
            names[f"{what}:{number}"] = name
    return names


def _keys(activity: Activity) -> set[str]:
    said = [*(activity.before or {}).items(), *(activity.after or {}).items()]
    return {f"{_NAMING[name]}:{value}" for name, value in said if name in _NAMING and value is not None}


def _within(
    at: SQLColumnExpression[datetime], since: datetime | None, until: datetime | None
) -> list[ColumnElement[bool]]:
    bounds: list[ColumnElement[bool]] = []
    if since is not None:
        bounds.append(at >= since)
    if until is not None:
        bounds.append(at < until)
    return bounds
