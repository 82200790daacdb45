"""Writes an alert's log, and tells open pages that something about it changed."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.alerts.models import TOLD_ONCE, Alert, AlertEvent, AlertState, EventKind


def write(
    session: Session,
    alert: Alert,
    kind: EventKind,
    now: datetime,
    *,
    member_id: int | None = None,
    step: int | None = None,
    **detail: Any,
) -> None:
    """Add one line to an alert's log; `detail` is plain JSON."""
    row = AlertEvent(alert_id=alert.id, at=now, kind=kind.value, member_id=member_id, step=step, detail=detail)
    session.add(row)


def move(session: Session, alert: Alert, state: AlertState, *, member_id: int | None = None) -> None:
    """Put an alert into a state and let open pages look: everybody's, where everybody is shown a banner."""
    before = alert.state
    alert.state = state.value
    is_everybodys = AlertState.UNREACHABLE in (before, state) and alert.kind not in TOLD_ONCE
    _announce(session, alert, before, kinds.ALERT_FOR_ALL if is_everybodys else kinds.ALERT_CHANGED, member_id)


def announce(session: Session, alert: Alert) -> None:
    """Let open pages look at an alert whose state is what it was."""
    _announce(session, alert, alert.state, kinds.ALERT_CHANGED, None)


def _announce(session: Session, alert: Alert, before: str, kind: str, member_id: int | None) -> None:
    record(
        session,
        kind,
        member_id=member_id,
        channel_id=alert.channel_id,
        before={"alert_id": alert.id, "state": before},
        after={"alert_id": alert.id, "state": alert.state},
    )
