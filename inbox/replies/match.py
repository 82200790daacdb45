"""Whether a message by us that a poll brought is a reply of ours on its way, or was given natively (RULES D4).

Called by intake in its transaction, for messages by us that the channel does not know yet.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Thread
from inbox.conversations.models import Message as Row
from inbox.conversations.threads import lock_thread
from inbox.outbox import attempts
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.platforms.items import Message
from inbox.platforms.outgoing import Sent
from inbox.replies.fold import find_polled
from inbox.replies.holding import conversation_of
from inbox.replies.look import add_candidates
from inbox.replies.settle import Settling, settle
from inbox.settings import Pace

_PACE = Pace()
# A reply in one of these may be the one that was polled; the rest is late proof, by its tries.
_LATE = (State.REFUSED, State.CANCELLED, State.RETURNED)
_OPEN = (State.SENDING, State.UNCLEAR, State.NEEDS_PERSON, State.QUEUED)


@dataclass(frozen=True)
class Settled:
    """It is this message of ours, which is now settled: store nothing else of it."""

    message: Row


@dataclass(frozen=True)
class HoldBack:
    """Not to be told yet: store it with `is_held_back` and `look_at`, shown nowhere, settling nothing."""

    look_at: datetime


@dataclass(frozen=True)
class Native:
    """It was given on the platform."""


Matched = Settled | HoldBack | Native


def match_own(session: Session, channel: Channel, item: Message, *, pace: Pace = _PACE) -> Matched:
    """Say what a message by us is that a poll brought; settles the delivery that it proves.

    Locks the threads of the replies that may be meant, so that nobody settles them meanwhile. They are found by
    the id that was fixed beforehand, else by parent, text as the platform stores it, and time.
    """
    out = _list_possible(session, channel, item)
    # An id that was fixed beforehand is ours whatever its time says: that was fixed with it, before the hold.
    possible = [one for one in out if _is_wanted(one, item) or not _is_older(session, channel, one, item, pace)]
    known = find_polled(session, channel.id, item.external_id)  # after the locks: a sender may have been first
    if known is not None:
        return Settled(known)
    for delivery in sorted(possible, key=lambda one: (not _is_wanted(one, item), one.state not in _OPEN, one.id)):
        if _is_wanted(delivery, item) or _has_text(delivery, item):
            sent = as_sent(item) if _is_wanted(delivery, item) else _in_place(delivery, item)
            settled = settle(session, delivery.id, sent, pace=pace, thread_key=item.thread_key)
            if settled in (Settling.SETTLED, Settling.KNOWN, Settling.MISPLACED):
                return Settled(session.get_one(Row, session.get_one(Delivery, delivery.id).message_id))
    # Our words with an earlier time may be ours under a clock that is off: they count as nobody's until a person says.
    in_flight = [one for one in out if one.state in _OPEN and (one in possible or _has_text(one, item))]
    for delivery in in_flight:
        add_candidates(session, delivery, [as_sent(item)])
    if in_flight:
        return HoldBack(clock.now() + timedelta(seconds=pace.held_back_seconds))
    return Native()


def as_sent(item: Message) -> Sent:
    """Return a polled message of ours as the answer to the write that made it."""
    return Sent(
        external_id=item.external_id,
        created_at=item.authored_at or item.arrived_at,
        permalink=item.permalink,
        parent_id=item.parent_id,
        audience=item.audience,
        text=item.text,
        version=item.version,
        ref=dict(item.ref),
    )


def _in_place(delivery: Delivery, item: Message) -> Sent:
    """Take the place where the reply was recognised for the one asked for: platforms tell parents in their own way."""
    return replace(as_sent(item), parent_id=delivery.parent_external_id)


def _list_possible(session: Session, channel: Channel, item: Message) -> list[Delivery]:
    near = _list_near(session, channel, item)
    threads = {conversation_of(session, one).thread_id for one in near}
    for thread_id in sorted(threads):
        lock_thread(session, thread_id)
    if near:
        near = _list_near(session, channel, item)
    return [one for one in near if _may_be_out(session, one)]


def _list_near(session: Session, channel: Channel, item: Message) -> list[Delivery]:
    """List replies of the channel that hang where the item hangs, or whose id it has."""
    places = [one for one in (item.parent_id, item.continues_id) if one]
    near = [Delivery.wanted_external_id == item.external_id, Delivery.parent_external_id.in_(places)]
    if item.parent_id:
        near.append(_flattened(channel.id, item.parent_id))
    if item.thread_key:
        near.append(_in_thread(channel.id, item.thread_key))
    if item.members:
        near.append(_continues_to(channel.platform, item))
    # A person may have said that it was sent before its id was known.
    without_id = exists(select(Row.id).where(Row.id == Delivery.message_id, Row.external_id.is_(None)))
    state = or_(Delivery.state.in_((*_OPEN, *_LATE)), and_(Delivery.state == State.SENT, without_id))
    query = select(Delivery).where(
        Delivery.channel_id == channel.id, Delivery.kind == "reply", Delivery.attempt_count > 0, state, or_(*near)
    )
    newest = query.order_by(Delivery.id.desc()).limit(50)
    return list(session.scalars(newest.execution_options(populate_existing=True)))


def _flattened(channel_id: int, parent_id: str) -> ColumnElement[bool]:
    """SQL: the reply answers a child of this parent; platforms two levels deep put both under the parent."""
    children = select(Row.external_id).where(Row.channel_id == channel_id, Row.parent_external_id == parent_id)
    return Delivery.parent_external_id.in_(children.where(Row.direction == "inbound"))


def _in_thread(channel_id: int, key: str) -> ColumnElement[bool]:
    """SQL: the reply goes into the private exchange of this key."""
    query = select(Conversation.id).join(Thread, Thread.id == Conversation.thread_id)
    return Delivery.conversation_id.in_(
        query.where(Thread.channel_id == channel_id, Thread.external_key == key, Thread.is_private.is_(True))
    )


def _continues_to(platform: str, item: Message) -> ColumnElement[bool]:
    """SQL: the reply continues a public comment in private with somebody who takes part in this exchange."""
    query = select(Conversation.id).join(Contact, Contact.id == Conversation.contact_id)
    people = query.where(Contact.platform == platform, Contact.external_id.in_(list(item.members)))
    return and_(
        Delivery.message_id.is_(None), Delivery.conversation_id.in_(people.where(Conversation.is_private.is_(False)))
    )


def _may_be_out(session: Session, delivery: Delivery) -> bool:
    return delivery.state == State.SENT or attempts.may_be_out(session, delivery.id)


def _is_wanted(delivery: Delivery, item: Message) -> bool:
    return delivery.wanted_external_id == item.external_id


def _has_text(delivery: Delivery, item: Message) -> bool:
    return _folded(delivery.text_as_stored) == _folded(item.text)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _is_older(session: Session, channel: Channel, delivery: Delivery, item: Message, pace: Pace) -> bool:
    """Tell whether the item was there before the first try, by the platform's clock as far as its skew is known."""
    at = item.authored_at or item.arrived_at
    first = attempts.first_told_at(session, delivery.id, channel.skew_seconds)
    return at is not None and first is not None and at < first - timedelta(seconds=pace.skew_shown_seconds)
