"""Replies that must not stay on a platform: in the wrong place, or a second time; deleted until they are gone (D2, D6).

What a platform does not show yet it can't delete: "there is none" is believed a minute after it was accepted. A second
copy is deleted only while the first stands, and while no other reply can be the one that it belongs to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import Select, and_, exists, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.conversations.models import Message
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.outbox.transactions import MakeSession, commit
from inbox.platforms.contract import Connection, PlatformError, RateLimited, Refused
from inbox.platforms.outgoing import Sent
from inbox.replies.fold import belongs_to_another, find_polled
from inbox.replies.frozen import as_candidate
from inbox.replies.holding import hold
from inbox.replies.returns import reopen_draft
from inbox.settings import Pace

log = structlog.get_logger()
WRONG = ("misplaced", "wider_audience")
_DOUBLED_AT = "doubled_at"  # of a candidate: since when it is known for a second reply of a delivery that was sent
PLACE_UNKNOWN = json.dumps({"place": "unknown"})  # as the detail of a reply that was sent: asked for later
_IN_FLIGHT = (State.QUEUED, State.SENDING, State.UNCLEAR, State.NEEDS_PERSON)
Double = Mapping[str, Any]
CameOfIt = bool | PlatformError | None  # it was there; it was not; it failed; or it was left where it is
Query = TypeVar("Query", bound=Select[Any])


def find_due(session: Session) -> int | None:
    """Return a delivery of which something is to be deleted now."""
    return session.scalar(_due(select(Delivery.id)))


def claim_due(session: Session, pace: Pace) -> int | None:
    """Return a delivery as `find_due` does, and nobody else for as long as a deletion may take."""
    delivery = session.scalars(_due(select(Delivery)).with_for_update(skip_locked=True)).one_or_none()
    if delivery is None:
        return None
    delivery.due_at = clock.now() + timedelta(seconds=pace.send_lease_left_seconds)
    session.flush()
    return delivery.id


def _due(query: Query) -> Query:
    ended = Delivery.state.in_((State.SENT, State.GONE))
    due = and_(Delivery.kind == "reply", ended, Delivery.due_at <= clock.now())
    return query.where(due).order_by(Delivery.due_at).limit(1)


def note_double(session: Session, delivery: Delivery, sent: Sent) -> None:
    """Keep that the platform has a second reply of a delivery, so that it is deleted whoever fails at it."""
    if any(one["external_id"] == sent.external_id for one in doubles_of(delivery)):
        return
    others = [one for one in delivery.candidates if one["external_id"] != sent.external_id]
    now = clock.now()
    delivery.candidates = [*others, as_candidate(sent) | {_DOUBLED_AT: now.isoformat()}]
    delivery.due_at = now
    _tell(session, delivery, sent.external_id, "found")
    session.flush()


def doubles_of(delivery: Delivery) -> list[Double]:
    """Return the replies of a delivery that stand on the platform besides the one that was settled."""
    return [one for one in delivery.candidates if _DOUBLED_AT in one]


def keep_doubles(session: Session, delivery: Delivery) -> None:
    """Leave the second copies of a reply where they are, for the first is gone: one of them is the answer now."""
    for double in doubles_of(delivery):
        _forget(session, delivery, double, "kept")


@dataclass(frozen=True)
class _Plan:
    """What is to be deleted of a delivery: its misplaced reply, and second copies."""

    misplaced: tuple[str, Mapping[str, Any]] | None
    is_kept: bool  # misplaced, but the channel keeps such
    doubles: Sequence[Double]
    asked_at: datetime


def remove(make_session: MakeSession, connection: Connection, delivery_id: int, pace: Pace) -> None:
    """Delete what must not stay, and write down what came of it; a failure is tried again by the sweep."""
    plan = commit(make_session, lambda session: _plan(session, delivery_id))
    came_of_it = None if plan.misplaced is None else _delete(connection, *plan.misplaced)
    came_of_them = {one["external_id"]: _delete(connection, one["external_id"], one["ref"]) for one in plan.doubles}
    commit(make_session, lambda session: _write(session, delivery_id, plan, came_of_it, came_of_them, pace))
    if came_of_them:
        log.error("reply_doubled", delivery_id=delivery_id, deleted=[one is True for one in came_of_them.values()])


def _plan(session: Session, delivery_id: int) -> _Plan:
    delivery = hold(session, delivery_id)
    message = session.get_one(Message, delivery.message_id)
    channel = session.get_one(Channel, delivery.channel_id)
    is_first_standing = delivery.state == State.SENT and message.gone_at is None
    if not (is_first_standing or delivery.gone_reason == "misplaced"):
        keep_doubles(session, delivery)
    for double in doubles_of(delivery):
        if belongs_to_another(session, delivery, double["external_id"]):
            _forget(session, delivery, double, "kept")
    misplaced = (message.external_id or "", dict(message.platform_ref)) if _is_wrong(delivery) else None
    is_kept = bool(channel.preferences.get("keeps_misplaced"))
    doubles = [] if _may_be_anothers(session, delivery) else doubles_of(delivery)
    return _Plan(None if is_kept else misplaced, is_kept, doubles, clock.now())


def _may_be_anothers(session: Session, delivery: Delivery) -> bool:
    """Tell whether another reply of the same words is on its way: what looks like a second copy may be that one."""
    same = and_(Delivery.channel_id == delivery.channel_id, Delivery.text_as_stored == delivery.text_as_stored)
    another = and_(Delivery.id != delivery.id, Delivery.state.in_(_IN_FLIGHT))
    return bool(session.scalar(select(exists().where(same, another))))


def is_place_unknown(delivery: Delivery) -> bool:
    """Tell whether a reply was sent of which the platform has not told where it stands."""
    return delivery.state == State.SENT and delivery.reason_detail == PLACE_UNKNOWN


def _is_wrong(delivery: Delivery) -> bool:
    return delivery.state == State.SENT and delivery.reason_code in WRONG


def _delete(connection: Connection, external_id: str, ref: Mapping[str, Any]) -> bool | PlatformError:
    """Return whether the reply was there to be deleted, or what stood against it."""
    try:
        return connection.delete_own(external_id, ref)
    except PlatformError as error:
        return error


def _write(
    session: Session,
    delivery_id: int,
    plan: _Plan,
    came_of_it: CameOfIt,
    came_of_them: Mapping[str, CameOfIt],
    pace: Pace,
) -> None:
    """Write everything down at once: whoever is killed before has left it due."""
    delivery = hold(session, delivery_id)
    due = [_write_misplaced(session, delivery, plan, came_of_it, pace)] if _is_wrong(delivery) else []
    due += [_write_double(session, delivery, one, plan.asked_at, came_of_them, pace) for one in doubles_of(delivery)]
    due += [delivery.due_at] if is_place_unknown(delivery) else []
    delivery.due_at = min((at for at in due if at is not None), default=None)
    session.flush()


def _write_misplaced(
    session: Session, delivery: Delivery, plan: _Plan, came_of_it: CameOfIt, pace: Pace
) -> datetime | None:
    """Return when the deletion is to be tried again."""
    if came_of_it is None or isinstance(came_of_it, PlatformError):
        detail = came_of_it.detail if came_of_it else ""
        delivery.reason_detail = json.dumps({"detail": detail, "is_kept": plan.is_kept})
        return None if plan.is_kept else _again_at(came_of_it, clock.now(), plan.asked_at, pace)
    again_at = _again_at(came_of_it, delivery.settled_at or clock.now(), plan.asked_at, pace)
    if again_at is not None:
        return again_at
    code, words = delivery.reason_code, delivery.reason_detail
    move(session, delivery, State.GONE, reason=code, gone_reason="misplaced")
    message = session.get_one(Message, delivery.message_id)
    message.gone_at, message.gone_reason = clock.now(), "misplaced"
    reopen_draft(session, delivery, code, words)
    return None


def _write_double(
    session: Session,
    delivery: Delivery,
    double: Double,
    asked_at: datetime,
    came_of_them: Mapping[str, CameOfIt],
    pace: Pace,
) -> datetime | None:
    """Forget a second copy that is gone or that the platform keeps; return when another is tried again."""
    came_of_it = came_of_them.get(double["external_id"])
    if isinstance(came_of_it, Refused):
        _forget(session, delivery, double, "refused")
        return None
    again_at = _again_at(came_of_it, datetime.fromisoformat(double[_DOUBLED_AT]), asked_at, pace)
    if again_at is None:
        _forget(session, delivery, double, "deleted")
        stored = find_polled(session, delivery.channel_id or 0, double["external_id"])
        if stored is not None:  # a poll had brought it: its next look finds that it is gone
            stored.recheck_due_at = clock.now()
    return again_at


def _again_at(came_of_it: CameOfIt, known_at: datetime, asked_at: datetime, pace: Pace) -> datetime | None:
    """Return when a deletion is to be tried again; None: the reply is gone."""
    if came_of_it is None or isinstance(came_of_it, PlatformError):
        later = clock.now() + timedelta(seconds=pace.failure_backoff_longest_seconds)
        return max(later, came_of_it.until_at) if isinstance(came_of_it, RateLimited) else later
    sure_at = known_at + timedelta(seconds=pace.gone_confirm_seconds)
    return None if came_of_it or asked_at >= sure_at else sure_at


def _forget(session: Session, delivery: Delivery, double: Double, came_of_it: str) -> None:
    name = double["external_id"]
    delivery.candidates = [one for one in delivery.candidates if one["external_id"] != name]
    _tell(session, delivery, name, came_of_it)
    session.flush()


def _tell(session: Session, delivery: Delivery, external_id: str, came_of_it: str) -> None:
    """Record what became of a second copy: found, deleted, kept, refused."""
    record(
        session,
        kinds.REPLY_DOUBLED,
        channel_id=delivery.channel_id,
        conversation_id=delivery.conversation_id,
        message_id=delivery.message_id,
        after={"external_id": external_id, "came_of_it": came_of_it},
    )
