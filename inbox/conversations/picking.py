"""Which conversations a list holds, in which order, found by walking indexes (never by sorting the queue).

Three ways in, chosen by what narrows most: a label's own index; an assignee's or a team's; else the
queue, side by side of the channels where these are few, or the whole where they are many. What is due has an order
of its own, its deadlines', and few rows: these are walked whatever narrows them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Boolean,
    ColumnElement,
    Label,
    ScalarSelect,
    Select,
    Subquery,
    Text,
    bindparam,
    func,
    literal_column,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import table_of
from inbox.conversations.dues import today_in
from inbox.conversations.keys import Key
from inbox.conversations.models import NO_ANSWER_SQL, UNASSIGNED_SQL, Conversation, ConversationLabel, Status
from inbox.conversations.ordering import MIRROR
from inbox.conversations.sight import Sight
from inbox.database import UtcDateTime
from inbox.members import access

Places = Select[int, datetime]  # ids and places in the list
Lists = tuple[tuple["View", bool], ...]

_CONVERSATION, _LABEL = table_of(Conversation).c, table_of(ConversationLabel).c
_MEMBER: ColumnElement[int] = bindparam("member_id", type_=BigInteger)
_NOW: ColumnElement[datetime] = bindparam("now", type_=UtcDateTime)
_DAY_ENDS: ColumnElement[datetime] = bindparam("day_ends_at", type_=UtcDateTime)


class View(StrEnum):
    """The lists of the rail."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    SNOOZED = "snoozed"
    NO_ANSWER = "no_answer"
    EVERYTHING = "everything"

    @property
    def is_by_deadline(self) -> bool:
        """Tell whether it holds what is due, soonest first, whatever its status."""
        return self in (View.DUE_TODAY, View.OVERDUE)


# Those that many conversations are in, and that one index holds in their order.
_COMMON = (View.SNOOZED, View.NO_ANSWER, View.EVERYTHING)


@dataclass(frozen=True)
class Filters:
    """What narrows a view; `status` (open, snoozed, done, spam) replaces the view's own.

    `due_until_at` stands in the list of what is due today for the end of the member's day.
    """

    status: str | None = None
    channel_id: int | None = None
    label_id: int | None = None
    team_id: int | None = None
    assignee_id: int | None = None
    kind: str | None = None
    due_until_at: datetime | None = None


@dataclass(frozen=True)
class Shape:
    """All that a list's statement is written by: lists of one shape share one statement, made once."""

    view: View
    status: str | None
    filtered: tuple[str, ...]  # the names of the filters that are on, but for status
    side_count: int | None  # how many sides are walked one by one; None: the whole, passing over what is not theirs
    direction: str  # "", "after", "before"
    limit: int


@dataclass(frozen=True)
class Wanted:
    """One part of a list: the shape of its statement, and the values that go into it."""

    shape: Shape
    values: Mapping[str, Any]


def want(
    sight: Sight, view: View, filters: Filters, *, after: Key | None, before: Key | None, limit: int
) -> Wanted | None:
    """Say what is to be picked; None where the member sees nothing of it."""
    if filters.channel_id is not None:
        sight = sight.on(filters.channel_id)
    if not sight.sides:
        return None
    names = [field.name for field in fields(filters) if field.name not in ("status", "due_until_at")]
    given = {name: getattr(filters, name) for name in names}
    on = {name: value for name, value in given.items() if value is not None}
    is_walked_by_side = sight.is_narrow and not _is_short(view, on)
    shape = Shape(
        view,
        filters.status,
        tuple(on),
        len(sight.sides) if is_walked_by_side else None,
        "after" if after else "before" if before else "",
        limit,
    )
    key = after or before
    values = (
        on
        | _times(sight, filters.due_until_at, view)
        | _side_values(sight, shape.side_count)
        | ({"key_at": key.at, "key_id": key.id} if key else {})
    )
    return Wanted(shape, values | {"member_id": sight.member_id})


def _is_short(view: View, on: Mapping[str, Any]) -> bool:
    """Tell whether an assignee's or a team's own index leads to few rows."""
    if view.is_by_deadline or "label_id" in on or "channel_id" in on:
        return False
    return view is View.MINE or "assignee_id" in on or "team_id" in on


def _times(sight: Sight, until_at: datetime | None, *views: View) -> dict[str, datetime]:
    """Return what deadlines are compared with: now, and when the member's day ends, or `until_at` instead of that."""
    if not any(view.is_by_deadline for view in views):
        return {}
    today = today_in(sight.time_zone, clock.now())
    return {"now": today.now, "day_ends_at": until_at or today.ends_at}


