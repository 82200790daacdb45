"""Tells an alert to people, and learns whether it arrived."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_

from inbox.alerts import links
from inbox.alerts.models import TOLD_ONCE, AlertKind, AlertState, EventKind
from inbox.escalation import night, notices, webhooks
from inbox.escalation.people import Person, list_empty
from inbox.escalation.steps import Target, TargetKind
from inbox.escalation.turn import Turn
from inbox.members.models import Member
from inbox.notifications.models import Notification
from inbox.notifications.queue import list_usable, notify, notify_last_resort, outcome, outcome_of
from inbox.security import new_token

NO_METHOD, ALERTS_ONLY, FAILED = "no_method", "alerts_only", "failed"
LEFT, NOBODY_ON, NOBODY_IN, NOBODY = "left", "nobody_on", "nobody_in", "nobody"


@dataclass
class Told:
    """Those to whom it is on its way, when those who sleep wake up, and who wants to hear of alerts alone."""

    underway: list[int] = field(default_factory=list)
    mornings: list[datetime] = field(default_factory=list)
    spared: list[int] = field(default_factory=list)


def tell(
    turn: Turn, people: Iterable[Person], told: Told, *, share: notices.Share | None = None, step: int | None = None
) -> None:
    """Tell people, and note in `told` whom; who has no verified method is passed, who sleeps is left asleep."""
    for person in people:
        if _sleeps(turn, person):
            morning = night.morning_after(turn.now, person.member.time_zone)
            told.mornings.append(morning)
            turn.write(EventKind.ASLEEP, member_id=person.member.id, step=step, until=morning.isoformat())
        elif methods := _queue(turn, person, share):
            told.underway.append(person.member.id)
            via, marks = person.via.value, turn.marks
            turn.write(EventKind.TOLD, member_id=person.member.id, step=step, via=via, methods=methods, **marks)
        elif turn.alert.kind in TOLD_ONCE and list_usable(turn.session, person.member.id, is_alert=True):
            told.spared.append(person.member.id)
            let_pass(turn, person.member.id, ALERTS_ONLY, step)
        else:
            let_pass(turn, person.member.id, NO_METHOD, step)


def tell_webhooks(turn: Turn, numbers: Iterable[int], told: Told, *, step: int) -> None:
    """Tell other programs, whose methods belong to no member; in `told` and in the alert they are negative."""
    for number in numbers:
        make = notices.maker(notices.read_facts(turn.session, turn.alert), "UTC", None)
        if turn.is_rehearsal or webhooks.queue(turn.session, number, make, alert_id=turn.alert.id, now=turn.now):
            told.underway.append(-number)
            turn.write(EventKind.TOLD, step=step, webhook=number, methods=1, **turn.marks)
        else:
            let_pass(turn, -number, NO_METHOD, step)


def tell_last_resort(turn: Turn) -> bool:
    """Tell RELEVO_LAST_RESORT_URL; False where none is set, or what is played or the watch itself tells it."""
    if turn.is_rehearsal or turn.alert.kind == AlertKind.ENGINE:
        return False
    make = notices.maker(notices.read_facts(turn.session, turn.alert), "UTC", None)
    if not notify_last_resort(turn.session, make, alert_id=turn.alert.id, now=turn.now):
        return False
    turn.write(EventKind.LAST_RESORT)
    return True


def let_pass(turn: Turn, number: int, why: str, step: int | None = None) -> None:
    """Note that somebody can't be reached, and say so in the log the first time."""
    alert = turn.alert
    alert.passed = [*alert.passed, number]
    if why == FAILED or alert.state != AlertState.UNREACHABLE:
        whose = {"member_id": number} if number > 0 else {"webhook": -number}
        turn.write(EventKind.PASSED, step=step, why=why, **whose)


def note_empty(turn: Turn, targets: Iterable[Target], step: int | None = None) -> bool:
    """Say in the log which of a step's targets are nobody at this moment; tells whether any are."""
    empty = list_empty(turn.session, turn.alert, targets, turn.now)
    for one in empty:
        if turn.alert.state == AlertState.UNREACHABLE:
            break  # it was said when that began
        if one.kind is TargetKind.ROTATION:
            turn.write(EventKind.PASSED, step=step, why=NOBODY_ON, rotation=one.number)
        elif one.kind is TargetKind.TEAM:
            turn.write(EventKind.PASSED, step=step, why=NOBODY_IN, team=one.number)
        elif turn.session.get(Member, one.number or 0) is not None:
            turn.write(EventKind.PASSED, member_id=one.number, step=step, why=LEFT)
    return bool(empty)


def note_nobody(turn: Turn, step: int) -> None:
    """Say in the log that a step means nobody: nobody is assigned, there is no lead."""
    if turn.alert.state != AlertState.UNREACHABLE:
        turn.write(EventKind.PASSED, step=step, why=NOBODY)


def learn(turn: Turn) -> None:
    """Ask what became of what is underway; those whom nothing reached are passed."""
    alert = turn.alert
    still = []
    for number in alert.underway:
        word = _outcome(turn, number)
        if word == "underway":
            still.append(number)
        elif word == "sent":
            note_reached(turn, number)
        else:
            let_pass(turn, number, FAILED)
    alert.underway = still


def note_reached(turn: Turn, number: int) -> None:
    """Note that it arrived."""
    turn.alert.has_arrived = True
    if turn.is_rehearsal:
        return
    turn.write(EventKind.REACHED, **({"member_id": number} if number > 0 else {"webhook": -number}))


def outcome_at(turn: Turn, member_id: int, at: datetime) -> str:
    """Say what became of what a member was told at one moment."""
    if turn.is_rehearsal:
        return "sent"
    whose = and_(Notification.member_id == member_id, Notification.created_at == at)
    return outcome_of(turn.session, turn.alert.id, whose, at)


def _outcome(turn: Turn, number: int) -> str:
    if turn.is_rehearsal:
        return "sent"
    since_at = turn.alert.told_at or turn.alert.raised_at
    if number < 0:
        return webhooks.outcome(turn.session, turn.alert.id, -number, since_at)
    return outcome(turn.session, turn.alert.id, number, since_at)


def _sleeps(turn: Turn, person: Person) -> bool:
    """Tell whether somebody is to be left asleep; warnings wait for the end of quiet hours by themselves."""
    if turn.alert.kind in TOLD_ONCE or not night.is_night(turn.now, person.member.time_zone):
        return False
    return not night.may_wake(turn.plan.wakes, is_urgent=turn.alert.is_urgent, is_on_call=person.is_on_call)


def _queue(turn: Turn, person: Person, share: notices.Share | None) -> int:
    """Queue the notice for every verified method; returns how many. The link counts only if it is on its way."""
    token, member = new_token(), person.member
    make = notices.maker(notices.read_facts(turn.session, turn.alert, share=share), member.time_zone, token)
    is_alert = turn.alert.kind not in TOLD_ONCE
    if turn.is_rehearsal:
        return len(list_usable(turn.session, member.id, is_alert=is_alert))
    methods = notify(turn.session, member.id, make, alert_id=turn.alert.id, is_alert=is_alert, now=turn.now)
    if methods:
        links.keep(turn.session, token, alert_id=turn.alert.id, member_id=member.id, now=turn.now, pace=turn.pace)
    return methods
