"""What became of a notification, and what follows: who went along, the member's next method, the method's state."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.notifications import gone, incidents
from inbox.notifications.contract import Fate, NotDelivered, Receipt
from inbox.notifications.models import MethodState, Notification, NotificationMethod
from inbox.outbox import attempts, claim
from inbox.outbox.attempts import Outcome
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.settings import Pace

MOST_TRIES = 3
MOST_TRIES_OF_EVENTS = 12  # nobody waits for them, but an incident that is never closed calls somebody for nothing
MERGED = "merged"  # went along in another one's message
NOT_NEEDED = "not_needed"  # an earlier method of the member's got through
WITHDRAWN = "withdrawn"
METHOD_REMOVED = "method_removed"
MEMBER_GONE = "member_gone"
UNREADABLE = "unreadable"  # no key of ours fits the address
NOTICE_UNREADABLE = "notice_unreadable"
_NOBODYS_FAULT = frozenset({NOT_NEEDED, METHOD_REMOVED, MEMBER_GONE, NOTICE_UNREADABLE, WITHDRAWN})


def write_sent(session: Session, notification_id: int, token: str, receipt: Receipt, pace: Pace) -> None:
    """Note that a letter was accepted: it and what went along are done, and so are the member's next methods."""
    row = session.get_one(Notification, notification_id)
    attempts.end_attempt(session, token, Outcome.SENT)
    if not move(session, _delivery(session, row), State.SENT):
        return
    now = clock.now()
    row.external_id, row.receipt, row.sealed = receipt.external_id, receipt.state, None
    row.spoke_at = row.spoke_at or now
    if receipt.is_looked_for:
        row.look_at = now + timedelta(seconds=pace.notify_look_seconds[0])
    _mend_method(session, row)
    for rider in list_riders(session, row):
        move(session, _delivery(session, rider), State.CANCELLED, reason=MERGED)
        rider.sealed = None
    if not receipt.is_looked_for:
        _spare_the_rest(session, row)
    incidents.forget_removed(session, row)


def write_failure(
    session: Session, notification_id: int, claimed: claim.Claim, error: NotDelivered, pace: Pace
) -> None:
    """Note that a try did not get through, or may have: it is tried again, or ends and the next method's turn comes."""
    row = session.get_one(Notification, notification_id)
    delivery = _delivery(session, row)
    outcome = Outcome.UNCLEAR if not error.is_sure else Outcome.REFUSED if error.is_final else Outcome.NOT_ACCEPTED
    attempts.end_attempt(session, claimed.token, outcome, code=error.code)
    if error.is_sure:
        row.spoke_at = None
    if error.is_final or claimed.number >= most_tries(row):
        end(session, row, error.code, token=claimed.token)
        if error.is_gone and row.method_id is not None:
            gone.end_method(session, session.get_one(NotificationMethod, row.method_id), error.code)
    elif error.is_sure:
        waits = pace.notify_retry_seconds
        doubled = min(waits[-1] * 2 ** max(0, claimed.number - len(waits)), 10 * waits[-1])
        again = max(waits[claimed.number - 1] if claimed.number <= len(waits) else doubled, error.again_seconds or 0)
        due_at = clock.now() + timedelta(seconds=again)
        _queue_again(session, delivery, claimed.token, due_at, error.code)
    elif claim.become_unclear(session, delivery, pace, token=claimed.token, reason=error.code):
        release_next(session, row)


def most_tries(row: Notification) -> int:
    """Return how often a notification is tried."""
    return MOST_TRIES if row.event is None else MOST_TRIES_OF_EVENTS


def end(session: Session, row: Notification, reason: str, *, token: str | None = None) -> None:
    """Give a notification up, with what went along, and let the member's next method have its turn."""
    is_spared = reason in (NOT_NEEDED, WITHDRAWN)
    to = State.CANCELLED if is_spared else State.REFUSED
    if not move(session, _delivery(session, row), to, token=token, reason=reason):
        return
    row.sealed = None
    if reason not in _NOBODYS_FAULT:
        _doubt_method(session, row, reason)
    for rider in list_riders(session, row):
        if is_spared:
            rider.carried_by_id = None
            claim.postpone(session, rider.delivery_id, clock.now())
        else:
            move(session, _delivery(session, rider), to, reason=reason)
            rider.sealed = None
            release_next(session, rider)
    release_next(session, row)
    incidents.forget_removed(session, row)


def write_fate(session: Session, row: Notification, fate: Fate, word: str, pace: Pace) -> None:
    """Note what the provider says became of an accepted letter; it is asked again until it knows."""
    row.receipt = word
    if fate is Fate.LOST:
        row.look_at = None
        reason = f"{_kind_of(session, row)}_{word}"[:60]
        if move(session, _delivery(session, row), State.GONE, gone_reason="refused_later", reason=reason):
            _doubt_method(session, row, reason)
            for one in (row, *list_riders(session, row)):
                release_next(session, one)
    elif fate is Fate.ARRIVED or row.look_at is None:
        row.look_at = None
        _spare_the_rest(session, row)


