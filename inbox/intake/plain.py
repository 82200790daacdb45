"""Plain arrivals: messages that change nothing but their own person's conversation.

Most messages are such, and are judged from what is at hand and written many at a time (effects.py). Where we
spoke, where threads are joined, where a conversation was done with: there each message takes effect by itself,
in conversations/arrive.py. Both ways end with the same rows (tests/intake/test_plain.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.awaits import Facts, Parent, Verdict, judge
from inbox.conversations.models import Conversation, Message, Status
from inbox.intake.imports import is_before_span
from inbox.intake.known import Known
from inbox.intake.own import Ourselves
from inbox.intake.pictures import pictures_of
from inbox.intake.seats import Seat
from inbox.intake.store import Fresh
from inbox.platforms import items

Place = tuple[int, int]  # thread id, contact id

_COLUMNS = (
    Conversation.thread_id,
    Conversation.contact_id,
    Conversation.id,
    Conversation.status,
    Conversation.waiting_since,
    Conversation.last_message_at,
    Conversation.last_inbound_message_id,
    Conversation.last_inbound_seq,
    Conversation.last_seq,
    Conversation.last_outbound_message_id,
    Conversation.is_no_answer_needed,
    Conversation.version,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A conversation as it stood before the page, locked."""

    thread_id: int
    contact_id: int
    id: int
    status: str
    waiting_since: datetime | None
    last_message_at: datetime
    last_inbound_message_id: int | None
    last_inbound_seq: int
    last_seq: int
    last_outbound_message_id: int | None
    is_no_answer_needed: bool
    version: int


def load_standings(session: Session, places: Iterable[Place]) -> dict[Place, Standing]:
    """Lock the conversations that these people have in these threads, by rising id."""
    wanted = set(places)
    if not wanted:
        return {}
    query = (
        select(*_COLUMNS)
        .where(
            Conversation.thread_id.in_(sorted({thread_id for thread_id, _ in wanted})),
            Conversation.contact_id.in_(sorted({contact_id for _, contact_id in wanted})),
        )
        .order_by(Conversation.id)
        .with_for_update(key_share=True)
    )
    rows: Sequence[Any] = session.execute(query).all()
    found = {(row.thread_id, row.contact_id): Standing(*row) for row in rows}
    return {place: standing for place, standing in found.items() if place in wanted}


def find_busy_threads(
    session: Session,
    channel: Channel,
    fresh: Sequence[Fresh],
    seats: Mapping[str, Seat],
    joining: Iterable[int],
    standings: Mapping[Place, Standing],
    newest: Mapping[Place, datetime],
) -> set[int]:
    """Return the threads in which a page's messages must take effect one by one.

    `joining`: threads that are about to be joined; `newest`: the latest clock of each place in the page.
    """
    busy = {seats[one.message.external_id].thread.id for one in fresh if one.is_ours} | set(joining)
    busy |= {place[0] for place, standing in standings.items() if _is_done_with(standing, newest[place])}
    busy |= {seats[name].thread.id for name in _list_parents_of_earlier(session, channel, seats)}
    older = {seat.thread.id for seat in seats.values() if not seat.is_fresh} - busy
    if older:
        ours = select(Message.thread_id).where(Message.thread_id.in_(sorted(older)), Message.direction == "outbound")
        busy |= set(session.scalars(ours.distinct()))
    return busy


def _is_done_with(standing: Standing, newest_at: datetime) -> bool:
    """Tell whether somebody had worked on it, or its newest message is one that we must look up."""
    is_touched = standing.status != Status.OPEN or standing.last_outbound_message_id is not None
    return is_touched or (standing.waiting_since is None and newest_at < standing.last_message_at)


def _list_parents_of_earlier(session: Session, channel: Channel, seats: Mapping[str, Seat]) -> Sequence[str]:
    """Return which messages of the page had been answered, on the platform, by something that came before them."""
    names = sorted(seats)
    query = select(Message.parent_external_id).where(
        Message.channel_id == channel.id, Message.parent_external_id.in_(names)
    )
    return [name for name in session.scalars(query.distinct()) if name is not None]


def judge_plainly(
    channel: Channel,
    one: Fresh,
    page: Mapping[str, Fresh],
    known: Mapping[str, Known],
    contact_ids: Mapping[str, int],
    ourselves: Ourselves,
) -> Verdict:
    """Judge a message from the page and from what was looked up for it."""
    message = one.message
    attached = {picture.kind for picture in pictures_of(message)}
    return judge(
        Facts(
            text=message.text,
            is_sticker=message.is_sticker or "sticker" in attached,
            has_pictures=bool(attached - {"sticker"}),
            mentions_us=message.mentions_us,
            parent=_whose_parent(message, page, known, contact_ids, ourselves),
            is_before_import=is_before_span(channel, one.clock_at),
            awaits_replies_to_others=channel.preferences.get("awaits_replies_to_others") is True,
            mention_spans=[(mark.start, mark.end) for mark in message.marks if mark.kind == "mention"],
        )
    )


def _whose_parent(
    message: items.Message,
    page: Mapping[str, Fresh],
    known: Mapping[str, Known],
    contact_ids: Mapping[str, int],
    ourselves: Ourselves,
) -> Parent:
    parent_id = message.parent_id or message.continues_id
    if parent_id is None:
        return Parent.NONE
    mine = contact_ids[message.external_id]
    if parent_id in page:
        if page[parent_id].is_ours:
            return Parent.OURS
        return Parent.SAME if contact_ids[parent_id] == mine else Parent.OTHER
    row = known.get(parent_id)
    if row is not None:
        if row.direction == "outbound":
            return Parent.OURS
        return Parent.SAME if row.contact_id == mine else Parent.OTHER
    if message.parent_author_id is None:
        return Parent.UNKNOWN
    if message.parent_author_id == message.author.external_id:
        return Parent.SAME
    return Parent.OURS if ourselves.has_id(message.parent_author_id, message.author.scope) else Parent.OTHER
