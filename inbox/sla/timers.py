"""Timers opened, moved, paused, closed and opened again, each in the transaction of what brought it about (RULES C2).

The caller holds the conversation's lock. `now` is when we come to know; the times that count are the messages' own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.alerts.closing import close_before_commit
from inbox.alerts.raising import change_due, change_facts
from inbox.calendars.hours import ALWAYS
from inbox.sla import deadlines, policies
from inbox.sla.models import Outcome, SlaPolicyVersion, Timer
from inbox.sla.policies import Facts

URGENT = "urgent"
COPIED = ("channel_id", "is_private", "kind", "team_id", "assignee_id", "priority")
# What else than the channel, which never changes, a policy may ask for.
_ASKED = ("team_id", "priority", "label_ids")


@dataclass(frozen=True)
class Start:
    """Since when somebody waits: `since_at` is what the messages say, `started_at` where the clock begins."""

    since_at: datetime
    started_at: datetime
    is_late_arrival: bool = False
    is_imported: bool = False


@dataclass(frozen=True)
class End:
    """How a wait ended; `ended_at` by the clock of what ended it, `covers_until_at`: of its newest message."""

    outcome: Outcome
    ended_at: datetime
    covers_until_at: datetime
    message_id: int | None = None
    member_id: int | None = None


def find_open(session: Session, conversation_id: int) -> Timer | None:
    """Return the timer that runs, or is paused, for a conversation."""
    return session.scalar(select(Timer).where(Timer.conversation_id == conversation_id, Timer.ended_at.is_(None)))


def list_timers(session: Session, conversation_id: int) -> Sequence[Timer]:
    """Return a conversation's timers, oldest first."""
    return session.scalars(select(Timer).where(Timer.conversation_id == conversation_id).order_by(Timer.id)).all()


def find_covering(session: Session, conversation_id: int, clock_at: datetime, received_at: datetime) -> Timer | None:
    """Return the closed period of waiting, if any, that a message belonged to."""
    closed = select(Timer).where(
        Timer.conversation_id == conversation_id,
        Timer.since_at <= clock_at,
        Timer.covers_until_at >= clock_at,
        Timer.closed_at >= received_at,
    )
    return session.scalar(closed.order_by(Timer.id.desc()).limit(1))


def next_number(session: Session, conversation_id: int) -> int:
    """Return the number of a conversation's next period: 1 is the wait for the first reply."""
    highest = select(func.max(Timer.number)).where(Timer.conversation_id == conversation_id)
    return (session.scalar(highest) or 0) + 1


def list_met_by(session: Session, reply_message_id: int) -> Sequence[Timer]:
    """Return the timers that an answer met."""
    return session.scalars(select(Timer).where(Timer.met_by_message_id == reply_message_id).order_by(Timer.id)).all()


def repoint(session: Session, reply_message_id: int, is_now_id: int) -> None:
    """Follow an answer whose row was taken over by another."""
    met = update(Timer).where(Timer.met_by_message_id == reply_message_id).values(met_by_message_id=is_now_id)
    session.execute(met.execution_options(synchronize_session="fetch"))


def void(session: Session, timer: Timer) -> None:
    """Take away a period that turned out to be no period of its own."""
    be_quiet(session, timer)
    session.delete(timer)
    session.flush()


def open_timer(session: Session, facts: Facts, start: Start, number: int, known_at: datetime) -> Timer:
    """Begin a period of waiting, with the first policy that fits; `known_at`: since when we know of it."""
    row = row_of(session, policies.list_current(session), facts, start, number, known_at)
    timer = Timer(**row)
    session.add(timer)
    session.flush()
    return timer


def row_of(
    session: Session, current: Sequence[SlaPolicyVersion], facts: Facts, start: Start, number: int, now: datetime
) -> dict[str, Any]:
    """Return the row of a timer that begins, for one or for many at a time; `current`: the policies as they stand."""
    fitting = policies.find_fitting(current, facts)
    due_at, next_at = None, None
    if fitting is not None:
        promise = policies.promise_of(session, fitting)
        due_at = deadlines.due_at(start.started_at, promise)
        next_at = _next_at(start.started_at, due_at, promise, (), now)
    return facts_of(facts) | {
        "conversation_id": facts.conversation_id,
        "number": number,
        "policy_version_id": fitting.id if fitting is not None else None,
        "since_at": start.since_at,
        "started_at": start.started_at,
        "opened_at": now,
        "due_at": due_at,
        "next_at": next_at,
        "pauses": [],
        "is_paused": False,
        "is_late_arrival": start.is_late_arrival,
        "is_imported": start.is_imported,
    }


def _next_at(
    started_at: datetime,
    due_at: datetime | None,
    promise: deadlines.Promise,
    pauses: Sequence[deadlines.Pause],
    opened_at: datetime,
    *,
    warned_at: datetime | None = None,
    is_told: bool = False,
) -> datetime | None:
    if due_at is None:
        return None
    warned_at = max(warned_at or opened_at, opened_at)  # nobody could be warned before we knew of it
    warnings = deadlines.list_warnings(started_at, due_at, promise, pauses)
    return deadlines.next_at(due_at, warnings, warned_at=warned_at, is_told=is_told)


