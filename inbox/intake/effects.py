"""Writes what plain arrivals bring about: their conversations' sums and the activity that open pages read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from inbox import bulk, clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.bulk import among, table_of
from inbox.channels.models import Channel
from inbox.conversations.arrive import CLOSED, NEEDLESS, opened
from inbox.conversations.awaits import Verdict
from inbox.conversations.changes import encode
from inbox.conversations.models import Conversation, ConversationLabel
from inbox.conversations.ordering import queue_at
from inbox.intake.plain import Place, Standing
from inbox.intake.seats import Seat
from inbox.intake.store import Fresh
from inbox.live.announce import look_after_commit
from inbox.members import access
from inbox.settings import Pace

_CONVERSATION = table_of(Conversation)
_KEPT = ("waiting_since", "queue_at", "last_message_at", "last_inbound_seq", "last_seq", "is_no_answer_needed")
_HELD = ("status", "snoozed_until_at", "assignee_id", "last_assignee_id", "team_id", "due_at")
_KEEP_SUMS = (
    update(_CONVERSATION)
    .where(_CONVERSATION.c.id == bindparam("row"))
    .values(
        {name: bindparam(name) for name in (*_KEPT, *_HELD, "version")}
        | {"last_inbound_message_id": bindparam("newest")}
    )
)
_LABEL = table_of(ConversationLabel)
# labels carry a copy of the queue's order, as conversations/changes.py says
_KEEP_LABELS_IN_STEP = (
    update(_LABEL)
    .where(among(_LABEL.c.conversation_id, "ids"))
    .values(
        {
            name: select(_CONVERSATION.c[name]).where(_CONVERSATION.c.id == _LABEL.c.conversation_id).scalar_subquery()
            for name in ("queue_at", "status")
        }
    )
)


@dataclass
class Sums:
    """What a conversation shows of its messages, as conversations/waiting.py would compute it."""

    waiting_since: datetime | None
    last_message_at: datetime
    last_inbound_seq: int
    last_seq: int
    is_no_answer_needed: bool
    newest: str | None = None  # external id; None: the newest is one that was there before
    newest_at: datetime | None = None
    awaited: str | None = None  # external id of the first that awaits

    def add(self, one: Fresh, seq: int, verdict: Verdict) -> None:
        """Take in a message; call it in the order of seqs."""
        at = one.clock_at
        if self.newest_at is None or at >= self.newest_at:
            self.newest, self.newest_at = one.message.external_id, at
        self.last_message_at = max(self.last_message_at, at)
        self.last_inbound_seq = self.last_seq = max(self.last_seq, seq)
        if verdict.awaits:
            self.awaited = self.awaited or one.message.external_id
            self.waiting_since = at if self.waiting_since is None else min(self.waiting_since, at)
        self.is_no_answer_needed |= verdict.reason in NEEDLESS and not verdict.awaits

    def values(self) -> dict[str, Any]:
        """Return the columns of the conversation, but for the newest message's id."""
        return {
            "waiting_since": self.waiting_since,
            "queue_at": queue_at(self.waiting_since, self.last_message_at),
            "last_message_at": self.last_message_at,
            "last_inbound_seq": self.last_inbound_seq,
            "last_seq": self.last_seq,
            "is_no_answer_needed": self.is_no_answer_needed and self.waiting_since is None,
        }


def sum_up(plain: Sequence[tuple[Fresh, Seat, int, Verdict]], standings: Mapping[Place, Standing]) -> dict[Place, Sums]:
    """Add a page's plain messages, each with its seat, contact and verdict, to what their conversations hold."""
    sums: dict[Place, Sums] = {}
    for one, seat, contact_id, verdict in plain:
        place = (seat.thread.id, contact_id)
        if place not in sums:
            sums[place] = _begin(standings.get(place), one)
        sums[place].add(one, seat.seq or 0, verdict)
    return sums


def _begin(standing: Standing | None, one: Fresh) -> Sums:
    if standing is None:
        return Sums(None, one.clock_at, 0, 0, is_no_answer_needed=False)
    return Sums(
        standing.waiting_since,
        standing.last_message_at,
        standing.last_inbound_seq,
        standing.last_seq,
        standing.is_no_answer_needed,
        newest_at=standing.last_inbound_at,
    )


