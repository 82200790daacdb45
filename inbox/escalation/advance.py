"""The sweep over alerts: claims those whose time has come, a few at once, and gives each its turn.

A claim moves `next_at` to the end of its lease, so that what a lost worker held comes again by itself. All that a
turn does, the queued notices included, is one transaction: it is done once, or not at all.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from inbox.alerts.models import TOLD_ONCE, Alert, AlertKind, AlertState
from inbox.escalation import importing
from inbox.escalation.climb import climb
from inbox.escalation.notices import maker_of_end, read_facts
from inbox.escalation.once import tell_once
from inbox.escalation.policies import plan_for
from inbox.escalation.trial import is_played
from inbox.escalation.turn import Turn
from inbox.notifications.incidents import follow
from inbox.notifications.settle import withdraw
from inbox.security import new_token
from inbox.settings import Pace


@dataclass(frozen=True)
class Claim:
    """The right to give one alert its turn, until its lease ends."""

    alert_id: int
    token: str


def has_due(session: Session, now: datetime, which: ColumnElement[bool] | None = None) -> bool:
    """Tell, reading only, whether any alert's time has come; `which` narrows what is meant."""
    due = select(Alert.id).where(Alert.next_at <= now, true() if which is None else which)
    return session.scalar(due.limit(1)) is not None


def claim_due(
    session: Session, now: datetime, pace: Pace, limit: int, which: ColumnElement[bool] | None = None
) -> list[Claim]:
    """Claim the alerts that are due longest; the caller commits before it gives them their turn."""
    due = select(Alert).where(Alert.next_at <= now, true() if which is None else which)
    due = due.order_by(Alert.next_at, Alert.id).limit(limit)
    rows = session.scalars(due.with_for_update(skip_locked=True)).all()
    for alert in rows:
        alert.claim_token = new_token()
        alert.next_at = now + timedelta(seconds=pace.alert_lease_seconds)
    session.flush()
    return [Claim(alert.id, alert.claim_token or "") for alert in rows]


def advance(session: Session, claim: Claim, *, now: datetime, pace: Pace) -> bool:
    """Give a claimed alert its turn; False where somebody moved it meanwhile, or the claim is another's by now."""
    query = select(Alert).where(Alert.id == claim.alert_id, Alert.claim_token == claim.token)
    alert = session.scalar(query.with_for_update().execution_options(populate_existing=True))
    if alert is None:
        return False
    alert.claim_token = None
    if _is_at_rest(alert, now):
        _withdraw(session, alert)
        is_over = alert.state == AlertState.CLOSED
        follow(session, alert, maker_of_end(read_facts(session, alert), is_over=is_over), now)
        return True
    plan = plan_for(session, alert)
    turn = Turn(session, alert, plan, now, pace, is_rehearsal=is_played(session, alert))
    if alert.kind == AlertKind.IMPORT and importing.waits(turn):
        return True
    if alert.kind in TOLD_ONCE:
        tell_once(turn)
    else:
        climb(turn)
    session.flush()
    return True


def _is_at_rest(alert: Alert, now: datetime) -> bool:
    is_taken = alert.state == AlertState.ACKNOWLEDGED and alert.acknowledged_until_at is not None
    return alert.state == AlertState.CLOSED or (is_taken and now < (alert.acknowledged_until_at or now))


def _withdraw(session: Session, alert: Alert) -> None:
    """Take back what has not left yet: somebody has the alert, or it is over."""
    withdraw(session, alert.id)
    alert.next_at = alert.acknowledged_until_at if alert.state == AlertState.ACKNOWLEDGED else None
    session.flush()
