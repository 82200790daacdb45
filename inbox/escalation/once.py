"""Tells what is told only once: a warning to who must act, and the summaries of what came late."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, update

from inbox.alerts import log
from inbox.alerts.models import AlertState, AlertTimer, EventKind
from inbox.alerts.raising import close
from inbox.escalation import steps
from inbox.escalation.people import Person, find_people
from inbox.escalation.steps import RUNGS, Target, TargetKind
from inbox.escalation.telling import Told, learn, tell, tell_last_resort
from inbox.escalation.turn import Turn

NOBODY = "nobody"


def tell_once(turn: Turn) -> None:
    """Tell who was not told yet, note who was reached, and let somebody else hear it in their stead who was not.

    `step_count` counts those that were told of and have no timer.
    """
    alert = turn.alert
    if failed := learn(turn):
        _tell_again(turn, failed)
    elif not alert.underway:
        alert.passed = []
    told = Told()
    rest = _tell_assignees(turn, told)
    rest += 0 if alert.timer_count else alert.gathered_count - alert.step_count
    is_lost = rest > 0 and not _tell_others(turn, rest, told)
    if told.underway and not alert.underway:
        alert.told_at, alert.has_arrived = turn.now, alert.has_arrived and not failed
    alert.underway = sorted({*alert.underway, *told.underway})
    if is_lost:
        _give_up(turn)
        return
    _come_to_rest(turn)


def _tell_assignees(turn: Turn, told: Told) -> int:
    """Tell those who must act of what is theirs; returns for how many timers there is nobody who can be reached."""
    untold = select(AlertTimer.assignee_id, func.count()).where(*_untold(turn))
    rows = turn.session.execute(untold.group_by(AlertTimer.assignee_id).order_by(AlertTimer.assignee_id)).all()
    rest = 0
    for assignee_id, count in rows:
        mine = Told()
        if assignee_id is not None and assignee_id not in turn.alert.passed:
            tell(turn, _person(turn, assignee_id), mine, count=count)
        if mine.underway:
            told.underway += mine.underway
            _mark_told(turn, AlertTimer.assignee_id == assignee_id)
        else:
            rest += count
    return rest


def _person(turn: Turn, member_id: int) -> Sequence[Person]:
    found = find_people(turn.session, turn.alert, (Target(TargetKind.MEMBER, member_id),), turn.now)
    return [Person(one.member, TargetKind.ASSIGNEE) for one in found]


def _tell_others(turn: Turn, count: int, told: Told) -> bool:
    """Tell the first of RULES F who can be reached of what nobody else was told; False where there is none."""
    mine = Told()
    for rung in range(len(RUNGS)):
        targets = [one for one in steps.targets_of(turn.plan, 0, rung) if one.kind is not TargetKind.ASSIGNEE]
        people = find_people(turn.session, turn.alert, targets, turn.now)
        tell(turn, [one for one in people if one.member.id not in turn.alert.passed], mine, count=count)
        if mine.underway:
            told.underway += mine.underway
            _mark_told(turn)
            turn.alert.step_count = turn.alert.gathered_count
            return True
    return False


def _tell_again(turn: Turn, failed: list[int]) -> None:
    """Let timers be told of once more whose assignee nothing reached, and all where nobody else was reached."""
    alert = turn.alert
    again = update(AlertTimer).where(AlertTimer.alert_id == alert.id, AlertTimer.gone_at.is_(None))
    if alert.has_arrived or alert.underway:
        again = again.where(AlertTimer.assignee_id.in_(failed))
    else:
        alert.step_count = 0
    turn.session.execute(again.values(told_at=None).execution_options(synchronize_session=False))


def _mark_told(turn: Turn, *whose: ColumnElement[bool]) -> None:
    done = update(AlertTimer).where(*_untold(turn), *whose).values(told_at=turn.now)
    turn.session.execute(done.execution_options(synchronize_session=False))


def _untold(turn: Turn) -> tuple[ColumnElement[bool], ...]:
    return (AlertTimer.alert_id == turn.alert.id, AlertTimer.gone_at.is_(None), AlertTimer.told_at.is_(None))


def _give_up(turn: Turn) -> None:
    alert = turn.alert
    tell_last_resort(turn)
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
