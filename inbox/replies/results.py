"""What is written down after a try: each outcome is one move of RULES D1, in a transaction of its own."""

import json
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import states
from inbox.channels.models import Channel
from inbox.conversations.gone import look_said_gone
from inbox.conversations.models import Message
from inbox.outbox import attempts
from inbox.outbox.attempts import Outcome
from inbox.outbox.backoff import MOST_TRIES, is_late, next_try_at
from inbox.outbox.claim import Claim, become_unclear
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.outbox.transactions import MakeSession, commit
from inbox.platforms.contract import Connection, PlatformError
from inbox.platforms.outgoing import Sent
from inbox.replies.checks import Stop
from inbox.replies.fold import find_polled
from inbox.replies.holding import hold
from inbox.replies.outcomes import Judged, Next
from inbox.replies.returns import give_back, reopen_draft
from inbox.settings import Pace

log = structlog.get_logger()
WRONG = ("misplaced", "wider_audience")
Query = TypeVar("Query", bound=Select[Any])


def write_check(session: Session, claimed: Claim, stop: Stop, pace: Pace) -> None:
    """Write down that D6's checks stopped a claimed reply before the network."""
    delivery = hold(session, claimed.delivery_id)
    attempts.end_attempt(session, claimed.token, Outcome.NOT_TRIED, code=stop.code)
    if stop.to is State.QUEUED:
        _queue_again(session, delivery, claimed, pace, stop.code)
        return
    _end(session, delivery, claimed, stop.to, stop.code, stop.detail, pace)


def write_stop(session: Session, claimed: Claim, judged: Judged, pace: Pace) -> None:
    """Write down what a look before the write said: nothing was sent."""
    delivery = hold(session, claimed.delivery_id)
    attempts.end_attempt(session, claimed.token, Outcome.NOT_TRIED, code=judged.code, detail=judged.detail)
    _follow(session, delivery, claimed, judged, pace)


def write_error(session: Session, claimed: Claim, judged: Judged, pace: Pace) -> None:
    """Write down what the write call raised."""
    delivery = hold(session, claimed.delivery_id)
    outcome = {Next.LOOK: Outcome.UNCLEAR, Next.REFUSE: Outcome.REFUSED}.get(judged.next, Outcome.NOT_ACCEPTED)
    attempts.end_attempt(session, claimed.token, outcome, code=judged.code, detail=judged.detail)
    if judged.next is Next.LOOK:
        _become_unclear(session, delivery, claimed, judged, pace)
        return
    _follow(session, delivery, claimed, judged, pace)


def _follow(session: Session, delivery: Delivery, claimed: Claim, judged: Judged, pace: Pace) -> None:
    detail = {"detail": judged.detail} if judged.detail else None
    if judged.next is Next.REFUSE:
        _end(session, delivery, claimed, State.REFUSED, judged.code, detail, pace)
    elif judged.next is Next.PARENT_GONE:
        _doubt_parent(session, delivery, claimed, pace)
    elif judged.next is Next.LOOK:  # an earlier try may be out after all: this one is not made by itself
        become_unclear(session, delivery, pace, token=claimed.token, is_resent=True, reason=judged.code)
    else:
        _try_later(session, delivery, claimed, judged, pace)


def _end(
    session: Session,
    delivery: Delivery,
    claimed: Claim,
    to: State,
    code: str,
    detail: dict[str, Any] | None,
    pace: Pace,
) -> None:
    """Return or refuse; but where an earlier try may be out, only a person can say what became of it."""
    if attempts.may_be_out(session, delivery.id, besides=claimed.number):
        words = json.dumps(detail) if detail else None
        become_unclear(session, delivery, pace, token=claimed.token, is_resent=True, reason=code, reason_detail=words)
        return
    give_back(session, delivery, to, code, detail, token=claimed.token, is_surely_not_accepted=True)


def _become_unclear(session: Session, delivery: Delivery, claimed: Claim, judged: Judged, pace: Pace) -> None:
    words = json.dumps({"detail": judged.detail}) if judged.detail else None
    become_unclear(session, delivery, pace, token=claimed.token, reason=judged.code, reason_detail=words)


def _try_later(session: Session, delivery: Delivery, claimed: Claim, judged: Judged, pace: Pace) -> None:
    """Queue again while it is not too late; else it goes back, at once rather than after a wait in vain."""
    now = clock.now()
    first, longest = pace.failure_backoff_seconds, pace.failure_backoff_longest_seconds
    due_at = max(next_try_at(now, claimed.number, first, longest), judged.until_at or now)
    is_in_vain = is_late(delivery.not_before_at, due_at, pace.leave_late_seconds) and not delivery.is_confirmed_late
    if is_in_vain or delivery.attempt_count >= MOST_TRIES:
        detail = {"detail": judged.detail, "until": judged.until_at.isoformat() if judged.until_at else None}
        _end(session, delivery, claimed, State.RETURNED, judged.code, detail, pace)
        return
    _queue_again(session, delivery, claimed, pace, judged.code, due_at=due_at, parent_gone_at=None)