def copy_facts(timer: Timer, facts: Facts) -> None:
    """Keep on the timer who and what it is about."""
    for name, value in facts_of(facts).items():
        setattr(timer, name, value)


def facts_of(facts: Facts) -> dict[str, Any]:
    """Return the facts as a timer's columns."""
    return {name: getattr(facts, name) for name in COPIED} | {"label_ids": list(facts.label_ids)}


def reckon(session: Session, timer: Timer, now: datetime) -> None:
    """Compute the deadline and what comes next; a breach that the deadline no longer bears is withdrawn."""
    promise = None if timer.policy_version is None else policies.promise_of(session, timer.policy_version)
    pauses = deadlines.read_pauses(timer.pauses)
    was_due_at = timer.due_at
    timer.due_at = None if promise is None else deadlines.due_at(timer.started_at, promise, pauses)
    if timer.due_at != was_due_at:
        _follow_deadline(session, timer, now)
    if timer.breached_at is not None and (timer.due_at is None or timer.due_at > now):
        withdraw_breach(session, timer)
    elif timer.breached_at is not None:
        timer.breached_at = timer.due_at
    plan(timer, promise, pauses)


def _follow_deadline(session: Session, timer: Timer, now: datetime) -> None:
    """Let alerts follow a deadline that is another now: what is overdue still goes on, and stays with who took it."""
    if timer.told_at is not None and timer.due_at is not None and timer.due_at <= now:
        change_due(session, timer.id, timer.due_at)
    else:
        be_quiet(session, timer)


def plan(timer: Timer, promise: deadlines.Promise | None, pauses: Sequence[deadlines.Pause]) -> None:
    """Set when the sweep has to look at a timer again."""
    timer.next_at = None
    if timer.ended_at is None and promise is not None:
        timer.next_at = _next_at(
            timer.started_at,
            timer.due_at,
            promise,
            pauses,
            timer.opened_at,
            warned_at=timer.warned_at,
            is_told=timer.told_at is not None,
        )


def move(session: Session, timer: Timer, start: Start, now: datetime) -> None:
    """Let the clock begin elsewhere: an older message was found, or the oldest one needs no answer any more."""
    before = _times(timer)
    timer.since_at, timer.started_at = start.since_at, start.started_at
    timer.is_late_arrival, timer.is_imported = start.is_late_arrival, start.is_imported
    reckon(session, timer, now)
    if _times(timer) != before:
        tell(session, timer, kinds.TIMER_MOVED, before)
    session.flush()


def close(session: Session, timer: Timer, end: End, now: datetime) -> None:
    """End a period of waiting. An answer that was in time takes a breach back, one that was late makes it one (C3)."""
    if end.outcome is Outcome.MET:
        judge(session, timer, end.ended_at)
    elif timer.due_at is not None and timer.due_at <= now and timer.breached_at is None:
        mark_breached(session, timer)
    timer.outcome, timer.ended_at, timer.closed_at = end.outcome.value, end.ended_at, now
    timer.covers_until_at = end.covers_until_at
    timer.met_by_message_id, timer.met_by_member_id = end.message_id, end.member_id
    timer.response_seconds = response_seconds(session, timer, end) if end.outcome is Outcome.MET else None
    timer.next_at = None
    be_quiet(session, timer)
    session.flush()


def be_quiet(session: Session, timer: Timer) -> None:
    """Take a timer out of the alerts that it is in, when the transaction commits: what they told of it is over."""
    if timer.warned_at is not None or timer.told_at is not None:
        session.flush()
        close_before_commit(session, timer.id)
        timer.told_at = None


def judge(session: Session, timer: Timer, answered_at: datetime) -> None:
    """Bring the breach in line with when the answer was given."""
    is_late = timer.due_at is not None and answered_at > timer.due_at
    if is_late and timer.breached_at is None:
        mark_breached(session, timer)
    elif not is_late and timer.breached_at is not None:
        withdraw_breach(session, timer)


def correct(session: Session, timer: Timer, end: End) -> None:
    """Take over what is now known of the answer that met a closed timer: another time, another answer."""
    judge(session, timer, end.ended_at)
    timer.ended_at, timer.met_by_message_id, timer.met_by_member_id = end.ended_at, end.message_id, end.member_id
    timer.response_seconds = response_seconds(session, timer, end)
    session.flush()


def response_seconds(session: Session, timer: Timer, end: End) -> float:
    """Return the open time from start to answer, as the policy counts it; all of it where no policy fits."""
    hours = ALWAYS
    if timer.policy_version is not None:
        hours = policies.promise_of(session, timer.policy_version).hours
    return deadlines.running_seconds(timer.started_at, end.ended_at, hours, deadlines.read_pauses(timer.pauses))


def reopen(session: Session, timer: Timer, facts: Facts, now: datetime) -> None:
    """Let a closed period go on, with its start, because what ended it no longer stands (B4)."""
    before = _times(timer) | {"outcome": timer.outcome}
    timer.outcome = timer.ended_at = timer.closed_at = timer.covers_until_at = None
    timer.met_by_message_id = timer.met_by_member_id = timer.response_seconds = None
    mark_if_due(session, timer, now)  # whose it was while it was closed
    copy_facts(timer, facts)
    reckon(session, timer, now)
    tell(session, timer, kinds.TIMER_REOPENED, before)


