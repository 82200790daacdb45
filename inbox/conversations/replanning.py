"""Running timers brought to another promise, some conversations at a time, and what that would do (RULES C4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, not_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.bulk import table_of
from inbox.conversations import clocking
from inbox.conversations.changes import touch
from inbox.conversations.models import Conversation, Status
from inbox.members.access import sees_on_the_way
from inbox.sla import replanning, timers
from inbox.sla.models import Replan, Timer
from inbox.sla.replanning import Fate, Prospect, Running, as_running

MOST_LOOKED = 10_000  # in a preview, which somebody waits for
_AT_ONCE = 1_000
EXAMPLES = 5
_TIMER = table_of(Timer).c


@dataclass(frozen=True)
class Example:
    """A conversation whose deadline would be another one."""

    conversation_id: int
    due_at: datetime | None
    will_be_due_at: datetime | None


@dataclass
class Effect:
    """What running timers that somebody sees would have of it; `is_cut`: so many that only some were looked at.

    `has_hidden`: it changes others as well, of which they may not know how many there are (RULES G).
    """

    looked_count: int = 0
    changed_count: int = 0  # follow another version, whether or not they are due then
    moved_count: int = 0
    late_count: int = 0
    relieved_count: int = 0
    is_cut: bool = False
    has_hidden: bool = False
    moved: list[Example] = field(default_factory=list)
    late: list[Example] = field(default_factory=list)
    relieved: list[Example] = field(default_factory=list)

    def take(self, running: Running, fate: Fate, now: datetime) -> None:
        """Count one timer, and keep it as an example."""
        self.changed_count += 1
        if fate.due_at == running.due_at:
            return
        self.moved_count += 1
        was_late, is_late = _is_over(running.due_at, now), _is_over(fate.due_at, now)
        self.late_count += is_late and not was_late
        self.relieved_count += was_late and not is_late
        kept = self.late if is_late > was_late else self.relieved if was_late > is_late else self.moved
        if len(kept) < EXAMPLES:
            kept.append(Example(running.facts.conversation_id, running.due_at, fate.due_at))


def foresee(session: Session, prospect: Prospect, member_id: int) -> Effect:
    """Return what becomes of the running timers that the member sees, with examples, and whether of others too."""
    effect, after_id = Effect(), 0
    seen = sees_on_the_way(member_id, _TIMER.channel_id, _TIMER.is_private)
    while rows := _read(session, after_id, _AT_ONCE, seen):
        for one in rows:
            fate = prospect.fate(one)
            if fate is not None:
                effect.take(one, fate, prospect.now)
        effect.looked_count += len(rows)
        after_id = rows[-1].facts.conversation_id
        if len(rows) < _AT_ONCE:
            break
        if effect.looked_count >= MOST_LOOKED:
            effect.is_cut = bool(_read(session, after_id, 1, seen))
            break
    effect.has_hidden = _changes_any(session, prospect, not_(seen))
    return effect


def _changes_any(session: Session, prospect: Prospect, which: ColumnElement[bool]) -> bool:
    """Tell whether any of these running timers would have something of it; of very many the first are looked at."""
    after_id, looked_count = 0, 0
    while rows := _read(session, after_id, _AT_ONCE, which):
        if any(prospect.fate(one) is not None for one in rows):
            return True
        looked_count += len(rows)
        if looked_count >= MOST_LOOKED:
            return True
        after_id = rows[-1].facts.conversation_id
    return False


def replan_some(session: Session, limit: int = 100) -> bool:
    """Bring up to `limit` timers along; tells whether there may be more. Commit after it.

    Everything is in the caller's transaction: what is lost with a worker, the next one does again.
    """
    now = clock.now()
    replan = replanning.claim(session)
    if replan is None:
        return False
    prospect = replanning.prospect_of(session, replan, now)
    rows = _read(session, replan.after_id, _AT_ONCE)
    looked, ids = 0, []
    for one in rows:
        looked += 1
        if prospect.fate(one) is not None:
            ids.append(one.facts.conversation_id)
        if len(ids) == limit:
            break
    changed = _change(session, prospect, replan, ids)
    after_id = rows[looked - 1].facts.conversation_id if looked else replan.after_id
    replanning.go_on(session, replan, after_id=after_id, looked=looked, changed=changed, now=now)
    session.flush()
    return True


def _change(session: Session, prospect: Prospect, replan: Replan, ids: Sequence[int]) -> int:
    """Lock the conversations, by rising id, and look at each again: it may have been answered meanwhile."""
    held = (
        select(Conversation)
        .where(Conversation.id.in_(ids))
        .order_by(Conversation.id)
        .with_for_update(key_share=True, of=Conversation)
    )
    changed = 0
    for conversation in session.scalars(held.execution_options(populate_existing=True)).all() if ids else ():
        timer = timers.find_open(session, conversation.id)
        if timer is None:
            continue
        session.refresh(timer)
        if timer.opened_at <= replan.created_at:
            changed += _follow(session, prospect, conversation, timer)
    return changed


def _follow(session: Session, prospect: Prospect, conversation: Conversation, timer: Timer) -> bool:
    kept = timer.policy_version
    is_snoozed = conversation.status == Status.SNOOZED
    policy_id, number = (kept.policy_id, kept.number) if kept is not None else (None, None)
    now_running = as_running(timer, policy_id, number, is_snoozed=is_snoozed)
    fate = prospect.fate(now_running)
    if fate is None:
        return False
    timers.mark_if_due(session, timer, prospect.now)
    timers.change_policy(session, timer, fate.version, prospect.now)
    clocking.follow(session, conversation)
    touch(session, conversation)
    return True


def _read(session: Session, after_id: int, limit: int, which: ColumnElement[bool] | None = None) -> list[Running]:
    query = replanning.list_running(after_id, limit).add_columns(Conversation.status)
    if which is not None:
        query = query.where(which)
    rows = session.execute(query.join(Conversation, Conversation.id == Timer.conversation_id))
    return [as_running(row, row.policy_id, row.number, is_snoozed=row.status == Status.SNOOZED) for row in rows]


def _is_over(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at <= now
