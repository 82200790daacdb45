"""Takes an alert: its steps stop for a while, and go on if what it is about is still there (RULES F)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.alerts import log
from inbox.alerts.models import TOLD_ONCE, Alert, AlertState, EventKind
from inbox.alerts.raising import close
from inbox.errors import Conflict, NotFound
from inbox.settings import Pace

BY_PAGE, BY_LINK = "page", "link"


def acknowledge(session: Session, alert_id: int, member_id: int, *, by: str, now: datetime, pace: Pace) -> Alert:
    """Let a member take an alert; `by` says how. What is told only once is closed by it.

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
    alert.acknowledged_at, alert.acknowledged_by_id = now, member_id
    log.write(session, alert, EventKind.ACKNOWLEDGED, now, member_id=member_id, by=by)
    if alert.kind in TOLD_ONCE:
        close(session, alert, now, why="taken", member_id=member_id)
        return alert
    alert.acknowledged_until_at = now + timedelta(seconds=pace.acknowledged_seconds)
    alert.next_at, alert.claim_token = now, None  # what has not left yet is taken back at once
    alert.unreachable_since_at = alert.unreachable_why = None
    alert.underway, alert.passed = [], []
    log.move(session, alert, AlertState.ACKNOWLEDGED, member_id=member_id)
    return alert