def pause(session: Session, timer: Timer, now: datetime) -> None:
    """Stop the clock."""
    before = _times(timer)
    stops = deadlines.read_pauses(timer.pauses)
    timer.pauses = deadlines.write_pauses((*stops, deadlines.Pause(max(now, timer.started_at), None)))
    timer.is_paused = True
    reckon(session, timer, now)
    tell(session, timer, kinds.TIMER_PAUSED, before)


def resume(session: Session, timer: Timer, now: datetime) -> None:
    """Let the clock run on."""
    before = _times(timer)
    stops = [replace(one, until_at=one.until_at or now) for one in deadlines.read_pauses(timer.pauses)]
    timer.pauses = deadlines.write_pauses(stops)
    timer.is_paused = False
    reckon(session, timer, now)
    tell(session, timer, kinds.TIMER_RESUMED, before)


def change_policy(session: Session, timer: Timer, version: SlaPolicyVersion | None, now: datetime) -> None:
    """Let a running timer follow another promise."""
    before = _times(timer)
    timer.policy_version = version
    reckon(session, timer, now)
    tell(session, timer, kinds.TIMER_POLICY, before)


def follow_facts(session: Session, timer: Timer, facts: Facts, now: datetime) -> None:
    """Bring a timer in line with its conversation: who holds it, which promise it has, whether it sleeps.

    A deadline that passed before is written down first: it is whose it was then. The promise is looked for anew only
    where something that it may ask for has changed: an edited policy leaves running timers as they were (C4).
    """
    changed = {name for name, value in facts_of(facts).items() if getattr(timer, name) != value}
    if changed:
        mark_if_due(session, timer, now)
        copy_facts(timer, facts)
        if timer.warned_at is not None or timer.told_at is not None:
            change_facts(
                session,
                timer.id,
                conversation_id=facts.conversation_id,
                team_id=facts.team_id,
                assignee_id=facts.assignee_id,
                is_urgent=facts.priority == URGENT,
            )
    if changed.intersection(_ASKED):
        _follow_policy(session, timer, facts, now)
    wants_pause = facts.is_snoozed and timer.policy_version is not None and timer.policy_version.is_paused_by_snooze
    if wants_pause != timer.is_paused:
        mark_if_due(session, timer, now)
        (pause if wants_pause else resume)(session, timer, now)
    session.flush()


def _follow_policy(session: Session, timer: Timer, facts: Facts, now: datetime) -> None:
    fitting = policies.find_fitting(policies.list_current(session), facts)
    kept = timer.policy_version
    if (fitting and fitting.policy_id) != (kept and kept.policy_id):
        change_policy(session, timer, fitting, now)


def mark_if_due(session: Session, timer: Timer, now: datetime) -> None:
    """Write down a breach that the sweep has not come to yet."""
    if timer.due_at is not None and timer.due_at <= now and timer.breached_at is None and timer.ended_at is None:
        mark_breached(session, timer)


def mark_breached(session: Session, timer: Timer) -> None:
    """Write down that the deadline was missed, and who held the conversation then.

    Nobody is to blame for one that had passed before the message reached us. The sweep tells of it.
    """
    mark(timer)
    tell(session, timer, kinds.TIMER_BREACHED, {})


def mark(timer: Timer) -> None:
    """Set what `mark_breached` sets, and tell nobody; for many at a time."""
    timer.breached_at = timer.due_at
    timer.next_at = timer.due_at if timer.ended_at is None else None
    is_known = timer.due_at is not None and timer.opened_at < timer.due_at
    timer.breach_assignee_id = timer.assignee_id if is_known else None
    timer.breach_team_id = timer.team_id if is_known else None


def withdraw_breach(session: Session, timer: Timer) -> None:
    """Take a breach back: the answer was in time, or the deadline is another."""
    before = {"breached_at": _written(timer.breached_at)}
    be_quiet(session, timer)
    timer.breached_at = timer.breach_assignee_id = timer.breach_team_id = None
    tell(session, timer, kinds.BREACH_WITHDRAWN, before)


def tell(session: Session, timer: Timer, kind: str, before: dict[str, Any]) -> None:
    """Write down a change of a timer, to be read in its conversation."""
    session.flush()
    record(session, kind, **line_of(timer, before))


def line_of(timer: Timer, before: dict[str, Any]) -> dict[str, Any]:
    """Return what an activity says of a timer as it is now."""
    after = _times(timer) | {"timer_id": timer.id}
    return {
        "channel_id": timer.channel_id,
        "conversation_id": timer.conversation_id,
        "before": before,
        "after": after,
    }


def _times(timer: Timer) -> dict[str, Any]:
    policy = timer.policy_version.name if timer.policy_version is not None else None
    times = {name: _written(getattr(timer, name)) for name in ("started_at", "due_at")}
    return times | {"policy": policy}


def _written(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
