"""Tells what is told only once: a warning to who must act, and the summaries of what came late."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from inbox.alerts import log
from inbox.alerts.models import AlertEvent, AlertState, AlertTimer, EventKind
from inbox.alerts.raising import close
from inbox.alerts.told import (
    count_untimed,
    mark_missed,
    mark_told,
    note_untimed_missed,
    note_untimed_told,
    open_timers,
    untimed_told_to,
    was_told_to,
)
from inbox.escalation import steps
from inbox.escalation.notices import Share
from inbox.escalation.people import Person, find_people
from inbox.escalation.steps import RUNGS, Target, TargetKind
from inbox.escalation.telling import FAILED, Told, let_pass, note_empty, note_reached, outcome_at, tell
from inbox.escalation.turn import Turn
from inbox.notifications.settle import withdraw

NOBODY = "nobody"


def tell_once(turn: Turn) -> None:
    """Tell who was not told yet, note who was reached, and let somebody else hear it in their stead who was not.

    `step_count` counts those that were told of and have no timer.
    """
    alert = turn.alert
    _withdraw_idle(turn)
    if not _learn(turn) and not alert.underway:
        alert.passed = []
    told = Told()
    rest = _tell_assignees(turn, told)
    rest += count_untimed(alert)
    is_lost = rest > 0 and not _tell_others(turn, rest, told)
    if told.underway and not alert.underway:
        alert.told_at, alert.has_arrived = turn.now, False
    alert.underway = sorted({*alert.underway, *told.underway})
    if is_lost and not told.spared:
        _give_up(turn)
        return
    if is_lost and count_untimed(alert):  # who could be told wants to hear of alerts alone
        note_untimed_told(alert, told.spared, turn.now)
    _come_to_rest(turn)


def _tell_assignees(turn: Turn, told: Told) -> int:
    """Tell those who must act of what is theirs; returns for how many timers there is nobody who can be reached."""
    untold = select(AlertTimer.assignee_id, func.count(), func.min(AlertTimer.due_at)).where(*_untold(turn))
    rows = turn.session.execute(untold.group_by(AlertTimer.assignee_id).order_by(AlertTimer.assignee_id)).all()
    rest = 0
    for assignee_id, count, due_at in rows:
        mine = Told()
        if assignee_id is not None and assignee_id not in turn.alert.passed:
            tell(turn, _person(turn, assignee_id), mine, share=Share(count, due_at))
        if mine.underway:
            told.underway += mine.underway
            mark_told(turn.session, turn.alert, mine.underway, turn.now, AlertTimer.assignee_id == assignee_id)
        else:
            rest += count
            told.spared += mine.spared
    return rest


def _person(turn: Turn, member_id: int) -> Sequence[Person]:
    found = find_people(turn.session, turn.alert, (Target(TargetKind.MEMBER, member_id),), turn.now)
    return [Person(one.member, TargetKind.ASSIGNEE) for one in found]


def _tell_others(turn: Turn, count: int, told: Told) -> bool:
    """Tell the first of RULES F who can be reached of what nobody else was told; False where there is none."""
    mine = Told()
    first = turn.session.scalar(select(func.min(AlertTimer.due_at)).where(*_untold(turn)))
    share = Share(count, first if turn.alert.timer_count else turn.alert.first_due_at)
    for rung in range(len(RUNGS)):
        targets = [one for one in steps.targets_of(turn.plan, 0, rung) if one.kind is not TargetKind.ASSIGNEE]
        people = find_people(turn.session, turn.alert, targets, turn.now)
        tell(turn, [one for one in people if one.member.id not in turn.alert.passed], mine, share=share)
        if rung == 0:
            note_empty(turn, targets)
        if mine.underway:
            told.underway += mine.underway
            mark_told(turn.session, turn.alert, mine.underway, turn.now)
            if count_untimed(turn.alert):
                note_untimed_told(turn.alert, mine.underway, turn.now)
            return True
    told.spared += mine.spared
    return False


def _learn(turn: Turn) -> bool:
    """Ask what became of all that is underway; what nobody heard of is told again. True where somebody missed any."""
    alert, failed = turn.alert, []
    for number in list(alert.underway):
        fates = {at: outcome_at(turn, number, at) for at in _moments(turn, number)}
        if "underway" in fates.values():
            continue
        alert.underway = [one for one in alert.underway if one != number]
        missed = [at for at, word in fates.items() if word != "sent"]
        if not missed:
            note_reached(turn, number)
            continue
        failed.append(number)
        let_pass(turn, number, FAILED)
        for at in missed:
            mark_missed(turn.session, alert, number, at)
            note_untimed_missed(alert, number, at)
    return bool(failed)


def _withdraw_idle(turn: Turn) -> None:
    """Take back what has not left yet to those whose timers are gone; what has no timer stays on its way."""
    alert, still = turn.alert, []
    for number in alert.underway:
        theirs = select(AlertTimer.id).where(*open_timers(alert), was_told_to(number)).limit(1)
        if number not in untimed_told_to(alert) and turn.session.scalar(theirs) is None:
            withdraw(turn.session, alert.id, number)
        else:
            still.append(number)
    alert.underway = still


def _moments(turn: Turn, member_id: int) -> Sequence[datetime]:
    """Return when a member was told of what is not known to have reached everybody yet."""
    told = select(AlertEvent.at).where(AlertEvent.alert_id == turn.alert.id, AlertEvent.kind == EventKind.TOLD.value)
    told = told.where(AlertEvent.member_id == member_id, AlertEvent.at >= (turn.alert.told_at or turn.alert.raised_at))
    return turn.session.scalars(told.distinct()).all()


def _untold(turn: Turn) -> tuple[ColumnElement[bool], ...]:
    return (*open_timers(turn.alert), AlertTimer.told_at.is_(None))


def _give_up(turn: Turn) -> None:
    """Show who may know that nobody can be told, and try again; the last resort is for alerts."""
    alert = turn.alert
    if alert.state != AlertState.UNREACHABLE:
        alert.unreachable_why, alert.unreachable_since_at = NOBODY, turn.now
        turn.write(EventKind.UNREACHABLE, why=NOBODY)
        log.move(turn.session, alert, AlertState.UNREACHABLE)
    alert.next_at = turn.after(turn.pace.unreachable_again_seconds)


def _come_to_rest(turn: Turn) -> None:
    """Look again while something is on its way; then a warning waits for its timers, and a summary is over."""
    alert = turn.alert
    if alert.state == AlertState.UNREACHABLE and alert.has_arrived:
        alert.unreachable_why = alert.unreachable_since_at = None
        log.move(turn.session, alert, AlertState.TRIGGERED)
    if alert.underway:
        alert.next_at = turn.after(turn.pace.notify_again_seconds)
    elif alert.timer_count == 0:
        close(turn.session, alert, turn.now, why="told")
    else:
        alert.next_at = None
