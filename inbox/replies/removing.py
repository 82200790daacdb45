"""Replies that must not stay on a platform: in the wrong place, or a second time; deleted until they are gone (D2, D6).

What a platform does not show yet it can't delete: "there is none" is believed a minute after it was accepted.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import Select, and_, select
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
from inbox.platforms.contract import Connection, PlatformError
from inbox.platforms.outgoing import Sent
from inbox.replies.frozen import as_candidate
from inbox.replies.holding import hold
from inbox.replies.returns import reopen_draft
from inbox.settings import Pace

log = structlog.get_logger()
WRONG = ("misplaced", "wider_audience")
_DOUBLED_AT = "doubled_at"  # of a candidate: since when it is known for a second reply of a delivery that was sent
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
    _tell(session, delivery, sent.external_id, is_deleted=False)
    session.flush()


def doubles_of(delivery: Delivery) -> list[Mapping[str, Any]]:
    """Return the replies of a delivery that stand on the platform besides the one that was settled."""
    return [one for one in delivery.candidates if _DOUBLED_AT in one]


def remove(make_session: MakeSession, connection: Connection, delivery_id: int, pace: Pace) -> None:
    """Delete what must not stay, and write down what came of it; a failure is tried again by the sweep."""
    with make_session() as session:
        delivery = session.get_one(Delivery, delivery_id)
        doubles = doubles_of(delivery)
        is_wrong = _is_wrong(delivery)
        message = session.get_one(Message, delivery.message_id)
        channel = session.get_one(Channel, delivery.channel_id)
        external_id, ref = message.external_id or "", dict(message.platform_ref)
        is_kept = bool(channel.preferences.get("keeps_misplaced"))
        session.rollback()
    if is_wrong:
        came_of_it = None if is_kept else _delete(connection, external_id, ref)
        commit(make_session, lambda session: _write_misplaced(session, delivery_id, came_of_it, pace))
    if doubles:
        came_of_them = {one["external_id"]: _delete(connection, one["external_id"], one["ref"]) for one in doubles}
        commit(make_session, lambda session: _write_doubles(session, delivery_id, came_of_them, pace))
        log.error("reply_doubled", delivery_id=delivery_id, deleted=[one is True for one in came_of_them.values()])


def _is_wrong(delivery: Delivery) -> bool:
    return delivery.state == State.SENT and delivery.reason_code in WRONG


def _delete(connection: Connection, external_id: str, ref: Mapping[str, Any]) -> bool | PlatformError:
    """Return whether the reply was there to be deleted, or what stood against it."""
    try:
        return connection.delete_own(external_id, ref)
    except PlatformError as error:
        return error


def _write_misplaced(session: Session, delivery_id: int, came_of_it: CameOfIt, pace: Pace) -> None:
    """Write down a deletion; None: it was left out, for the channel keeps what is misplaced."""
    delivery = hold(session, delivery_id)
    if not _is_wrong(delivery):
        return
    if came_of_it is None or isinstance(came_of_it, PlatformError):
        is_kept, detail = came_of_it is None, came_of_it.detail if came_of_it else ""
        delivery.due_at = None if is_kept else clock.now() + timedelta(seconds=pace.failure_backoff_longest_seconds)
        delivery.reason_detail = json.dumps({"detail": detail, "is_kept": is_kept})
        return
    again_at = _again_at(came_of_it, delivery.settled_at or clock.now(), pace)
    if again_at is not None:
        delivery.due_at = again_at
        return
    code, words = delivery.reason_code, delivery.reason_detail
    move(session, delivery, State.GONE, reason=code, gone_reason="misplaced")
    message = session.get_one(Message, delivery.message_id)
    message.gone_at, message.gone_reason = clock.now(), "misplaced"
    reopen_draft(session, delivery, code, words)


def _write_doubles(session: Session, delivery_id: int, came_of_them: Mapping[str, CameOfIt], pace: Pace) -> None:
    """Forget the doubles that are gone, and set when the others are tried again."""
    delivery = hold(session, delivery_id)
    gone, due = set(), [delivery.due_at] if _is_wrong(delivery) else []
    for double in doubles_of(delivery):
        name = str(double["external_id"])
        again_at = _again_at(came_of_them.get(name), datetime.fromisoformat(double[_DOUBLED_AT]), pace)
        due.append(again_at)
        if again_at is None:
            gone.add(name)
            _tell(session, delivery, name, is_deleted=True)
    delivery.candidates = [one for one in delivery.candidates if one["external_id"] not in gone]
    delivery.due_at = min((at for at in due if at is not None), default=None)
    session.flush()


def _again_at(came_of_it: CameOfIt, known_at: datetime, pace: Pace) -> datetime | None:
    """Return when a deletion is to be tried again; None: the reply is gone."""
    if came_of_it is None or isinstance(came_of_it, PlatformError):
        return clock.now() + timedelta(seconds=pace.failure_backoff_longest_seconds)
    sure_at = known_at + timedelta(seconds=pace.gone_confirm_seconds)
    return None if came_of_it or clock.now() >= sure_at else sure_at


def _tell(session: Session, delivery: Delivery, external_id: str, *, is_deleted: bool) -> None:
    record(
        session,
        kinds.REPLY_DOUBLED,
        channel_id=delivery.channel_id,
        conversation_id=delivery.conversation_id,
        message_id=delivery.message_id,
        after={"external_id": external_id, "is_deleted": is_deleted},
    )