def _side_values(sight: Sight, side_count: int | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for number, (channel_id, is_private) in enumerate(sight.sides[: side_count or 0]):
        values |= {f"channel_{number}": channel_id, f"is_private_{number}": is_private}
    return values


def pick(shape: Shape) -> CTE:
    """Return what picks the ids (`id`) and places of one part of a list, at most `limit`.

    `before`: the part that ends before a key, which then comes in falling order.
    """
    parts = [_walked(part, shape.direction, shape.limit) for part in _parts(shape)]
    return _merged(parts, is_falling=shape.direction == "before", limit=shape.limit).cte("picked")


def count(
    session: Session, sight: Sight, lists: Lists, *, limit: int, due_until_at: datetime | None = None
) -> list[int]:
    """Count the rows of several lists in one statement, or (True) those in which somebody waits, each up to `limit`.

    `due_until_at`: as for `Filters`.
    """
    if not sight.sides:
        return [0 for _ in lists]
    side_count = len(sight.sides) if sight.is_narrow else None
    values = {"member_id": sight.member_id} | _side_values(sight, side_count)
    values |= _times(sight, due_until_at, *(view for view, _only_waiting in lists))
    return list(session.execute(_counts(lists, side_count, limit), values).one())


@lru_cache
def _counts(lists: Lists, side_count: int | None, limit: int) -> Select[Any]:
    counts: list[Any] = [_counted(view, side_count, only_waiting, limit) for view, only_waiting in lists]
    return select(*counts)


def _counted(view: View, side_count: int | None, only_waiting: bool, limit: int) -> ScalarSelect[int] | Label[int]:
    parts = _parts(Shape(view, None, (), None if _is_short(view, {}) else side_count, "", limit))
    if only_waiting:
        parts = [part.where(_CONVERSATION.queue_at < MIRROR) for part in parts]
    most = _number(limit)
    bounded = [_first(part, most, is_ordered=view in _COMMON or view.is_by_deadline) for part in parts]
    every = bounded[0]
    if len(bounded) > 1:
        every = union_all(*(part.select() for part in bounded)).limit(most).subquery()
    return select(func.count()).select_from(every).scalar_subquery()


def _first(part: Places, most: ColumnElement[int], *, is_ordered: bool) -> Subquery:
    """Cut off the first of a list, to be counted, of a common kind in the list's own order.

    Without an order PostgreSQL reads the table from its start, for it takes them to be spread evenly over it.
    """
    number, at = part.selected_columns
    cut = part.order_by(at, number) if is_ordered else part
    return cut.with_only_columns(literal_column("1").label("one")).limit(most).subquery()


def _parts(shape: Shape) -> list[Places]:
    """Return unordered selects of (id, place) that together are the list, each fit for one index."""
    table = _LABEL if "label_id" in shape.filtered and not shape.view.is_by_deadline else _CONVERSATION
    every = _labelled(shape) if table is _LABEL else _due(shape) if shape.view.is_by_deadline else _unlabelled(shape)
    if shape.side_count is None:
        return [every.where(access.sees_on_the_way(_MEMBER, table.channel_id, table.is_private))]
    return [_on_side(every, table, number) for number in range(shape.side_count)]


def _unlabelled(shape: Shape) -> Places:
    is_wanted = (*_filtered(shape), *_viewed(shape), _CONVERSATION.joined_into_id.is_(None))
    return select(_CONVERSATION.id, _CONVERSATION.queue_at).where(*is_wanted)


def _due(shape: Shape) -> Places:
    """Begin at the deadlines' index, which is in the list's order, whatever else narrows it."""
    is_due = [_CONVERSATION.due_at <= _NOW]
    if shape.view is View.DUE_TODAY:
        is_due = [_CONVERSATION.due_at > _NOW, _CONVERSATION.due_at < _DAY_ENDS]
    if "label_id" in shape.filtered:
        # Looked up for each: asked whether one exists, PostgreSQL reads all that the label is on.
        label = select(_LABEL.label_id).where(
            _LABEL.conversation_id == _CONVERSATION.id, _LABEL.label_id == bindparam("label_id", type_=BigInteger)
        )
        is_due.append(label.scalar_subquery().is_not(None))
    if shape.status is not None:
        is_due.append(_without_index(_CONVERSATION.status) == literal_column(f"'{Status(shape.status).value}'"))
    rest = [_without_index(column) == value for column, value in _given(shape)]
    return select(_CONVERSATION.id, _CONVERSATION.due_at).where(*is_due, *rest, _CONVERSATION.joined_into_id.is_(None))


def _without_index(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Ask for a column so that no index of its own serves: SQLite would prefer that, and sort all it finds."""
    if isinstance(column.type, Text):
        return column.concat(literal_column("''"))
    return column + literal_column("0")


def _labelled(shape: Shape) -> Places:
    """Begin at the label's index, which is ordered like the queue; what it tells is not asked of conversations.

    Else PostgreSQL may read all that is open to find which of it has the label. One that was joined into another
    has no labels any more.
    """
    has_label = _LABEL.label_id == bindparam("label_id", type_=BigInteger)
    places = select(_LABEL.conversation_id.label("id"), _LABEL.queue_at).where(
        has_label, _has_status(_LABEL.status, shape)
    )
    rest = [*_filtered(shape), *_viewed(shape)]
    if not rest:
        return places
    return places.join(table_of(Conversation), _CONVERSATION.id == _LABEL.conversation_id).where(*rest)


def _on_side(every: Places, table: Any, number: int) -> Places:
    """Narrow a list to one side of a channel: whether that is seen is then asked once, not of each row."""
    channel_id: ColumnElement[int] = bindparam(f"channel_{number}", type_=BigInteger)
    is_private: ColumnElement[bool] = bindparam(f"is_private_{number}", type_=Boolean)
    return every.where(
        table.channel_id == channel_id, table.is_private == is_private, access.sees(_MEMBER, channel_id, is_private)
    )


def _viewed(shape: Shape) -> list[ColumnElement[bool]]:
    view, is_labelled = shape.view, "label_id" in shape.filtered
    if not is_labelled and shape.status is None:
        # In the words of the partial indexes, so that they serve.
        if view is View.UNASSIGNED:
            return [text(UNASSIGNED_SQL)]  # type: ignore[list-item]
        if view is View.NO_ANSWER:
            return [text(NO_ANSWER_SQL)]  # type: ignore[list-item]
    conditions = [] if is_labelled else [_has_status(_CONVERSATION.status, shape)]
    if view is View.MINE:
        conditions.append(_CONVERSATION.assignee_id == _MEMBER)
    if view is View.UNASSIGNED:
        conditions += [_CONVERSATION.assignee_id.is_(None), ~_CONVERSATION.is_no_answer_needed]
    if view is View.NO_ANSWER:
        conditions.append(_CONVERSATION.is_no_answer_needed)
    return conditions


def _has_status(column: ColumnElement[str], shape: Shape) -> ColumnElement[bool]:
    # Written out, not bound: a plan that is kept for all values would not know that most are done.
    words: list[ColumnElement[str]] = [literal_column(f"'{status}'") for status in _statuses(shape)]
    return column == words[0] if len(words) == 1 else column.in_(words)


def _statuses(shape: Shape) -> Sequence[str]:
    if shape.status is not None:
        return [Status(shape.status).value]
    if shape.view is View.SNOOZED:
        return [Status.SNOOZED.value]
    if shape.view is View.NO_ANSWER:
        return [Status.OPEN.value, Status.SNOOZED.value, Status.DONE.value]
    return [Status.OPEN.value]


def _filtered(shape: Shape) -> list[ColumnElement[bool]]:
    return [column == value for column, value in _given(shape)]


def _given(shape: Shape) -> list[tuple[ColumnElement[Any], ColumnElement[Any]]]:
    """Return the columns that are filtered by, each with its value."""
    # A side's channel is already said with the side.
    said = {"label_id"} | ({"channel_id"} if shape.side_count is not None else set())
    names = [name for name in shape.filtered if name not in said]
    return [(_CONVERSATION[name], bindparam(name, type_=_CONVERSATION[name].type)) for name in names]


def _walked(part: Places, direction: str, limit: int) -> Subquery:
    """Cut a part's piece out of its index."""
    number, at = (column for column in part.selected_columns)
    place, key = tuple_(at, number), tuple_(bindparam("key_at", type_=at.type), bindparam("key_id", type_=BigInteger))
    if direction == "before":
        return part.where(place < key).order_by(at.desc(), number.desc()).limit(_number(limit)).subquery()
    if direction == "after":
        part = part.where(place > key)
    return part.order_by(at, number).limit(_number(limit)).subquery()


def _merged(parts: list[Subquery], *, is_falling: bool, limit: int) -> Places:
    every = parts[0] if len(parts) == 1 else union_all(*(part.select() for part in parts)).subquery()
    number, at = every.c
    order = (at.desc(), number.desc()) if is_falling else (at, number)
    return select(number, at).order_by(*order).limit(_number(limit))


def _number(limit: int) -> ColumnElement[int]:
    """Write a limit out: a plan that is kept for all limits takes each for a tenth of the table, and sorts it."""
    return literal_column(str(int(limit)))