def has_look_due(session: Session) -> bool:
    """Tell, reading only, whether any letter's fate is asked for now."""
    return session.scalar(select(Notification.id).where(Notification.look_at <= clock.now()).limit(1)) is not None


def claim_look(session: Session, pace: Pace) -> Notification | None:
    """Return a letter whose fate is asked for now, with the time of its next look set; None when there is none."""
    query = select(Notification).where(Notification.look_at <= clock.now()).order_by(Notification.look_at)
    row = session.scalars(query.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    row.look_count += 1
    looks = pace.notify_look_seconds
    row.look_at = clock.now() + timedelta(seconds=looks[row.look_count]) if row.look_count < len(looks) else None
    return row


def tidy(session: Session, pace: Pace) -> int:
    """Queue again what a lost worker held or whose answer was lost; returns how many (RULES D8)."""
    lost = select(Notification).join(Delivery, Delivery.id == Notification.delivery_id)
    lost = lost.where(Delivery.kind == claim.NOTIFICATION, Delivery.state == State.SENDING)
    rows = session.scalars(lost.where(Delivery.lease_until_at <= clock.now()).limit(50)).all()
    claim.sweep_lost(session, pace, claim.NOTIFICATION)
    for row in rows:
        if _delivery(session, row).state == State.UNCLEAR:
            release_next(session, row)
    return len(rows) + claim.requeue_notifications(session)


def withdraw(session: Session, alert_id: int, member_id: int | None = None) -> int:
    """Take back what has not left of an alert that is over, for everybody or one member; returns how much."""
    open_states = Delivery.state.in_((State.HELD, State.QUEUED))
    query = select(Notification).join(Delivery, Delivery.id == Notification.delivery_id)
    query = query.where(Notification.alert_id == alert_id, Notification.event.is_(None), open_states)
    if member_id is not None:
        query = query.where(Notification.member_id == member_id)
    rows = session.scalars(query).all()
    count = 0
    for row in rows:
        if row.carried_by_id is None and move(session, _delivery(session, row), State.CANCELLED, reason=WITHDRAWN):
            row.sealed = None
            count += 1
            for rider in list_riders(session, row):
                rider.carried_by_id = None
                claim.postpone(session, rider.delivery_id, clock.now())
    return count


def release_next(session: Session, row: Notification) -> None:
    """Queue the same notice for the next method in the member's order, if it is held for this one."""
    held = select(Notification).join(Delivery, Delivery.id == Notification.delivery_id)
    held = held.where(Notification.round_key == row.round_key, Notification.place > row.place)
    query = held.where(Delivery.state == State.HELD).order_by(Notification.place).limit(1)
    following = session.scalars(query).one_or_none()
    if following is not None and move(session, _delivery(session, following), State.QUEUED, due_at=clock.now()):
        nudges.after_commit(session, nudges.NOTIFY)


def has_arrived(session: Session, round_key: str) -> bool:
    """Tell whether a notice got through by any of its member's methods, and the provider knows of nothing else."""
    query = select(Notification.id).join(Delivery, Delivery.id == Notification.delivery_id)
    query = query.where(Notification.round_key == round_key, Delivery.state == State.SENT)
    return session.scalar(query.where(Notification.look_at.is_(None)).limit(1)) is not None


def list_riders(session: Session, carrier: Notification) -> list[Notification]:
    """Return what goes along in a notification's message, alerts first."""
    query = select(Notification).where(Notification.carried_by_id == carrier.id)
    return list(session.scalars(query.order_by(Notification.is_alert.desc(), Notification.id)))


def _spare_the_rest(session: Session, row: Notification) -> None:
    """Cancel what is still held for the member's next methods."""
    held = select(Notification).join(Delivery, Delivery.id == Notification.delivery_id)
    held = held.where(Notification.round_key == row.round_key, Delivery.state == State.HELD)
    for other in session.scalars(held):
        move(session, _delivery(session, other), State.CANCELLED, reason=NOT_NEEDED)
        other.sealed = None


def _queue_again(session: Session, delivery: Delivery, token: str, due_at: datetime, reason: str) -> bool:
    return move(session, delivery, State.QUEUED, token=token, is_surely_not_accepted=True, reason=reason, due_at=due_at)


def _mend_method(session: Session, row: Notification) -> None:
    method = session.get(NotificationMethod, row.method_id) if row.method_id is not None else None
    if method is not None:
        method.failing_since_at = method.error_code = None
        if method.state == MethodState.FAILING:
            method.state = MethodState.VERIFIED


def _doubt_method(session: Session, row: Notification, code: str) -> None:
    method = session.get(NotificationMethod, row.method_id) if row.method_id is not None else None
    if method is not None:
        method.error_code, method.failing_since_at = code, method.failing_since_at or clock.now()
        if method.state == MethodState.VERIFIED:
            method.state = MethodState.FAILING


def _kind_of(session: Session, row: Notification) -> str:
    method = session.get(NotificationMethod, row.method_id) if row.method_id is not None else None
    return "phone" if method is not None else "last_resort"


def _delivery(session: Session, row: Notification) -> Delivery:
    return session.get_one(Delivery, row.delivery_id)
