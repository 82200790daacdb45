"""Providers that keep an incident open until they hear of its end: what became of an alert is a notification as well.

An alert has one key with such a provider for as long as it lives, so that telling it again makes no second incident.
Each alert is an incident of its own, so nothing goes along in another one's message; who is called how often is the
provider's matter, so our limits are not used.
"""

from collections.abc import Callable
from datetime import datetime

from flask_babel import force_locale
from sqlalchemy import case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from inbox.alerts.models import Alert, AlertState
from inbox.members.models import Member
from inbox.notifications import words
from inbox.notifications.models import Notification, NotificationMethod
from inbox.notifications.notices import Notice
from inbox.notifications.queue import queue_notice
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State

KINDS = frozenset({"pagerduty"})
ACKNOWLEDGE, RESOLVE = "acknowledge", "resolve"
_EVENT_OF = {AlertState.ACKNOWLEDGED.value: ACKNOWLEDGE, AlertState.CLOSED.value: RESOLVE}
_IN_HAND = (State.SENDING.value, State.UNCLEAR.value)
_TO_LEAVE = (State.HELD.value, State.QUEUED.value, *_IN_HAND)


def key_of(alert: Alert) -> str:
    """Return an alert's key with providers; two installations that use one service have different ones."""
    return f"relevo-alert-{alert.id}-{alert.raised_at:%Y%m%d%H%M%S%f}"


def follow(session: Session, alert: Alert, make: Callable[[str], Notice], now: datetime) -> int:
    """Tell each provider that may have an incident of it that the alert was taken, or is over; returns how many.

    Once for each turn of the alert: what was said last is not said again.
    """
    event = _EVENT_OF.get(alert.state)
    count = 0
    for method in _list_told(session, alert.id) if event is not None else ():
        last = _last(session, alert.id, method.id)
        if last is None or last.event == event or (last.event == RESOLVE):
            continue
        member = session.get(Member, method.member_id) if method.member_id is not None else None
        notice = make((member.locale if member else None) or "en")
        queue_notice(session, notice, [method], member=member, alert_id=alert.id, now=now, event=event)
        count += 1
    return count


def let_go(session: Session, method: NotificationMethod, now: datetime) -> bool:
    """Queue the end of each incident that a method which is removed may have open; tells whether any end is to leave.

    Nobody here would hear of those incidents any more, and they would call somebody for ever.
    """
    if method.kind not in KINDS or method.sealed is None:
        return False
    member = session.get(Member, method.member_id) if method.member_id is not None else None
    for alert_id in _list_open(session, method.id):
        with force_locale((member.locale if member else None) or "en"):
            notice = words.let_go_notice()
        queue_notice(session, notice, [method], member=member, alert_id=alert_id, now=now, event=RESOLVE)
    return _has_end_to_leave(session, method.id)


def let_go_of_member(session: Session, member_id: int, now: datetime) -> None:
    """Queue the end of each incident that the methods of a member who leaves may have open."""
    method = NotificationMethod
    query = select(method).where(method.member_id == member_id, method.kind.in_(KINDS), method.removed_at.is_(None))
    for one in session.scalars(query.order_by(method.id).with_for_update()).all():
        let_go(session, one, now)


def forget_removed(session: Session, row: Notification) -> None:
    """Forget the address of a method that was removed, once the end of its last incident has come to rest."""
    if row.event != RESOLVE or row.method_id is None:
        return
    # held: of two ends that come to rest at once, the second one sees the first
    method = session.get_one(NotificationMethod, row.method_id, with_for_update=True)
    if method.removed_at is not None and not _has_end_to_leave(session, method.id):
        method.sealed = None


def why_it_rests(session: Session, alert: Alert | None, row: Notification) -> bool:
    """Tell whether what became of an alert need not be said any more: it has become something else."""
    if alert is not None and row.event == RESOLVE and _has_left(session, row):
        return False
    return alert is None or _EVENT_OF.get(alert.state) != row.event


def is_early(session: Session, row: Notification) -> bool:
    """Tell whether what it follows is still in a worker's hands: that would open an incident after its end."""
    before = select(Notification.id).join(Delivery, Delivery.id == Notification.delivery_id)
    before = before.where(Notification.alert_id == row.alert_id, Notification.method_id == row.method_id)
    return bool(session.scalar(select(exists(before.where(Notification.id < row.id, Delivery.state.in_(_IN_HAND))))))


def is_reopened(session: Session, row: Notification) -> bool:
    """Tell whether somebody took the alert since its method was told last: nobody is called for what is taken."""
    if row.alert_id is None or row.method_id is None or row.event is not None:
        return False
    before = _last(session, row.alert_id, row.method_id, before_id=row.id)
    return before is not None and before.event == ACKNOWLEDGE


def _list_told(session: Session, alert_id: int) -> list[NotificationMethod]:
    """Return the methods that keep incidents and that were told of an alert, or may have been."""
    told = aliased(Notification)
    may_know = or_(told.spoke_at.is_not(None), Delivery.state.in_((*_IN_HAND, State.SENT.value)))
    ids = select(told.method_id).join(Delivery, Delivery.id == told.delivery_id)
    ids = ids.where(told.alert_id == alert_id, told.event.is_(None), may_know)
    method = NotificationMethod
    query = select(method).where(method.id.in_(ids), method.kind.in_(KINDS), method.removed_at.is_(None))
    return list(session.scalars(query.order_by(method.id)))


def _list_open(session: Session, method_id: int) -> list[int]:
    """Return the alerts of which a method was told, or may have been, since it was told an end last."""
    row = Notification
    may_know = or_(row.spoke_at.is_not(None), Delivery.state.in_((*_IN_HAND, State.SENT.value)))
    is_said = or_(Delivery.state != State.CANCELLED, row.spoke_at.is_not(None))
    told = func.max(case((row.event.is_(None) & may_know, row.id), else_=0))
    ended = func.max(case(((row.event == RESOLVE) & is_said, row.id), else_=0))
    query = select(row.alert_id).join(Delivery, Delivery.id == row.delivery_id)
    query = query.where(row.method_id == method_id, row.alert_id.is_not(None))
    found = session.scalars(query.group_by(row.alert_id).having(told > ended).order_by(row.alert_id))
    return [alert_id for alert_id in found if alert_id is not None]


def _has_end_to_leave(session: Session, method_id: int) -> bool:
    ends = select(Notification.id).join(Delivery, Delivery.id == Notification.delivery_id)
    ends = ends.where(Notification.method_id == method_id, Notification.event == RESOLVE)
    return bool(session.scalar(select(exists(ends.where(Delivery.state.in_(_TO_LEAVE))))))


def _has_left(session: Session, row: Notification) -> bool:
    """Tell whether a notification's method was removed, or its member let go."""
    query = select(NotificationMethod.id).outerjoin(Member, Member.id == NotificationMethod.member_id)
    has_left = or_(NotificationMethod.removed_at.is_not(None), Member.deactivated_at.is_not(None))
    return session.scalar(query.where(NotificationMethod.id == row.method_id, has_left)) is not None


def _last(session: Session, alert_id: int, method_id: int, before_id: int | None = None) -> Notification | None:
    """Return what a method was told last of an alert, or is to be told."""
    query = select(Notification).join(Delivery, Delivery.id == Notification.delivery_id)
    query = query.where(Notification.alert_id == alert_id, Notification.method_id == method_id)
    is_said = or_(Delivery.state != State.CANCELLED, Notification.spoke_at.is_not(None))
    if before_id is not None:
        query = query.where(Notification.id < before_id)
    return session.scalars(query.where(is_said).order_by(Notification.id.desc()).limit(1)).one_or_none()
