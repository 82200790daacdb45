"""Which conversations a list holds, in which order, found by walking indexes (never by sorting the queue).

Three ways in, chosen by what narrows most: a label's own index; an assignee's or a team's; else the
queue, side by side of the channels where these are few, or the whole where they are many.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CTE,
    ColumnElement,
    Label,
    ScalarSelect,
    Select,
    Subquery,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from inbox.conversations.keys import Key
from inbox.conversations.models import NO_ANSWER_SQL, UNASSIGNED_SQL, Conversation, ConversationLabel, Status
from inbox.conversations.ordering import MIRROR
from inbox.conversations.sight import Sight
from inbox.members import access

Places = Select[int, datetime]  # ids and places in the queue


class View(StrEnum):
    """The lists of the rail."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    SNOOZED = "snoozed"
    NO_ANSWER = "no_answer"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Filters:
    """What narrows a view; `status` (open, snoozed, done, spam) replaces the view's own."""

    status: str | None = None
    channel_id: int | None = None
    label_id: int | None = None
    team_id: int | None = None
    assignee_id: int | None = None
    kind: str | None = None


def pick(sight: Sight, view: View, filters: Filters, *, after: Key | None, before: Key | None, limit: int) -> CTE:
    """Return the ids and places (`id`, `queue_at`) of one part of a list, at most `limit`.

    `before`: the part that ends before a key, which then comes in falling order.
    """
    parts = [_walked(part, after, before, limit) for part in _parts(sight, view, filters)]
    return _merged(parts, is_falling=before is not None, limit=limit).cte("picked")


def count(session: Session, sight: Sight, lists: Collection[tuple[View, bool]], *, limit: int) -> list[int]:
    """Count the rows of several lists in one statement, or (True) those in which somebody waits, each up to `limit`."""
    counts = [_counted(sight, view, only_waiting, limit) for view, only_waiting in lists]
    return list(session.execute(select(*counts)).one())


def _counted(sight: Sight, view: View, only_waiting: bool, limit: int) -> ScalarSelect[int] | Label[int]:
    parts = _parts(sight, view, Filters())
    if not parts:
        return literal(0).label(view.value)
    if only_waiting:
        parts = [part.where(Conversation.queue_at < MIRROR) for part in parts]
    bounded = [part.with_only_columns(literal(1).label("one")).limit(limit).subquery() for part in parts]
    every = bounded[0]
    if len(bounded) > 1:
        every = union_all(*(part.select() for part in bounded)).limit(limit).subquery()
    return select(func.count()).select_from(every).scalar_subquery()


def _parts(sight: Sight, view: View, filters: Filters) -> list[Places]:
    """Return unordered selects of (id, queue_at) that together are the list, each fit for one index."""
    if filters.channel_id is not None:
        sight = sight.on(filters.channel_id)
    if not sight.sides:
        return []
    conditions = [*_filtered(filters), *_viewed(sight, view, filters), Conversation.joined_into_id.is_(None)]
    conditions.append(access.sees(sight.member_id, Conversation.channel_id, Conversation.is_private))
    if filters.label_id is not None:
        return [_labelled(filters.label_id, _statuses(view, filters)).where(*conditions)]
    plain = select(Conversation.id, Conversation.queue_at).where(*conditions)
    is_short = view is View.MINE or filters.assignee_id is not None or filters.team_id is not None
    if is_short and filters.channel_id is None:
        return [plain]
    if not sight.is_narrow:
        return [plain]
    return [
        plain.where(Conversation.channel_id == channel_id, Conversation.is_private == is_private)
        for channel_id, is_private in sight.sides
    ]


def _viewed(sight: Sight, view: View, filters: Filters) -> list[ColumnElement[bool]]:
    status = filters.status
    if filters.label_id is None and status is None:
        # In the words of the partial indexes, so that they serve.
        if view is View.UNASSIGNED:
            return [text(UNASSIGNED_SQL)]  # type: ignore[list-item]
        if view is View.NO_ANSWER:
            return [text(NO_ANSWER_SQL)]  # type: ignore[list-item]
    conditions: list[ColumnElement[bool]] = [Conversation.status.in_(_statuses(view, filters))]
    if len(_statuses(view, filters)) == 1:
        conditions = [Conversation.status == _statuses(view, filters)[0]]
    if view is View.MINE:
        conditions.append(Conversation.assignee_id == sight.member_id)
    if view is View.UNASSIGNED:
        conditions += [Conversation.assignee_id.is_(None), ~Conversation.is_no_answer_needed]
    if view is View.NO_ANSWER:
        conditions.append(Conversation.is_no_answer_needed.expression)
    return conditions


def _statuses(view: View, filters: Filters) -> Sequence[str]:
    if filters.status is not None:
        return [Status(filters.status).value]
    if view is View.SNOOZED:
        return [Status.SNOOZED.value]
    if view is View.NO_ANSWER:
        return [Status.OPEN.value, Status.SNOOZED.value, Status.DONE.value]
    return [Status.OPEN.value]


def _filtered(filters: Filters) -> list[ColumnElement[bool]]:
    wanted = {
        Conversation.channel_id: filters.channel_id,
        Conversation.team_id: filters.team_id,
        Conversation.assignee_id: filters.assignee_id,
        Conversation.kind: filters.kind,
    }
    return [column == value for column, value in wanted.items() if value is not None]


def _labelled(label_id: int, statuses: Sequence[str]) -> Places:
    """Begin at the label's index, which is ordered like the queue."""
    has_status = (
        ConversationLabel.status == statuses[0] if len(statuses) == 1 else ConversationLabel.status.in_(statuses)
    )
    return (
        select(ConversationLabel.conversation_id.label("id"), ConversationLabel.queue_at)
        .join(Conversation, Conversation.id == ConversationLabel.conversation_id)
        .where(ConversationLabel.label_id == label_id, has_status)
    )


def _walked(part: Places, after: Key | None, before: Key | None, limit: int) -> Subquery:
    """Cut a part's piece out of its index."""
    number, at = (column for column in part.selected_columns)
    if after is not None:
        part = part.where(tuple_(at, number) > tuple_(literal(after.at, at.type), literal(after.id)))
    if before is not None:
        part = part.where(tuple_(at, number) < tuple_(literal(before.at, at.type), literal(before.id)))
        return part.order_by(at.desc(), number.desc()).limit(limit).subquery()
    return part.order_by(at, number).limit(limit).subquery()


def _merged(parts: list[Subquery], *, is_falling: bool, limit: int) -> Places:
    if not parts:
        return select(Conversation.id, Conversation.queue_at).where(text("1 = 0"))
    every = parts[0] if len(parts) == 1 else union_all(*(part.select() for part in parts)).subquery()
    order = (every.c.queue_at.desc(), every.c.id.desc()) if is_falling else (every.c.queue_at, every.c.id)
    return select(every.c.id, every.c.queue_at).order_by(*order).limit(limit)
