"""Gives new messages their thread, their person's conversation and their place, and lets them take effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, Post
from inbox.contacts.meet import meet
from inbox.conversations.arrive import arrived
from inbox.conversations.models import Message as Row
from inbox.conversations.siblings import link_sibling
from inbox.intake import store
from inbox.intake.imports import is_before_span
from inbox.intake.join import join_wanted
from inbox.intake.known import Known
from inbox.intake.looks import next_look_at
from inbox.intake.own import take_native
from inbox.intake.seats import Seat, seat_all
from inbox.intake.store import Fresh
from inbox.settings import Pace


@dataclass(frozen=True)
class Landed:
    """What came in: the rows that are shown, and how many replies of ours were confirmed."""

    message_ids: Sequence[int] = ()
    own_count: int = 0


def land(
    session: Session,
    channel: Channel,
    fresh: Sequence[Fresh],
    known: Mapping[str, Known],
    posts: Mapping[str, Post],
    *,
    received_at: datetime,
    pace: Pace,
) -> Landed:
    """Write new messages, in the order of their clocks, and let each take effect."""
    seats = seat_all(
        session,
        channel,
        [one.message for one in fresh],
        {external_id: row.spot for external_id, row in known.items()},
        posts,
        held_ids={one.message.external_id for one in fresh if one.is_held},
        received_at=received_at,
    )
    ids = _write(session, channel, fresh, seats, received_at, pace)
    join_wanted(session, channel, _appeared(fresh, seats))
    shown = [one for one in fresh if not one.is_held]
    _take_effect(session, channel, [ids[one.message.external_id] for one in shown], pace)
    return Landed([ids[one.message.external_id] for one in shown])


def _appeared(fresh: Sequence[Fresh], seats: Mapping[str, Seat]) -> dict[str, int]:
    """Return which messages have a thread now: those of the page, and the roots that it named."""
    roots = {
        one.message.root_id: seats[one.message.external_id].thread.id
        for one in fresh
        if one.message.root_id and not one.message.thread_key
    }
    return roots | {external_id: seat.thread.id for external_id, seat in seats.items()}


def _write(
    session: Session,
    channel: Channel,
    fresh: Sequence[Fresh],
    seats: Mapping[str, Seat],
    received_at: datetime,
    pace: Pace,
) -> dict[str, int]:
    contacts = meet(session, channel.platform, [one.message.author for one in fresh if not one.is_ours])
    people = {
        one.message.external_id: contacts[one.message.author.scope, one.message.author.external_id]
        for one in fresh
        if not one.is_ours
    }
    inbound = [
        (one, seats[one.message.external_id], people[one.message.external_id]) for one in fresh if not one.is_ours
    ]
    conversations = store.open_conversations(session, channel, inbound, received_at)
    rows = []
    for one in fresh:
        seat, contact = seats[one.message.external_id], people.get(one.message.external_id)
        rows.append(
            store.message_row(
                channel,
                one,
                seat,
                contact_id=contact.id if contact else None,
                conversation_id=conversations[seat.thread.id, contact.id] if contact else None,
                received_at=received_at,
            )
        )
    ids = store.write_messages(session, rows)
    messages = [one.message for one in fresh]
    store.write_raw(session, ids, messages, received_at, pace)
    store.write_pictures(session, channel, ids, messages)
    return ids


def _take_effect(session: Session, channel: Channel, ids: Sequence[int], pace: Pace) -> None:
    rows = {row.id: row for row in session.scalars(select(Row).where(Row.id.in_(ids)))}
    for message_id in ids:
        message = rows[message_id]
        if message.direction == "outbound":
            take_native(session, message)
        else:
            arrived(session, message, pace=pace, is_before_import=is_before_span(channel, message.clock_at))
            link_sibling(session, message)
        message.recheck_due_at = next_look_at(message, clock.now(), pace)
