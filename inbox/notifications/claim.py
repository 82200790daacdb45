"""Which notification leaves now: due, not too often for its method, with whatever was held going along (RULES F)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import Alert, AlertState
from inbox.members.models import Member
from inbox.notifications import incidents, letters, sealing, settle
from inbox.notifications.contract import Address, Letter
from inbox.notifications.limits import Spoken, earliest
from inbox.notifications.models import Notification, NotificationMethod, QuietHours
from inbox.notifications.quiet import quiet_until
from inbox.outbox import claim
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.settings import Settings

MOST_TRIES = settle.MOST_TRIES
MOST_LOOKED_AT, MOST_RIDERS = 50, 50
LIMITED = ("alert", "warning", "summary")  # tests and codes were asked for by who gets them
LAST_RESORT = "last_resort"


@dataclass(frozen=True)
class Job:
    """A claimed letter, read whole, so that the network part needs no database."""

    claim: claim.Claim
    notification_id: int
    kind: str
    address: Address
    letter: Letter


def claim_job(session: Session, settings: Settings, which: ColumnElement[bool] | None = None) -> Job | None:
    """Claim the next notification that may leave, or None; what must wait is given its time, what can't leave ends."""
    for _ in range(MOST_LOOKED_AT):
        row = _pick(session, true() if which is None else which)
        if row is None:
            return None
        job = _judge(session, row, settings)
        if job is not None:
            return job
    return None


def _pick(session: Session, which: ColumnElement[bool]) -> Notification | None:
    """Return the due notification whose turn it is, held against other workers: alerts first, then by time."""
    query = (
        select(Notification)
        .join(Delivery, Delivery.id == Notification.delivery_id)
        .where(Delivery.kind == claim.NOTIFICATION, Delivery.state == State.QUEUED, Delivery.due_at <= clock.now())
        .where(which)
        .order_by(Notification.is_alert.desc(), Delivery.due_at, Notification.id)
        .limit(1)
    )
    return session.scalars(query.with_for_update(skip_locked=True, of=Delivery)).one_or_none()


def _judge(session: Session, row: Notification, settings: Settings) -> Job | None:
    method = _lock_method(session, row)
    delivery = session.get_one(Delivery, row.delivery_id, populate_existing=True)
    stop = _find_stop(session, row, delivery, method)
    if stop is not None:
        settle.end(session, row, stop)
        return None
    free_at = _free_at(session, row, method, settings)
    if free_at > clock.now():
        claim.postpone(session, delivery.id, free_at)
        return None
    claimed = claim.claim_next(session, settings.pace, claim.NOTIFICATION, ready=Delivery.id == delivery.id)
    if claimed is None:
        return None
    row.spoke_at = clock.now()
    riders = _take_along(session, row, method)
    return _job(session, settings, claimed, row, method, riders)


def _lock_method(session: Session, row: Notification) -> NotificationMethod | None:
    """Return the row's method, held until the commit: two workers count its messages one after the other."""
    if row.method_id is None:
        return None
    return session.get_one(NotificationMethod, row.method_id, with_for_update=True, populate_existing=True)


def _find_stop(
    session: Session, row: Notification, delivery: Delivery, method: NotificationMethod | None
) -> str | None:
    """Return why a notification can't leave any more, None when it can."""
    if delivery.attempt_count >= settle.most_tries(row):
        return "tries_ended"
    if method is not None and (method.sealed is None or (method.removed_at and row.event != incidents.RESOLVE)):
        return settle.METHOD_REMOVED
    if stop := _why_it_rests(session, row):
        return stop
    if method is not None and not sealing.opens(method.sealed):
        return settle.UNREADABLE
    member = session.get(Member, row.member_id) if row.member_id is not None else None
    if member is not None and member.deactivated_at is not None and row.event is None:
        return settle.MEMBER_GONE
    return settle.NOT_NEEDED if not row.is_alert and settle.has_arrived(session, row.round_key) else None


def _free_at(session: Session, row: Notification, method: NotificationMethod | None, settings: Settings) -> datetime:
    """Return when the notification may leave: by its method's limits, and after its member's quiet hours."""
    now, pace = clock.now(), settings.pace
    if method is None or row.kind not in LIMITED:
        return now
    if row.event is not None:
        is_early = incidents.is_early(session, row)
        return now + timedelta(seconds=pace.alert_check_seconds) if is_early else now
    if method.kind in incidents.KINDS:
        return now if row.is_alert else quiet_end(session, row.member_id, now) or now
    limit_at = earliest(
        now,
        _spoken(session, row),
        is_alert=row.is_alert,
        minute_seconds=pace.notify_minute_seconds,
        hour_seconds=pace.notify_hour_seconds,
    )
    return limit_at if row.is_alert else max(limit_at, quiet_end(session, row.member_id, now) or now)