def _queue_again(session: Session, delivery: Delivery, claimed: Claim, pace: Pace, code: str, **values: Any) -> None:
    values.setdefault("due_at", clock.now() + timedelta(seconds=pace.failure_backoff_seconds))
    move(session, delivery, State.QUEUED, token=claimed.token, is_surely_not_accepted=True, reason=code, **values)


def _doubt_parent(session: Session, delivery: Delivery, claimed: Claim, pace: Pace) -> None:
    """Believe that the parent is gone after two looks (D6): then refused, the message withdrawn, the text a draft."""
    now = clock.now()
    parent = find_polled(session, delivery.channel_id or 0, str(delivery.outgoing["parent_id"]))
    if parent is not None and parent.direction == "inbound":
        look_said_gone(session, parent, pace=pace)
    confirm = timedelta(seconds=pace.gone_confirm_seconds)
    if delivery.parent_gone_at is not None and now - delivery.parent_gone_at >= confirm:
        _end(session, delivery, claimed, State.REFUSED, "parent_gone", None, pace)
        return
    first = delivery.parent_gone_at or now
    _queue_again(session, delivery, claimed, pace, "parent_gone", due_at=first + confirm, parent_gone_at=first)


def ask_for_person(session: Session, channel_id: int, judged: Judged) -> None:
    """Let the channel say that it needs somebody; in a transaction of its own, for polls lock channel, then thread."""
    states.ask_for_person(session, session.get_one(Channel, channel_id), judged.code, judged.detail)


def find_misplaced(session: Session) -> int | None:
    """Return a delivery whose reply stands in the wrong place and is to be deleted now."""
    return session.scalar(_misplaced(select(Delivery.id)))


def claim_misplaced(session: Session, pace: Pace) -> int | None:
    """Return a delivery as `find_misplaced` does, and nobody else for as long as a deletion may take."""
    delivery = session.scalars(_misplaced(select(Delivery)).with_for_update(skip_locked=True)).one_or_none()
    if delivery is None:
        return None
    delivery.due_at = clock.now() + timedelta(seconds=pace.send_lease_left_seconds)
    session.flush()
    return delivery.id


def _misplaced(query: Query) -> Query:
    due = and_(Delivery.kind == "reply", Delivery.state == State.SENT, Delivery.due_at <= clock.now())
    return query.where(due).order_by(Delivery.due_at).limit(1)


def delete_misplaced(make_session: MakeSession, connection: Connection, delivery_id: int, pace: Pace) -> None:
    """Delete a misplaced reply from the platform and tell its writer; a failure is tried again by the sweep."""
    with make_session() as session:
        delivery = session.get_one(Delivery, delivery_id)
        message = session.get_one(Message, delivery.message_id)
        channel = session.get_one(Channel, delivery.channel_id)
        external_id, ref = message.external_id or "", dict(message.platform_ref)
        is_kept = bool(channel.preferences.get("keeps_misplaced"))
        session.rollback()
    came_of_it = None if is_kept else _delete(connection, external_id, ref)
    commit(make_session, lambda session: _write_deleted(session, delivery_id, came_of_it, pace))


def delete_surplus(connection: Connection, delivery_id: int, sent: Sent) -> None:
    """Delete the second of two accepted replies of one delivery: nothing is said twice."""
    came_of_it = _delete(connection, sent.external_id, dict(sent.ref))
    log.error("surplus_reply", delivery_id=delivery_id, deleted=came_of_it is True)


def _delete(connection: Connection, external_id: str, ref: dict[str, Any]) -> bool | PlatformError:
    """Return whether the reply was there to be deleted, or what stood against it."""
    try:
        return connection.delete_own(external_id, ref)
    except PlatformError as error:
        return error


def _write_deleted(session: Session, delivery_id: int, came_of_it: bool | PlatformError | None, pace: Pace) -> None:
    """Write down a deletion; None: it was left out, for the channel keeps what is misplaced."""
    delivery = hold(session, delivery_id)
    if delivery.state != State.SENT or delivery.reason_code not in WRONG:
        return
    if came_of_it is None or isinstance(came_of_it, PlatformError):
        is_kept, detail = came_of_it is None, came_of_it.detail if came_of_it else ""
        delivery.due_at = None if is_kept else clock.now() + timedelta(seconds=pace.failure_backoff_longest_seconds)
        delivery.reason_detail = json.dumps({"detail": detail, "is_kept": is_kept})
        return
    # A platform may show a reply only some seconds after it accepted it: until then it knows of none to delete.
    sure_at = (delivery.settled_at or clock.now()) + timedelta(seconds=pace.gone_confirm_seconds)
    if not came_of_it and clock.now() < sure_at:
        delivery.due_at = sure_at
        return
    code, words = delivery.reason_code, delivery.reason_detail
    move(session, delivery, State.GONE, reason=code, gone_reason="misplaced")
    message = session.get_one(Message, delivery.message_id)
    message.gone_at, message.gone_reason = clock.now(), "misplaced"
    reopen_draft(session, delivery, code, words)
