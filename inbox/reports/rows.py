"""The timers behind a number: what each was, one line a timer, in pages and as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Engine, Select, and_, bindparam, select, tuple_
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.keys import Key
from inbox.conversations.models import Conversation
from inbox.database import UtcDateTime, read_only
from inbox.members.models import Member, Team
from inbox.reports.outcomes import (
    IN_RATE,
    IS_ANSWERED,
    IS_FIRST,
    KIND,
    SINCE_QUARTER,
    WAS_PAUSED,
    WITHIN_DAY,
    Kind,
    T,
    is_due_within,
    is_kind,
)
from inbox.reports.scope import Scope, conditions
from inbox.reports.spans import Window
from inbox.sla.models import SlaPolicyVersion, Timer

ROWS_A_PAGE = 50
ROWS_AT_ONCE = 1000
NOBODY = "nobody"


class What(StrEnum):
    """Which timers a number counts."""

    ALL = "all"  # whose deadline lies in the window, whatever became of them
    BEGAN = "began"  # those of them that were not imported: the heat map is of when they began to wait
    DUE = "due"  # those of them that the rate is of
    IN_TIME = Kind.IN_TIME.value
    LATE = Kind.LATE.value
    OVERDUE = Kind.OVERDUE.value
    EXCUSED = Kind.EXCUSED.value
    WITHDRAWN = Kind.WITHDRAWN.value
    LATE_ARRIVAL = Kind.LATE_ARRIVAL.value
    IMPORTED = Kind.IMPORTED.value
    ANSWERED = "answered"
    WITHIN_DAY = "within_day"
    WAS_PAUSED = "was_paused"
    COMING = "coming"  # who waits, with the deadline in the window
    WAITING = "waiting"  # who waits now, whatever the window
    OVERDUE_NOW = "overdue_now"
    PAUSED = "paused"


# These are about now: the window says nothing of them.
NOW = frozenset({What.WAITING, What.OVERDUE_NOW, What.PAUSED})
_IS_OPEN = T.ended_at.is_(None)
_CONDITIONS: dict[What, tuple[Any, ...]] = {
    What.ALL: (),
    What.BEGAN: (~T.is_imported,),
    What.DUE: (KIND.in_([kind.value for kind in IN_RATE]),),
    What.ANSWERED: (IS_ANSWERED,),
    What.WITHIN_DAY: (WITHIN_DAY,),
    What.WAS_PAUSED: (WAS_PAUSED,),
    What.COMING: (_IS_OPEN,),
    What.WAITING: (_IS_OPEN,),
    What.OVERDUE_NOW: (_IS_OPEN, T.due_at < bindparam("now", type_=UtcDateTime())),
    What.PAUSED: (_IS_OPEN, T.is_paused),
    **{What(kind.value): (is_kind(kind),) for kind in Kind},
}
_CONVERSATION, _CONTACT, _CHANNEL = table_of(Conversation), table_of(Contact), table_of(Channel)
_POLICY, _TEAM = table_of(SlaPolicyVersion), table_of(Team)
_ASSIGNEE, _ANSWERER, _HOLDER = (table_of(Member).alias(name) for name in ("assignee", "answerer", "holder"))
_SHOWN = (
    T.id,
    T.conversation_id,
    T.number,
    T.since_at,
    T.started_at,
    T.due_at,
    T.ended_at,
    T.outcome,
    T.response_seconds,
    T.is_paused,
    T.kind.label("message_kind"),
    T.is_private,
    T.priority,
    T.met_by_message_id,
    T.breached_at,
    KIND.label("became"),
    WAS_PAUSED.label("was_paused"),
    _CONTACT.c.display_name,
    _CONTACT.c.handle,
    _CHANNEL.c.platform,
    _CHANNEL.c.display_name.label("channel_name"),
    _CHANNEL.c.handle.label("channel_handle"),
    _TEAM.c.id.label("team_id"),
    _POLICY.c.name.label("policy"),
    _ASSIGNEE.c.name.label("assignee"),
    _ANSWERER.c.name.label("answerer"),
    _HOLDER.c.name.label("holder"),
)
# All of them outer joins, also with what is always there: so the timers come first, in their order, and are walked.
_FROM = (
    table_of(Timer)
    .outerjoin(_CONVERSATION, _CONVERSATION.c.id == T.conversation_id)
    .outerjoin(_CONTACT, _CONTACT.c.id == _CONVERSATION.c.contact_id)
    .outerjoin(_CHANNEL, _CHANNEL.c.id == T.channel_id)
    .outerjoin(_TEAM, _TEAM.c.id == T.team_id)
    .outerjoin(_POLICY, _POLICY.c.id == T.policy_version_id)
    .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == T.assignee_id)
    .outerjoin(_ANSWERER, _ANSWERER.c.id == T.met_by_member_id)
    .outerjoin(_HOLDER, _HOLDER.c.id == T.breach_assignee_id)
)


@dataclass(frozen=True)
class Asked:
    """Which rows: what they are, of which window, and of whom; `assignee`: a member's number, NOBODY, or None: all."""

    what: What
    window: Window
    assignee: int | str | None = None
    is_first: bool | None = None
    quarters: tuple[int, ...] | None = None  # of an hour since 1970, in one of which they began to wait

    @property
    def order(self) -> str:
        """Return the time by which they stand: the deadline where all have one."""
        return "since_at" if self.what in (What.WAITING, What.PAUSED) else "due_at"


