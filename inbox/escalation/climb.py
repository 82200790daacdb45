"""Takes an alert's steps, one after the other, until somebody takes it or it is over (RULES F)."""

from datetime import datetime

from inbox.alerts import log
from inbox.alerts.models import AlertState, EventKind
from inbox.alerts.raising import steps_back
from inbox.escalation import steps
from inbox.escalation.people import find_people
from inbox.escalation.steps import RUNGS, Target, TargetKind
from inbox.escalation.telling import (
    Told,
    learn,
    note_empty,
    note_nobody,
    tell,
    tell_last_resort,
    tell_webhooks,
)
from inbox.escalation.turn import Turn

NOBODY, UNANSWERED = "nobody", "unanswered"


def climb(turn: Turn) -> None:
    """Do what is due: go on after somebody took it, note who was reached, pass who was not, take the next step."""
    alert = turn.alert
    _follow(turn)
    if alert.state == AlertState.ACKNOWLEDGED:
        _resume(turn)
    learn(turn)
    if alert.has_arrived and alert.unreachable_why == NOBODY:
        _be_reachable(turn)
    if alert.next_step_at is None or turn.now >= alert.next_step_at:
        _take_step(turn)
    elif alert.told_at is not None and not alert.underway and not alert.has_arrived:
        _tell_from(turn, alert.rung + 1)
    else:
        _look_again(turn)


def _resume(turn: Turn) -> None:
    """Go on with the step after those that were taken, repetitions from zero."""
    alert = turn.alert
    alert.asleep_count, alert.asleep_until_at = 0, None
    alert.step_count = steps.begin_anew(turn.plan, alert.step_count)
    alert.acknowledged_until_at = alert.next_step_at = None
    turn.write(EventKind.RESUMED)
    log.move(turn.session, alert, AlertState.TRIGGERED)


def _be_reachable(turn: Turn) -> None:
    alert = turn.alert
    alert.unreachable_why = alert.unreachable_since_at = None
    alert.step_count = steps.begin_anew(turn.plan, alert.step_count)
    log.move(turn.session, alert, AlertState.TRIGGERED)


def _follow(turn: Turn) -> None:
    """Go on by the plan in force where it is another than that by which the steps so far were taken."""
    alert, plan = turn.alert, turn.plan
    by, round_length = alert.escalation_version_id, alert.round_length
    alert.escalation_version_id, alert.round_length = plan.version_id, len(plan.steps)
    if round_length is not None and (by, round_length) != (plan.version_id, len(plan.steps)):
        alert.step_count = steps.carry_over(plan, alert.step_count, round_length)
        alert.asleep_count, alert.asleep_until_at = 0, None


def _take_step(turn: Turn) -> None:
    alert = turn.alert
    coming = steps.next(turn.plan, alert.step_count)
    if coming.is_exhausted and alert.state != AlertState.UNREACHABLE:
        _give_up(turn, UNANSWERED)
        return
    alert.underway, alert.passed, alert.has_arrived, alert.told_at = [], [], False, None
    _tell_from(turn, 0)


def _tell_from(turn: Turn, rung: int) -> None:
    """Tell the step's targets, or else those that RULES F names next, until it is on its way to somebody.

    A step by which nobody can be told is passed at once, and the one after it taken: who can't be reached must not
    stand before who can. A round that ends so ends with the last resort.
    """
    alert, seen = turn.alert, set(turn.alert.passed)
    # from rung 1 on the step counts as taken already
    first = steps.next(turn.plan, max(0, alert.step_count - (1 if rung else 0))).place
    for place in range(first, len(turn.plan.steps)):
        told = _tell_step(turn, place, rung if place == first else 0, seen)
        if told.underway:
            return
        if told.mornings:
            _leave_asleep(turn, min(told.mornings))
            return
        _pass_step(turn)
        if alert.asleep_until_at is not None and alert.asleep_count >= len(turn.plan.steps):
            _wait_for_morning(turn, alert.asleep_until_at)
            return
    if alert.asleep_until_at is not None:
        _plan_next(turn)
        _look_again(turn)
    else:
        _give_up(turn, NOBODY)


