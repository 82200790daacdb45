"""Takes an alert: its steps stop for a while, and go on if what it is about is still there (RULES F)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.alerts import log
from inbox.alerts.models import TOLD_ONCE, Alert, AlertEvent, AlertState, AlertTimer, EventKind
from inbox.alerts.raising import close, take_out
from inbox.alerts.told import concerns, forget_untimed, is_untimed_unheard, open_timers, untimed_told_to
from inbox.errors import Conflict, NotFound
from inbox.settings import Pace

BY_PAGE, BY_LINK = "page", "link"


def acknowledge(session: Session, alert_id: int, member_id: int, *, by: str, now: datetime, pace: Pace) -> Alert:
    """Let a member take an alert; `by` says how. Of what is told only once they take what they were told of.

    Raises NotFound, and Conflict where somebody has it already or it is over.
    """
    query = select(Alert).where(Alert.id == alert_id).with_for_update()
    alert = session.scalar(query.execution_options(populate_existing=True))
    if alert is None:
        raise NotFound("alert_not_found")
    if alert.state == AlertState.CLOSED:
        raise Conflict("alert_closed")
    if alert.state == AlertState.ACKNOWLEDGED:
        raise Conflict("alert_taken")
    if alert.kind in TOLD_ONCE:
        _take_theirs(session, alert, member_id, by, now)
        return alert
    alert.acknowledged_at, alert.acknowledged_by_id = now, member_id
    log.write(session, alert, EventKind.ACKNOWLEDGED, now, member_id=member_id, by=by)
    alert.acknowledged_until_at = now + timedelta(seconds=pace.acknowledged_seconds)
    alert.next_at, alert.claim_token = now, None  # what has not left yet is taken back at once
    alert.unreachable_since_at = alert.unreachable_why = None
    alert.underway, alert.passed = [], []
    log.move(session, alert, AlertState.ACKNOWLEDGED, member_id=member_id)
    return alert


def _take_theirs(session: Session, alert: Alert, member_id: int, by: str, now: datetime) -> None:
    """Take out of a warning what its member was told of; others hear of theirs. Who was told nothing takes it all."""
    mine = select(AlertTimer.timer_id).where(*open_timers(alert), concerns(member_id))
    ids = session.scalars(mine.order_by(AlertTimer.timer_id)).all()
    is_untimed_theirs = member_id in untimed_told_to(alert)
    if not ids and not is_untimed_theirs and alert.timer_count and _was_told(session, alert, member_id):
        raise Conflict("alert_taken_or_over")
    log.write(session, alert, EventKind.ACKNOWLEDGED, now, member_id=member_id, by=by)
    if ids:
        take_out(session, alert, ids, now)
    if is_untimed_theirs:
        forget_untimed(alert)
    is_all = not ids and not is_untimed_theirs
    if is_all or (alert.timer_count == 0 and not is_untimed_unheard(alert)):
        alert.acknowledged_at, alert.acknowledged_by_id = now, member_id
        close(session, alert, now, why="taken", member_id=member_id)
        return
    alert.next_at, alert.claim_token = now, None  # what has not left yet is taken back at once


def _was_told(session: Session, alert: Alert, member_id: int) -> bool:
    kinds = (EventKind.TOLD.value, EventKind.ACKNOWLEDGED.value)
    query = select(AlertEvent.id).where(AlertEvent.alert_id == alert.id, AlertEvent.member_id == member_id)
    return session.scalar(query.where(AlertEvent.kind.in_(kinds)).limit(1)) is not None