def open_again(
    session: Session, sums: Mapping[Place, Sums], standings: Mapping[Place, Standing], pace: Pace
) -> dict[Place, dict[str, Any]]:
    """Return what is set on the done and snoozed conversations in which somebody waits now (A7)."""
    values: dict[tuple[int | None, int | None, bool], dict[str, Any]] = {}
    found = {}
    for place, standing in standings.items():
        if place in sums and sums[place].awaited and standing.status in CLOSED:
            holders = (standing.assignee_id, standing.team_id, standing.is_private)
            if holders not in values:
                values[holders] = _opened(session, standing, pace)
            found[place] = values[holders]
    return found


def _opened(session: Session, standing: Standing, pace: Pace) -> dict[str, Any]:
    """Return what opening sets; who keeps it is judged again once nobody can take their access before the commit."""
    values = opened(session, standing, pace=pace)
    if standing.assignee_id is None or "assignee_id" in values:
        return values
    access.rely_on(session, standing.assignee_id)
    return opened(session, standing, pace=pace)


def write_sums(
    session: Session,
    sums: Mapping[Place, Sums],
    standings: Mapping[Place, Standing],
    reopened: Mapping[Place, dict[str, Any]],
    due: Mapping[Place, datetime | None],
    message_ids: Mapping[str, int],
) -> None:
    """Bring conversations that were there in line with their messages; those that are new have their sums already."""
    rows = []
    for place, sum_ in sorted(sums.items()):
        if (standing := standings.get(place)) is not None:
            newest = message_ids[sum_.newest] if sum_.newest else standing.last_inbound_message_id
            held = {name: getattr(standing, name) for name in _HELD} | reopened.get(place, {})
            kept = sum_.values() | held | ({"due_at": due[place]} if place in due else {})
            rows.append(kept | {"version": standing.version + 1, "row": standing.id, "newest": newest})
    if rows:
        ids = [row["row"] for row in rows]
        session.execute(_KEEP_SUMS, rows)
        session.execute(_KEEP_LABELS_IN_STEP, {"ids": ids})
        _expire(session, ids)


def _expire(session: Session, conversation_ids: Sequence[int]) -> None:
    """Let the session read these conversations again: what it may hold of them is out of date."""
    for conversation_id in conversation_ids:
        conversation = session.identity_map.get(session.identity_key(Conversation, conversation_id))
        if conversation is not None:
            session.expire(conversation)


def tell(
    session: Session,
    channel: Channel,
    plain: Sequence[tuple[Fresh, Seat, int, Verdict]],
    sums: Mapping[Place, Sums],
    standings: Mapping[Place, Standing],
    reopened: Mapping[Place, dict[str, Any]],
    conversation_ids: Mapping[Place, int],
    message_ids: Mapping[str, int],
) -> None:
    """Record each message that came in, and what it opened; history that waits for nobody is not told."""
    rows = []
    for one, seat, contact_id, verdict in plain:
        place, name = (seat.thread.id, contact_id), one.message.external_id
        about = (channel.id, conversation_ids[place], message_ids[name])
        if place in reopened and sums[place].awaited == name:
            before = {field: encode(getattr(standings[place], field)) for field in reopened[place]}
            after = {field: encode(value) for field, value in reopened[place].items()}
            rows.append(_told(kinds.REOPENED, *about, before, after))
        if verdict.awaits or not one.is_history:
            after = {"awaits": verdict.awaits, "reason": verdict.reason.value}
            rows.append(_told(kinds.MESSAGE_RECEIVED, *about, None, after))
    bulk.insert_all(session, Activity, rows)
    if rows:
        look_after_commit(session)


def _told(
    kind: str,
    channel_id: int,
    conversation_id: int,
    message_id: int,
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> dict[str, Any]:
    return {
        "at": clock.now(),
        "kind": kind,
        "channel_id": channel_id,
        "conversation_id": conversation_id,
        "message_id": message_id,
        "before": before,
        "after": after,
    }
