"""Where a reply of ours stands, when its platform told only its id: asked again until it is known (RULES D6).

It counts as sent meanwhile. One that turns out to stand in the wrong place is treated like one that was seen there at
once: it is deleted, its writer is told, and whom it had answered wait again.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Message
from inbox.outbox.transactions import MakeSession, commit
from inbox.platforms.contract import Connection, PlatformError, find_read_back
from inbox.platforms.outgoing import Outgoing, Sent
from inbox.replies.frozen import thaw
from inbox.replies.holding import hold
from inbox.replies.models import Draft
from inbox.replies.removing import is_place_unknown
from inbox.replies.settle import find_wrong
from inbox.replies.vanish import wait_again
from inbox.settings import Pace

log = structlog.get_logger()


@dataclass(frozen=True)
class _Asked:
    """A reply whose place is to be asked for."""

    sent: Sent
    outgoing: Outgoing


def find_out(make_session: MakeSession, connection: Connection, delivery_id: int, pace: Pace) -> None:
    """Ask where a reply stands whose place is unknown, and write down the answer; does nothing for any other."""
    asked = commit(make_session, lambda session: _plan(session, delivery_id))
    if asked is None:
        return
    found = _read_back(connection, asked)
    commit(make_session, lambda session: _write(session, delivery_id, found, pace))


def _plan(session: Session, delivery_id: int) -> _Asked | None:
    delivery = hold(session, delivery_id)
    if not is_place_unknown(delivery):
        return None
    message = session.get_one(Message, delivery.message_id)
    return _Asked(Sent(message.external_id or "", ref=dict(message.platform_ref)), thaw(delivery.outgoing))


def _read_back(connection: Connection, asked: _Asked) -> Sent | None:
    read_back = find_read_back(connection)
    if read_back is None:
        return None
    try:
        found = read_back(asked.sent, asked.outgoing)
    except PlatformError:
        return None
    return None if found.parent_id is None else found


def _write(session: Session, delivery_id: int, found: Sent | None, pace: Pace) -> None:
    delivery = hold(session, delivery_id)
    if not is_place_unknown(delivery):
        return
    now = clock.now()
    message = session.get_one(Message, delivery.message_id, populate_existing=True)
    if found is None:
        # what vanished meanwhile, or is not told within a day, will not be told any more
        is_over = now - (delivery.settled_at or now) > timedelta(seconds=pace.gone_within_seconds)
        is_over = is_over or message.gone_at is not None
        delivery.due_at = None if is_over else now + timedelta(seconds=pace.failure_backoff_longest_seconds)
        delivery.reason_detail = None if is_over else delivery.reason_detail
    else:
        wrong = find_wrong(thaw(delivery.outgoing), found)
        delivery.reason_code, delivery.reason_detail, delivery.due_at = wrong, None, now if wrong else None
        if wrong:
            log.warning("reply_found_misplaced", delivery_id=delivery_id)
            _take_back(session, delivery_id, message)
    session.flush()


def _take_back(session: Session, delivery_id: int, message: Message) -> None:
    """Let it answer nobody, and its draft be opened again once it is deleted."""
    leaving = update(Draft).where(Draft.delivery_id == delivery_id, Draft.state == "sent")
    session.execute(leaving.values(state="leaving").execution_options(synchronize_session="fetch"))
    wait_again(session, message)
