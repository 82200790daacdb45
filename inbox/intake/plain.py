"""Plain arrivals: messages that change nothing but their own person's conversation.

Most messages are such, also after our answer and where a conversation was done with: they are judged from what is
at hand and written many at a time (effects.py). In threads where we speak in the page itself or that we answer in
it, that are joined, or where something came that is older than what stands there, each message takes effect by
itself, in conversations/arrive.py. Both ways end with the same rows (tests/intake/test_plain.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.conversations.awaits import Facts, Parent, Verdict, judge
from inbox.conversations.models import Answer, Conversation, Message, Status
from inbox.intake.imports import is_before_span
from inbox.intake.known import Known
from inbox.intake.own import Ourselves
from inbox.intake.pictures import pictures_of
from inbox.intake.seats import Seat
from inbox.intake.store import Fresh
from inbox.platforms import items

Place = tuple[int, int]  # thread id, contact id
Span = tuple[datetime, datetime]

_CONVERSATION = table_of(Conversation).c
_MESSAGE = table_of(Message).c
_ANSWER = table_of(Answer).c
# As conversations/waiting.py keeps it, but as it is now: an answer may have gone, or be back, since that was kept.
_NEWEST_ANSWER = (
    select(_MESSAGE.id)
    .join_from(Answer.__table__, Message.__table__, _MESSAGE.id == _ANSWER.reply_message_id)
    .where(_ANSWER.conversation_id == _CONVERSATION.id, _MESSAGE.gone_at.is_(None))
    .order_by(_MESSAGE.clock_at.desc(), _MESSAGE.id.desc())
    .limit(1)
)
_STANDINGS = (
    select(
        _CONVERSATION.thread_id,
        _CONVERSATION.contact_id,
        _CONVERSATION.id,
        _CONVERSATION.status,
        _CONVERSATION.waiting_since,
        _CONVERSATION.last_message_at,
        _CONVERSATION.last_inbound_message_id,
        # not last_message_at, which may be that of an answer of ours, even of one that is gone
        select(_MESSAGE.clock_at).where(_MESSAGE.id == _CONVERSATION.last_inbound_message_id).scalar_subquery(),
        _NEWEST_ANSWER.scalar_subquery(),
        _CONVERSATION.last_inbound_seq,
        _CONVERSATION.last_seq,
        _CONVERSATION.last_outbound_message_id,
        _CONVERSATION.is_no_answer_needed,
        _CONVERSATION.version,
        _CONVERSATION.channel_id,
        _CONVERSATION.is_private,
        _CONVERSATION.assignee_id,
        _CONVERSATION.last_assignee_id,
        _CONVERSATION.team_id,
        _CONVERSATION.snoozed_until_at,
        _CONVERSATION.priority,
        _CONVERSATION.kind,
        _CONVERSATION.due_at,
    )
    .where(among(_CONVERSATION.thread_id, "threads"), among(_CONVERSATION.contact_id, "contacts"))
    .order_by(_CONVERSATION.id)
    .with_for_update(key_share=True)
)
_ANSWERED = (
    select(_MESSAGE.parent_external_id)
    .where(_MESSAGE.channel_id == bindparam("channel_id"), among(_MESSAGE.parent_external_id, "names"))
    .distinct()
)
# What settles messages that are older than it (conversations/natively.py); in the words of ix_message_ours.
_NEWEST_NATIVES = (
    select(_MESSAGE.thread_id, func.max(_MESSAGE.clock_at))
    .where(
        among(_MESSAGE.thread_id, "threads"),
        text("direction = 'outbound'"),
        _MESSAGE.is_native,
        _MESSAGE.is_automatic.is_(False),
        _MESSAGE.is_held_back.is_(False),
        _MESSAGE.gone_at.is_(None),
    )
    .group_by(_MESSAGE.thread_id)
)
_FIRST_ANSWERS = (
    select(_ANSWER.conversation_id, func.min(_MESSAGE.clock_at))
    .join_from(Answer.__table__, Message.__table__, _MESSAGE.id == _ANSWER.reply_message_id)
    .where(among(_ANSWER.conversation_id, "ids"), _MESSAGE.gone_at.is_(None))
    .group_by(_ANSWER.conversation_id)
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
    last_inbound_at: datetime | None
    newest_answer_id: int | None
    last_inbound_seq: int
    last_seq: int
    last_outbound_message_id: int | None
    is_no_answer_needed: bool
    version: int
    channel_id: int
    is_private: bool
    assignee_id: int | None
    last_assignee_id: int | None
    team_id: int | None
    snoozed_until_at: datetime | None
    priority: str
    kind: str
    due_at: datetime | None


def load_standings(session: Session, places: Iterable[Place]) -> dict[Place, Standing]:
    """Lock the conversations that these people have in these threads, by rising id."""
    wanted = set(places)
    if not wanted:
        return {}
    threads, contacts = (sorted(set(ids)) for ids in zip(*wanted, strict=True))
    rows: Sequence[Any] = session.execute(_STANDINGS, {"threads": threads, "contacts": contacts}).all()
    found = {(row.thread_id, row.contact_id): Standing(*row) for row in rows}
    return {place: standing for place, standing in found.items() if place in wanted}


def find_busy_threads(
    session: Session,
    channel: Channel,
    fresh: Sequence[Fresh],
    seats: Mapping[str, Seat],
    joining: Iterable[int],
    standings: Mapping[Place, Standing],
    spans: Mapping[Place, Span],
) -> set[int]:
    """Return the threads in which a page's messages must take effect one by one.

    `joining`: threads that are about to be joined; `spans`: the first and last clock of each place in the page.
    """
    ours = [one.message for one in fresh if one.is_ours]
    # also where we answer from another thread, as a private continuation does
    named = {name for message in ours for name in (message.external_id, message.parent_id, message.continues_id)}
    busy = {seat.thread.id for name, seat in seats.items() if name in named} | set(joining)
    busy |= {place[0] for place, standing in standings.items() if _is_odd(standing, spans[place])}
    busy |= {seats[name].thread.id for name in _list_parents_of_earlier(session, channel, seats)}
    older = {seat.thread.id for seat in seats.values() if not seat.is_fresh} - busy
    if older:
        answered = {row[0]: row[1] for row in session.execute(_NEWEST_NATIVES, {"threads": sorted(older)})}
        busy |= {thread_id for (thread_id, _), (first, _) in spans.items() if _is_older(first, answered.get(thread_id))}
    return busy


def _is_older(at: datetime, answered_at: datetime | None) -> bool:
    return answered_at is not None and at < answered_at


def _is_odd(standing: Standing, span: Span) -> bool:
    """Tell whether what it shows must be looked up: it is not up to date, or something older came than it shows."""
    first, last = span
    if standing.status == Status.SPAM or standing.newest_answer_id != standing.last_outbound_message_id:
        return True
    if standing.last_outbound_message_id is not None:
        return first < standing.last_message_at
    return standing.waiting_since is None and last < standing.last_message_at


def load_first_answers(session: Session, standings: Mapping[Place, Standing]) -> dict[Place, datetime]:
    """Return since when we have answered in each conversation where we have."""
    answered = {standing.id: place for place, standing in standings.items() if standing.last_outbound_message_id}
    if not answered:
        return {}
    return {answered[row[0]]: row[1] for row in session.execute(_FIRST_ANSWERS, {"ids": sorted(answered)})}


def _list_parents_of_earlier(session: Session, channel: Channel, seats: Mapping[str, Seat]) -> Sequence[str]:
    """Return which messages of the page had been answered, on the platform, by something that came before them."""
    found = session.scalars(_ANSWERED, {"channel_id": channel.id, "names": sorted(seats)})
    return [name for name in found if name is not None]


def judge_plainly(
    channel: Channel,
    one: Fresh,
    page: Mapping[str, Fresh],
    known: Mapping[str, Known],
    contact_ids: Mapping[str, int],
    ourselves: Ourselves,
    answered_at: datetime | None,
) -> Verdict:
    """Judge a message from the page and from what was looked up for it.

    `answered_at`: our first answer in its conversation.
    """
    message = one.message
    attached = {picture.kind for picture in pictures_of(message)}
    return judge(
        Facts(
            text=message.text,
            is_sticker=message.is_sticker or "sticker" in attached,
            has_pictures=bool(attached - {"sticker"}),
            mentions_us=message.mentions_us,
            parent=_whose_parent(message, page, known, contact_ids, ourselves),
            is_after_our_answer=answered_at is not None and answered_at <= one.clock_at,
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
