"""Tells members something: one delivery for each of their methods, in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from inbox import nudges
from inbox.members.models import Member
from inbox.notifications import notices, sealing
from inbox.notifications.models import Notification, NotificationMethod
from inbox.notifications.notices import Make, Notice
from inbox.outbox.claim import NOTIFICATION
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.security import new_token

__all__ = ["Make", "Notice", "notify", "notify_last_resort", "outcome", "outcome_of", "queue_notice"]

_LANGUAGE = "en"
_UNDERWAY = frozenset({State.HELD, State.QUEUED, State.SENDING, State.UNCLEAR})
_FAILED = frozenset({State.REFUSED, State.GONE})


def notify(session: Session, member_id: int, make: Make, *, alert_id: int | None, is_alert: bool, now: datetime) -> int:
    """Queue a notice for a member; returns by how many verified methods they can be reached: 0, by none.

    `make` words it in the language that it is given. An alert leaves by all methods at once; anything else by the
    first in the member's order, and by the next one as soon as that fails or its answer is lost.
    """
    member = session.get(Member, member_id)
    if member is None or member.deactivated_at is not None:
        return 0
    methods = list_usable(session, member_id, is_alert=is_alert)
    if not methods:
        return 0
    notice = make(member.locale or _LANGUAGE)
    queue_notice(session, notice, methods, member=member, alert_id=alert_id, is_alert=is_alert, now=now)
    return len(methods)


def notify_last_resort(session: Session, make: Make, *, alert_id: int | None, now: datetime) -> int:
    """Queue a notice for RELEVO_LAST_RESORT_URL; returns 1, or 0 where none is set."""
    if not sealing.settings_in_use().last_resort_url:
        return 0
    _add(session, make(_LANGUAGE), None, None, 0, (new_token(), alert_id, True), now, State.QUEUED)
    nudges.after_commit(session, nudges.NOTIFY)
    return 1


def queue_notice(
    session: Session,
    notice: Notice,
    methods: Iterable[NotificationMethod],
    *,
    member: Member | None,
    alert_id: int | None = None,
    is_alert: bool = False,
    now: datetime,
    event: str | None = None,
) -> list[Notification]:
    """Queue one notice for some methods of a member, in this order, as one round; `event`: see Notification."""
    round_key = new_token()
    rows = []
    for place, method in enumerate(methods):
        state = State.QUEUED if is_alert or place == 0 else State.HELD
        row = _add(session, notice, member, method, place, (round_key, alert_id, is_alert), now, state)
        row.event = event
        rows.append(row)
    nudges.after_commit(session, nudges.NOTIFY)
    return rows


def outcome(session: Session, alert_id: int, member_id: int, since_at: datetime) -> str:
    """Say what became of an alert's notices to a member since then: none, underway, sent, or failed by every method."""
    return outcome_of(session, alert_id, Notification.member_id == member_id, since_at)


def outcome_of(session: Session, alert_id: int, whose: ColumnElement[bool], since_at: datetime) -> str:
    """As `outcome`, for the notifications that a condition names."""
    carrier, carried = aliased(Notification), aliased(Delivery)
    query = (
        # what went along in another one's message fares as that
        select(func.coalesce(carried.state, Delivery.state), func.coalesce(carrier.look_at, Notification.look_at))
        .select_from(Notification)
        .join(Delivery, Delivery.id == Notification.delivery_id)
        .outerjoin(carrier, carrier.id == Notification.carried_by_id)
        .outerjoin(carried, carried.id == carrier.delivery_id)
        .where(Notification.alert_id == alert_id, whose)
        .where(Notification.created_at >= since_at, Notification.event.is_(None))
    )
    found = {_as_word(state, look_at) for state, look_at in session.execute(query)}
    return next((word for word in ("sent", "underway", "failed") if word in found), "none")


def list_usable(session: Session, member_id: int, *, is_alert: bool) -> list[NotificationMethod]:
    """Return a member's verified methods in their order, without those for alerts only where it is none."""
    method = NotificationMethod
    query = select(method).where(method.member_id == member_id, method.verified_at.is_not(None))
    query = query.where(method.removed_at.is_(None))
    if not is_alert:
        query = query.where(method.is_urgent_only.is_(False))
    return list(session.scalars(query.order_by(method.place, method.id)))


def _as_word(state: str, look_at: datetime | None) -> str:
    if state == State.SENT:
        return "sent" if look_at is None else "underway"  # accepted; the provider says later whether it arrived
    if state in _UNDERWAY:
        return "underway"
    return "failed" if state in _FAILED else "none"


def _add(
    session: Session,
    notice: Notice,
    member: Member | None,
    method: NotificationMethod | None,
    place: int,
    given: tuple[str, int | None, bool],
    now: datetime,
    state: State,
) -> Notification:
    round_key, alert_id, is_alert = given
    notice = notices.tidied(notice)
    delivery = Delivery(
        kind=NOTIFICATION,
        member_id=member.id if member else None,
        state=state,
        due_at=now if state is State.QUEUED else None,  # held: until the one before it fails
        not_before_at=now,
        outgoing={},
        also_answers={},
        candidates=[],
        created_at=now,
    )
    session.add(delivery)
    session.flush()
    row = Notification(
        delivery_id=delivery.id,
        member_id=member.id if member else None,
        method_id=method.id if method else None,
        alert_id=alert_id,
        round_key=round_key,
        place=place,
        kind=notice.kind,
        is_alert=is_alert,
        language=(member.locale if member else None) or _LANGUAGE,
        subject=notice.subject,
        sealed=notices.freeze(notice),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row
