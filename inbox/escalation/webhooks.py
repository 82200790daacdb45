"""Webhooks of escalation steps: methods that belong to no member, sealed like everybody's."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.errors import Invalid
from inbox.escalation.notices import Make
from inbox.notifications import addresses, sealing
from inbox.notifications.models import MethodState, Notification, NotificationMethod
from inbox.notifications.queue import outcome_of, queue_notice

KIND = "webhook"
SHORTEST_SECRET = 16


def add(session: Session, url: str, secret: str, now: datetime) -> NotificationMethod:
    """Keep a webhook's address and what its messages are signed with, sealed; only its host is ever shown.

    Raises Invalid for an address that is none, and for a secret that is too short.
    """
    url = addresses.web(url)
    if len(secret) < SHORTEST_SECRET:
        raise Invalid("signing_secret_short")
    row = NotificationMethod(
        member_id=None,
        kind=KIND,
        hint=addresses.host_of(url),
        sealed=sealing.seal({"url": url, "secret": secret}),
        state=MethodState.VERIFIED.value,
        verified_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def find(session: Session, number: int) -> NotificationMethod | None:
    """Return a step's webhook; None for a method that is a member's."""
    query = select(NotificationMethod).where(NotificationMethod.id == number, NotificationMethod.member_id.is_(None))
    return session.scalar(query)


def queue(session: Session, number: int, make: Make, *, alert_id: int, now: datetime) -> bool:
    """Queue a notice for a webhook; False where it is there no more."""
    method = find(session, number)
    if method is None or method.sealed is None:
        return False
    queue_notice(session, make("en"), [method], member=None, alert_id=alert_id, is_alert=True, now=now)
    return True


def outcome(session: Session, alert_id: int, number: int, since_at: datetime) -> str:
    """Say what became of an alert's notices to a webhook since then, as for members."""
    return outcome_of(session, alert_id, Notification.method_id == number, since_at)
