"""A conversation's clock as its page shows it: why it runs, how it stands, and how earlier waits ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, bindparam, literal_column, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import table_of
from inbox.conversations.dues import ClockState, soon_at, state_of
from inbox.conversations.models import Conversation
from inbox.desk.clock_words import Wait, ended_words, mark_words, wait_word
from inbox.members.models import Member
from inbox.sla.models import SlaPolicyVersion, Timer

MOST_EARLIER = 8

_TIMER, _POLICY, _MEMBER = (table_of(one).c for one in (Timer, SlaPolicyVersion, Member))
_ID: ColumnElement[int] = bindparam("conversation_id", type_=BigInteger)
_OF_OTHERS = {
    "policy_name": _POLICY.name,
    "target_seconds": _POLICY.target_seconds,
    "answered_by": _MEMBER.name,
}
_TIMERS = (
    select(*(_OF_OTHERS[name] if name in _OF_OTHERS else _TIMER[name] for name in Wait._fields))
    .select_from(table_of(Timer))
    .outerjoin(table_of(SlaPolicyVersion), _POLICY.id == _TIMER.policy_version_id)
    .outerjoin(table_of(Member), _MEMBER.id == _TIMER.met_by_member_id)
    .where(_TIMER.conversation_id == _ID)
    .order_by(_TIMER.id.desc())
    .limit(literal_column(str(MOST_EARLIER + 2)))
)


@dataclass(frozen=True)
class Ended:
    """An earlier wait: which, how it ended, who answered, and what else is to be known of it."""

    word: str
    sentence: str
    ended_at: datetime
    answered_by: str | None
    is_native: bool  # answered, but not from here
    is_late: bool
    marks: Sequence[str]


@dataclass(frozen=True)
class ClockShown:
    """The clock that runs, if one does, and those before it."""

    state: str
    is_running: bool = False  # somebody waits, whether or not that is due at a time
    word: str = ""
    policy_name: str | None = None
    started_at: datetime | None = None
    due_at: datetime | None = None
    soon_at: datetime | None = None
    per_cent_left: int = 0
    marks: Sequence[str] = ()
    ended: Sequence[Ended] = ()
    has_more: bool = False


def read_clock(session: Session, conversation: Conversation) -> ClockShown:
    """Read a conversation's clock; whether the member sees the conversation has been asked."""
    waits = [Wait(*row) for row in session.execute(_TIMERS, {"conversation_id": conversation.id})]
    running = next((wait for wait in waits if wait.ended_at is None), None)
    ended = [_show_ended(wait, wait.ended_at) for wait in waits if wait.ended_at is not None]
    shown, has_more = tuple(ended[:MOST_EARLIER]), len(ended) > MOST_EARLIER
    if running is None:
        return ClockShown(ClockState.NONE.value, ended=shown, has_more=has_more)
    now = clock.now()
    return ClockShown(
        state=state_of(running.due_at, running.target_seconds, now, is_paused=running.is_paused).value,
        is_running=True,
        word=wait_word(running.number),
        policy_name=running.policy_name,
        started_at=running.started_at,
        due_at=running.due_at,
        soon_at=soon_at(running.due_at, running.target_seconds or 0) if running.due_at else None,
        per_cent_left=_per_cent_left(running.started_at, running.due_at, now),
        marks=mark_words(running),
        ended=shown,
        has_more=has_more,
    )


def _show_ended(wait: Wait, ended_at: datetime) -> Ended:
    is_met = wait.outcome == "met"
    return Ended(
        word=wait_word(wait.number),
        sentence=ended_words(wait),
        ended_at=ended_at,
        answered_by=wait.answered_by if is_met else None,
        is_native=is_met and wait.answered_by is None,
        is_late=is_met and wait.is_late,
        marks=mark_words(wait),
    )


def _per_cent_left(started_at: datetime, due_at: datetime | None, now: datetime) -> int:
    if due_at is None or due_at <= now or due_at <= started_at:
        return 0
    return min(100, max(1, round(100 * (due_at - now) / (due_at - started_at))))
