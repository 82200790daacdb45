"""Members who can be reached, alerts that were raised, and what a sender did with what was queued."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import Alert, AlertEvent
from inbox.alerts.raising import raise_
from inbox.escalation.advance import advance, claim_due
from inbox.escalation.models import EscalationPolicy, EscalationVersion
from inbox.escalation.steps import Step, dump
from inbox.members.models import Member
from inbox.notifications.models import Notification
from inbox.outbox.models import Delivery
from inbox.settings import Pace
from tests.factories.basics import make_member
from tests.factories.notifications import add_method

_timers = itertools.count(1000)


def make_reachable(session: Session, name: str = "", **given: Any) -> Member:
    """Add a member with one verified method."""
    member = make_member(session, name, **given)
    add_method(session, member)
    return member


def make_policy(session: Session, *steps: Step, **given: Any) -> EscalationPolicy:
    """Add a policy with these steps."""
    number, now = next(_timers), clock.now()
    policy = EscalationPolicy(name=f"Policy {number}", team_id=given.pop("team_id", None), number=1, created_at=now)
    session.add(policy)
    session.flush()
    values: dict[str, Any] = {"repeat_count": 0, "wakes": "everything"} | given
    session.add(
        EscalationVersion(policy_id=policy.id, number=1, steps=dump(steps), created_at=now, member_id=None, **values)
    )
    session.flush()
    return policy


def breach(session: Session, channel_id: int | None, policy: EscalationPolicy | None = None, **given: Any) -> Alert:
    """Raise an alert for one more timer that broke its promise."""
    now = clock.now()
    values: dict[str, Any] = {
        "kind": "breach",
        "timer_id": next(_timers),
        "due_at": now - timedelta(minutes=1),
        "is_urgent": False,
        "escalation_policy_id": policy.id if policy else None,
    }
    return raise_(session, channel_id=channel_id, now=now, **values | given)


def sweep(session: Session) -> int:
    """Give every alert its turn that is due now, as the task does; returns how many were."""
    claims = claim_due(session, clock.now(), Pace(), 50)
    session.commit()
    for claim in claims:
        advance(session, claim, now=clock.now(), pace=Pace())
        session.commit()
    return len(claims)


def send_all(session: Session, *, works: bool = True) -> list[str]:
    """Let the senders carry off what is queued, or fail for good; returns whom it was for, by name."""
    query = (
        select(Delivery, Notification)
        .join(Notification, Notification.delivery_id == Delivery.id)
        .where(Delivery.state == "queued")
        .order_by(Delivery.id)
    )
    names = []
    for delivery, notification in session.execute(query).all():
        delivery.state = "sent" if works else "refused"
        delivery.due_at = None
        member = session.get(Member, notification.member_id or 0)
        names.append(member.name if member else "nobody's")
    session.commit()
    return names


def log_of(session: Session, alert: Alert) -> list[str]:
    """Return an alert's log, a word a line: what, whom, why."""
    rows = session.scalars(select(AlertEvent).where(AlertEvent.alert_id == alert.id).order_by(AlertEvent.id))
    said = []
    for row in rows:
        member = session.get(Member, row.member_id or 0)
        said.append(" ".join(filter(None, (row.kind, member.name if member else "", str(row.detail.get("why", ""))))))
    return said


def state_of(session: Session, alert: Alert) -> str:
    """Return an alert's state as the database has it."""
    session.expire_all()
    return session.get_one(Alert, alert.id).state


def next_at_of(session: Session, alert: Alert) -> datetime | None:
    """Return when a sweep looks at an alert next."""
    session.expire_all()
    return session.get_one(Alert, alert.id).next_at