def quiet_end(session: Session, member_id: int | None, now: datetime) -> datetime | None:
    """Return when a member's quiet hours end, None when it isn't quiet for them."""
    query = select(Member.time_zone, QuietHours.from_minute, QuietHours.until_minute)
    found = session.execute(query.join_from(QuietHours, Member).where(QuietHours.member_id == member_id)).one_or_none()
    return quiet_until(now, *found) if found else None


def _spoken(session: Session, row: Notification) -> list[Spoken]:
    query = (
        select(Notification.spoke_at, Notification.is_alert)
        .where(Notification.method_id == row.method_id, Notification.spoke_at.is_not(None))
        .where(Notification.kind.in_(LIMITED), Notification.id != row.id)
        .order_by(Notification.spoke_at.desc())
        .limit(100)
    )
    return [Spoken(at, is_alert) for at, is_alert in session.execute(query) if at is not None]


def _take_along(session: Session, carrier: Notification, method: NotificationMethod | None) -> list[Notification]:
    """Let what waits for the same method go along; in quiet hours only alerts do."""
    if method is None or method.kind in incidents.KINDS or carrier.kind not in LIMITED:
        return []
    query = (
        select(Notification)
        .join(Delivery, Delivery.id == Notification.delivery_id)
        .where(Notification.method_id == carrier.method_id, Notification.kind.in_(LIMITED))
        .where(Delivery.state == State.QUEUED, Delivery.due_at.is_not(None), Delivery.attempt_count < MOST_TRIES)
        .order_by(Notification.is_alert.desc(), Notification.id)
        .limit(MOST_RIDERS)
    )
    if quiet_end(session, carrier.member_id, clock.now()) is not None:
        query = query.where(Notification.is_alert)
    for rider in session.scalars(query.with_for_update(skip_locked=True, of=Delivery)).all():
        if stop := _why_it_rests(session, rider):
            settle.end(session, rider, stop)
        elif rider.is_alert or not settle.has_arrived(session, rider.round_key):
            rider.carried_by_id = carrier.id
            claim.postpone(session, rider.delivery_id, None)
    session.flush()
    return _fit_to_go(session, carrier)


def _fit_to_go(session: Session, carrier: Notification) -> list[Notification]:
    """Return what goes along now; what went along in an earlier try and can't any more ends."""
    fit = []
    for rider in settle.list_riders(session, carrier):
        stop = _why_it_rests(session, rider)
        if stop is None:
            fit.append(rider)
            continue
        rider.carried_by_id = None
        settle.end(session, rider, stop)
    return fit


def _why_it_rests(session: Session, row: Notification) -> str | None:
    """Return why a notice is of no use any more: somebody has its alert or it is over, or no key fits its words."""
    alert = session.get(Alert, row.alert_id, populate_existing=True) if row.alert_id is not None else None
    if row.event is not None:
        is_over = incidents.why_it_rests(session, alert, row)
    else:
        is_over = alert is not None and alert.state in (AlertState.ACKNOWLEDGED, AlertState.CLOSED)
    if is_over:
        return settle.WITHDRAWN
    return None if sealing.opens(row.sealed) else settle.NOTICE_UNREADABLE


def _job(
    session: Session,
    settings: Settings,
    claimed: claim.Claim,
    row: Notification,
    method: NotificationMethod | None,
    riders: list[Notification],
) -> Job:
    deliveries = [session.get_one(Delivery, one.delivery_id) for one in (row, *riders)]
    letter = letters.compose(
        settings,
        letters.open_notice(row),
        [letters.open_notice(rider) for rider in riders],
        is_resent=any(delivery.is_resent for delivery in deliveries),
        now=clock.now(),
    )
    alert = session.get(Alert, row.alert_id) if row.alert_id is not None else None
    if alert is not None and method is not None and method.kind in incidents.KINDS:
        is_reopened = incidents.is_reopened(session, row)
        letter = replace(letter, incident=incidents.key_of(alert), event=row.event, is_reopened=is_reopened)
    if method is None or method.sealed is None:
        return Job(claimed, row.id, LAST_RESORT, {"url": settings.last_resort_url or ""}, letter)
    return Job(claimed, row.id, method.kind, sealing.unseal(method.sealed), letter)