def _tell_step(turn: Turn, place: int, rung: int, seen: set[int]) -> Told:
    """Tell by one step, from a rung on; what became of it stands on the alert where it is on its way to somebody."""
    told = Told()
    for rung_now in range(rung, len(RUNGS)):
        targets = steps.targets_of(turn.plan, place, rung_now)
        means = _tell(turn, targets, seen, told, place + 1)
        if rung_now == 0 and not note_empty(turn, targets, place + 1) and not means:
            note_nobody(turn, place + 1)
        seen |= means
        if told.underway:
            _be_told(turn, rung_now, told)
            break
    return told


def _tell(turn: Turn, targets: tuple[Target, ...], seen: set[int], told: Told, step: int) -> set[int]:
    """Tell those who were not thought of before; returns all who are meant."""
    people = find_people(turn.session, turn.alert, targets, turn.now)
    tell(turn, [one for one in people if one.member.id not in seen], told, step=step)
    hooks = [one.number for one in targets if one.kind is TargetKind.WEBHOOK and one.number is not None]
    tell_webhooks(turn, [number for number in hooks if -number not in seen], told, step=step)
    return {one.member.id for one in people} | {-number for number in hooks}


def _pass_step(turn: Turn) -> None:
    """Count a step that told nobody as taken."""
    alert = turn.alert
    alert.step_count += 1 if alert.told_at is None else 0
    alert.told_at, alert.underway = None, []
    alert.asleep_count += 1 if alert.asleep_until_at is not None else 0


def _be_told(turn: Turn, rung: int, told: Told) -> None:
    alert = turn.alert
    if alert.told_at is None:
        alert.step_count += 1
    alert.told_at, alert.rung, alert.underway = turn.now, rung, told.underway
    alert.asleep_count, alert.asleep_until_at = 0, None
    _plan_next(turn)
    _look_again(turn)
    log.announce(turn.session, alert)


def _plan_next(turn: Turn) -> None:
    alert = turn.alert
    is_lost = alert.state == AlertState.UNREACHABLE
    again = turn.pace.unreachable_again_seconds
    wait = steps.wait_before(turn.plan, alert.step_count, turn.pace.alert_again_seconds)
    alert.next_step_at = turn.after(again if is_lost else turn.pace.paced(wait))


def _leave_asleep(turn: Turn, until: datetime) -> None:
    """Count a step that finds everybody asleep as taken: a later one may have somebody on call."""
    alert = turn.alert
    if alert.told_at is None:
        alert.step_count += 1
        _plan_next(turn)
    alert.told_at, alert.underway = None, []
    alert.asleep_count += 1
    alert.asleep_until_at = min(until, alert.asleep_until_at or until)
    if alert.asleep_count < len(turn.plan.steps):
        _look_again(turn)
    else:
        _wait_for_morning(turn, alert.asleep_until_at)


def _wait_for_morning(turn: Turn, until: datetime) -> None:
    """Wait until the first one wakes up; the steps that told nobody are taken then as if they never were."""
    alert = turn.alert
    steps_back(alert)
    alert.next_step_at = alert.next_at = max(until, turn.now)
    if until > turn.now:
        turn.write(EventKind.HELD, until=until.isoformat())


def _give_up(turn: Turn, why: str) -> None:
    """Turn to the last resort and to everybody's screen, and try again in five minutes."""
    alert = turn.alert
    tell_last_resort(turn)
    if alert.state != AlertState.UNREACHABLE:
        alert.unreachable_why, alert.unreachable_since_at = why, turn.now
        turn.write(EventKind.UNREACHABLE, why=why)
        log.move(turn.session, alert, AlertState.UNREACHABLE)
    alert.told_at, alert.underway = None, []
    alert.asleep_count, alert.asleep_until_at = 0, None
    # what is played has shown all its steps by then
    again_at = None if turn.is_rehearsal else turn.after(turn.pace.unreachable_again_seconds)
    alert.next_step_at = alert.next_at = again_at


def _look_again(turn: Turn) -> None:
    alert = turn.alert
    check_at = turn.after(turn.pace.alert_check_seconds)
    step_at = alert.next_step_at or check_at
    alert.next_at = min(step_at, check_at) if alert.underway else step_at
