"""Who can be reached, and what was sent to whom: reads alone."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from inbox.members.models import Member
from inbox.notifications.models import Notification, NotificationMethod
from inbox.outbox.models import Delivery


@dataclass(frozen=True)
class Told:
    """One notice by one method: to whom, what became of it, and when."""

    member_id: int | None
    kind: str | None  # of the method; None: the last resort
    hint: str
    subject: str
    state: str
    reason: str | None
    is_resent: bool
    receipt: str | None
    created_at: datetime
    settled_at: datetime | None


def list_reachable(session: Session, member_ids: Collection[int]) -> frozenset[int]:
    """Return which of these members have a verified method."""
    method = NotificationMethod
    query = (
        select(method.member_id)
        .join(Member, Member.id == method.member_id)
        .where(method.member_id.in_(member_ids), method.verified_at.is_not(None), method.removed_at.is_(None))
        .where(Member.deactivated_at.is_(None))
    )
    return frozenset(session.scalars(query))


def list_told(
    session: Session, *, alert_id: int | None = None, member_id: int | None = None, limit: int = 50
) -> Sequence[Told]:
    """Return what was sent of an alert or to a member, newest first; what went along has its message's state."""
    carrier, carried, method = aliased(Notification), aliased(Delivery), NotificationMethod
    query = (
        select(
            Notification.member_id,
            method.kind,
            func.coalesce(method.hint, ""),
            Notification.subject,
            func.coalesce(carried.state, Delivery.state),
            func.coalesce(carried.reason_code, Delivery.reason_code),
            Delivery.is_resent,
            Notification.receipt,
            Notification.created_at,
            func.coalesce(carried.settled_at, Delivery.settled_at),
        )
        .select_from(Notification)
        .join(Delivery, Delivery.id == Notification.delivery_id)
        .outerjoin(method, method.id == Notification.method_id)
        .outerjoin(carrier, carrier.id == Notification.carried_by_id)
        .outerjoin(carried, carried.id == carrier.delivery_id)
    )
    if alert_id is not None:
        query = query.where(Notification.alert_id == alert_id)
    if member_id is not None:
        query = query.where(Notification.member_id == member_id)
    rows: Iterable[Any] = session.execute(query.order_by(Notification.id.desc()).limit(limit))
    return [Told(*row) for row in rows]