def list_rows(
    session: Session, scope: Scope, asked: Asked, now: datetime, *, after: Key | None = None, limit: int = ROWS_A_PAGE
) -> Sequence[Any]:
    """Return timers, those first whose deadline came first (or who waits longest, where there may be none)."""
    values = scope.values | {"now": now, "from_at": asked.window.from_at, "until_at": asked.window.until_at}
    values |= {"assignee_id": asked.assignee} if isinstance(asked.assignee, int) else {}
    values |= {"after_at": after.at, "after_id": after.id} if after else {}
    values |= {"quarters": list(asked.quarters)} if asked.quarters is not None else {}
    shape = (asked.what, _is_whose(asked.assignee), asked.is_first, asked.quarters is not None, asked.order)
    statement = _select(scope.shape, *shape, after is not None).limit(limit)
    return session.execute(statement, values).all()


def each_row(engine: Engine, scope: Scope, asked: Asked, now: datetime) -> Iterator[Any]:
    """Yield all of them, some at a time, each time in a transaction of its own: who takes them may be slow."""
    after = None
    while rows := _read_some(engine, scope, asked, now, after):
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return
        after = place_of(rows[-1], asked)


def _read_some(engine: Engine, scope: Scope, asked: Asked, now: datetime, after: Key | None) -> Sequence[Any]:
    with read_only(), Session(engine) as session:
        return list_rows(session, scope, asked, now, after=after, limit=ROWS_AT_ONCE)


def place_of(row: Any, asked: Asked) -> Key:
    """Return the place behind a row."""
    return Key(getattr(row, asked.order), row.id)


def _is_whose(assignee: int | str | None) -> str:
    if assignee is None:
        return "all"
    return "member" if isinstance(assignee, int) else NOBODY


@lru_cache(maxsize=128)
def _select(
    shape: tuple[bool, bool],
    what: What,
    whose: str,
    is_first: bool | None,
    has_quarters: bool,
    order: str,
    has_place: bool,
) -> Select[Any]:
    order_by = T[order]
    found = [*_CONDITIONS[what], *conditions(T, shape, is_walked=True), *([] if what in NOW else is_due_within())]
    if whose != "all":
        is_theirs = T.assignee_id == bindparam("assignee_id", type_=BigInteger)
        found.append(is_theirs if whose == "member" else T.assignee_id.is_(None))
    if is_first is not None:
        found.append(IS_FIRST if is_first else ~IS_FIRST)
    if has_quarters:
        found.append(among(SINCE_QUARTER, "quarters"))
    if has_place:
        after = (bindparam("after_at", type_=UtcDateTime()), bindparam("after_id", type_=BigInteger))
        found.append(tuple_(order_by, T.id) > tuple_(*after))
    return select(*_SHOWN).select_from(_FROM).where(and_(*found)).order_by(order_by, T.id)
