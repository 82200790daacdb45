"""Raises alerts and closes them: one open alert a kind, channel and escalation policy, which gathers its timers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, Update, event, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from inbox import clock
from inbox.alerts import log
from inbox.alerts.models import TOLD_ONCE, Alert, AlertKind, AlertState, AlertTimer, EventKind
from inbox.alerts.told import is_untimed_unheard
from inbox.bulk import insert_missing

_TO_WEIGH, _TO_CLOSE = "timers_to_weigh", "timers_to_close"  # in a session's info, until it commits


@dataclass(frozen=True)
class Waiting:
    """One timer that an alert is about, and who must act as far as is known."""

    timer_id: int
    due_at: datetime | None = None
    conversation_id: int | None = None
    team_id: int | None = None
    assignee_id: int | None = None
    is_urgent: bool = False


def raise_(
    session: Session,
    *,
    kind: str,
    channel_id: int | None,
    escalation_policy_id: int | None,
    timer_id: int | None,
    due_at: datetime | None,
    is_urgent: bool,
    now: datetime,
    conversation_id: int | None = None,
    team_id: int | None = None,
    assignee_id: int | None = None,
) -> Alert:
    """Raise an alert, or let a timer join the one that is open; the same timer again is told of again if it warns."""
    one = () if timer_id is None else (Waiting(timer_id, due_at, conversation_id, team_id, assignee_id, is_urgent),)
    return raise_for(
        session,
        kind=kind,
        channel_id=channel_id,
        escalation_policy_id=escalation_policy_id,
        waiting=one,
        is_urgent=is_urgent,
        now=now,
        due_at=due_at,
    )


def raise_for(
    session: Session,
    *,
    kind: str,
    channel_id: int | None,
    escalation_policy_id: int | None,
    waiting: Sequence[Waiting],
    is_urgent: bool,
    now: datetime,
    due_at: datetime | None = None,
    count: int | None = None,
) -> Alert:
    """Raise one alert for many timers at once; `count` says how many there are besides that have none (an import).

    A timer that broke its promise is no longer in a warning.
    """
    what = AlertKind(kind)
    key = f"{what.value}:{channel_id or ''}:{escalation_policy_id or ''}"
    ids = sorted({one.timer_id for one in waiting})
    if what is AlertKind.BREACH:
        _lock_with(session, key, ids)
        _let_go(session, ids, now, only_warnings=True)
    alert = _find_open(session, key) or _open(
        session, what, key, channel_id, escalation_policy_id, is_urgent=is_urgent, now=now
    )
    _gather(session, alert, _with_urgency(waiting, is_urgent), now, count)
    _note_due(alert, [one.due_at for one in waiting] or [due_at])
    if is_urgent and not alert.is_urgent:
        _become_urgent(session, alert, now)
    session.flush()
    return alert


def close_for_timer(session: Session, timer_id: int, now: datetime) -> None:
    """Take a timer out of its alerts; an alert closes when its last timer is gone."""
    close_for_timers(session, (timer_id,), now)


def close_for_timers(session: Session, timer_ids: Iterable[int], now: datetime) -> None:
    """Take timers out of their alerts."""
    ids = sorted(set(timer_ids))
    _lock(session, _gathering(ids))
    _let_go(session, ids, now)


def weigh(session: Session, timer_ids: Iterable[int], now: datetime) -> None:
    """Let the open alerts of these timers be urgent if one of their timers is, and else not.

    Alerts of timers that are taken out at this commit too are locked with them: everybody locks in one order.
    """
    ids = sorted({*timer_ids, *session.info.get(_TO_CLOSE, ())})
    open_ones = _gathering(ids).where(Alert.state != AlertState.CLOSED.value)
    for alert in _lock(session, open_ones):
        if not alert.is_urgent and _is_any_urgent(session, alert):
            _become_urgent(session, alert, now)
            log.announce(session, alert)
        else:
            _weigh(session, alert)


def take_out(session: Session, alert: Alert, timer_ids: Sequence[int], now: datetime) -> None:
    """Take timers out of one alert, which the caller has locked and closes where none is left."""
    mine = (AlertTimer.alert_id == alert.id, AlertTimer.timer_id.in_(timer_ids), AlertTimer.gone_at.is_(None))
    gone = session.execute(_quietly(update(AlertTimer).where(*mine)).values(gone_at=now))
    alert.timer_count = max(0, alert.timer_count - gone.rowcount)  # type: ignore[attr-defined]
    _weigh(session, alert)
    log.announce(session, alert)


def close_open(
    session: Session,
    *,
    kind: str,
    channel_id: int | None,
    now: datetime,
    escalation_policy_id: int | None = None,
    why: str = "over",
) -> bool:
    """Close an alert that no timer holds open, because what it was about is over; tells whether one was open."""
    alert = _find_open(session, f"{kind}:{channel_id or ''}:{escalation_policy_id or ''}")
    if alert is None:
        return False
    close(session, alert, now, why=why)
    return True


def close(session: Session, alert: Alert, now: datetime, *, why: str, member_id: int | None = None) -> None:
    """Close an alert, which the caller has locked; a sweep takes back what has not left yet."""
    alert.open_key = alert.claim_token = alert.next_step_at = None
    alert.closed_at = alert.next_at = now
    alert.underway = []
    log.write(session, alert, EventKind.CLOSED, now, member_id=member_id, why=why)
    log.move(session, alert, AlertState.CLOSED, member_id=member_id)


def change_facts(
    session: Session,
    timer_id: int,
    *,
    conversation_id: int | None,
    team_id: int | None,
    assignee_id: int | None,
    is_urgent: bool | None = None,
) -> None:
    """Say who must act on a timer from now on: the next step asks these; its alerts are weighed at the commit."""
    urgency = {} if is_urgent is None else {"is_urgent": is_urgent}
    if urgency:
        session.info.setdefault(_TO_WEIGH, set()).add(timer_id)
    session.execute(
        update(AlertTimer)
        .where(AlertTimer.timer_id == timer_id, AlertTimer.gone_at.is_(None))
        .values(conversation_id=conversation_id, team_id=team_id, assignee_id=assignee_id, **urgency)
        .execution_options(synchronize_session=False)
    )


def change_due(session: Session, timer_id: int, due_at: datetime) -> None:
    """Say when a timer that is told of was due, now that it is another time."""
    session.execute(
        update(AlertTimer)
        .where(AlertTimer.timer_id == timer_id, AlertTimer.gone_at.is_(None))
        .values(due_at=due_at)
        .execution_options(synchronize_session=False)
    )


def _open(
    session: Session,
    kind: AlertKind,
    key: str,
    channel_id: int | None,
    escalation_policy_id: int | None,
    *,
    is_urgent: bool,
    now: datetime,
) -> Alert:
    """Add the alert, unless somebody did so at this moment: theirs is then joined."""
    row = {
        "kind": kind.value,
        "open_key": key,
        "channel_id": channel_id,
        "escalation_policy_id": escalation_policy_id,
        "state": AlertState.TRIGGERED.value,
        "is_urgent": is_urgent,
        "raised_at": now,
        "next_at": now,
    }
    is_ours = insert_missing(session, Alert, [row]) == 1
    alert = _find_open(session, key)
    if alert is None:  # theirs was closed at once
        return _open(session, kind, key, channel_id, escalation_policy_id, is_urgent=is_urgent, now=now)
    if is_ours:
        log.write(session, alert, EventKind.RAISED, now, is_urgent=is_urgent)
        log.announce(session, alert)
    return alert


def _gather(session: Session, alert: Alert, waiting: Sequence[Waiting], now: datetime, count: int | None) -> None:
    rows = {one.timer_id: _row(alert, one, now) for one in waiting}
    joined = insert_missing(session, AlertTimer, [rows[number] for number in sorted(rows)])
    if joined < len(rows):
        joined += _again(session, alert, rows, now)
    added = joined + (count or 0)
    is_first = alert.gathered_count == 0
    alert.timer_count += joined
    alert.gathered_count += added
    alert.untimed_count += count or 0
    if added and not is_first:
        log.write(session, alert, EventKind.JOINED, now, count=added)
        log.announce(session, alert)
    if alert.kind in TOLD_ONCE and not is_first and (rows or count) and alert.next_at is None:
        alert.next_at, alert.claim_token = now, None


def _row(alert: Alert, one: Waiting, now: datetime) -> dict[str, object]:
    return {
        "alert_id": alert.id,
        "timer_id": one.timer_id,
        "conversation_id": one.conversation_id,
        "team_id": one.team_id,
        "assignee_id": one.assignee_id,
        "is_urgent": one.is_urgent,
        "due_at": one.due_at,
        "added_at": now,
    }


def _again(session: Session, alert: Alert, rows: dict[int, dict[str, object]], now: datetime) -> int:
    """Let timers that are known here be told of once more, and those that were gone be back; returns how many were.

    What is back is as it is now: whose it is and when it is due may be others than when it went.
    """
    known = [AlertTimer.alert_id == alert.id, AlertTimer.timer_id.in_(rows)]
    gone = select(AlertTimer.id, AlertTimer.timer_id).where(*known, AlertTimer.gone_at.is_not(None))
    fresh = {"gone_at": None, "told_at": None, "told_to": None}
    back = [{"id": row.id} | rows[row.timer_id] | fresh for row in session.execute(gone.order_by(AlertTimer.timer_id))]
    if back:
        session.execute(update(AlertTimer), back)
    if alert.kind == AlertKind.WARNING:
        told = update(AlertTimer).where(*known, AlertTimer.told_at < now)
        session.execute(_quietly(told).values(told_at=None, told_to=None))
    return len(back)


def _become_urgent(session: Session, alert: Alert, now: datetime) -> None:
    """Let what is urgent from now on be told at once, whoever slept over it or took what was there before."""
    alert.is_urgent = True
    alert.next_at, alert.claim_token = now, None
    alert.next_step_at = None
    steps_back(alert)
    log.write(session, alert, EventKind.URGENT, now)
    if alert.state == AlertState.ACKNOWLEDGED:
        alert.acknowledged_until_at = now


def steps_back(alert: Alert) -> None:
    """Go back to the first of the steps that just found everybody asleep: they told nobody."""
    alert.step_count = max(0, alert.step_count - alert.asleep_count)
    alert.asleep_count, alert.asleep_until_at = 0, None


def _note_due(alert: Alert, times: Iterable[datetime | None]) -> None:
    known = [at for at in (*times, alert.first_due_at) if at is not None]
    alert.first_due_at = min(known, default=None)


def _let_go(session: Session, ids: list[int], now: datetime, *, only_warnings: bool = False) -> None:
    """Take timers out of alerts that are locked, and close those that gather none any more.

    What has no timer must have been heard of before: a summary does not end with those who were answered meanwhile.
    """
    gone: dict[int, list[datetime | None]] = {}
    for row in session.execute(_gone(ids, now, only_warnings)):
        gone.setdefault(row.alert_id, []).append(row.due_at)
    for alert_id in sorted(gone):
        alert = session.get_one(Alert, alert_id)
        alert.timer_count = max(0, alert.timer_count - len(gone[alert_id]))
        if alert.state == AlertState.CLOSED:
            continue
        if alert.timer_count == 0 and not is_untimed_unheard(alert):
            close(session, alert, now, why="came_true" if only_warnings else "over")
            continue
        _weigh(session, alert)
        log.announce(session, alert)


def _weigh(session: Session, alert: Alert) -> None:
    """Say of an alert what is true of the timers that are left."""
    left = select(func.min(AlertTimer.due_at)).where(AlertTimer.alert_id == alert.id, AlertTimer.gone_at.is_(None))
    alert.first_due_at = session.scalar(left)
    alert.is_urgent = alert.is_urgent and _is_any_urgent(session, alert)


def _is_any_urgent(session: Session, alert: Alert) -> bool:
    mine = (AlertTimer.alert_id == alert.id, AlertTimer.gone_at.is_(None), AlertTimer.is_urgent)
    return session.scalar(select(AlertTimer.id).where(*mine).limit(1)) is not None


def _with_urgency(waiting: Sequence[Waiting], is_urgent: bool) -> Sequence[Waiting]:
    """Return what waits; where all that is said is that it is urgent together, each is."""
    if not is_urgent or any(one.is_urgent for one in waiting):
        return waiting
    return [replace(one, is_urgent=True) for one in waiting]


def _gone(ids: list[int], now: datetime, only_warnings: bool) -> ReturningUpdate[int, datetime | None]:
    statement = update(AlertTimer).where(AlertTimer.timer_id.in_(ids), AlertTimer.gone_at.is_(None))
    if only_warnings:
        warnings = select(Alert.id).where(Alert.kind == AlertKind.WARNING.value)
        statement = statement.where(AlertTimer.alert_id.in_(warnings))
    done = statement.values(gone_at=now).returning(AlertTimer.alert_id, AlertTimer.due_at)
    return done.execution_options(synchronize_session=False)


def _lock_with(session: Session, key: str, ids: list[int]) -> None:
    """Lock the alert with this key and the warnings of these timers, in the order in which everybody does."""
    warned = select(AlertTimer.alert_id).where(AlertTimer.timer_id.in_(ids), AlertTimer.gone_at.is_(None))
    is_warning = (Alert.kind == AlertKind.WARNING.value) & Alert.id.in_(warned)
    _lock(session, select(Alert).where((Alert.open_key == key) | is_warning))


def _lock(session: Session, query: Select[Alert]) -> Sequence[Alert]:
    locked = query.order_by(Alert.id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).all()


def _gathering(ids: list[int]) -> Select[Alert]:
    gathers = select(AlertTimer.alert_id).where(AlertTimer.timer_id.in_(ids), AlertTimer.gone_at.is_(None))
    return select(Alert).where(Alert.id.in_(gathers))


def _find_open(session: Session, key: str) -> Alert | None:
    """Return the open alert with this key, locked until the transaction ends."""
    query = select(Alert).where(Alert.open_key == key).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def _quietly(statement: Update) -> Update:
    return statement.execution_options(synchronize_session=False)


@event.listens_for(Session, "before_commit")
def _weigh_changed(session: Session) -> None:
    """Weigh alerts only now: whoever held one and went on to the next conversation would wait for who holds that."""
    changed: set[int] = session.info.pop(_TO_WEIGH, set())
    if changed:
        weigh(session, changed, clock.now())


@event.listens_for(Session, "after_rollback")
def _forget_changed(session: Session) -> None:
    session.info.pop(_TO_WEIGH, None)
