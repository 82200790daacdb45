"""Writes what plain arrivals bring about: their conversations' sums and the activity that open pages read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.arrive import NEEDLESS
from inbox.conversations.awaits import Verdict
from inbox.conversations.models import Conversation, ConversationLabel
from inbox.conversations.ordering import queue_at
from inbox.intake import bulk
from inbox.intake.plain import Place, Standing
from inbox.intake.seats import Seat
from inbox.intake.store import Fresh


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

    def add(self, one: Fresh, seq: int, verdict: Verdict) -> None:
        """Take in a message; call it in the order of seqs."""
        at = one.clock_at
        if self.newest_at is None or at >= self.newest_at:
            self.newest, self.newest_at = one.message.external_id, at
        self.last_message_at = max(self.last_message_at, at)
        self.last_inbound_seq = self.last_seq = max(self.last_seq, seq)
        if verdict.awaits:
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
        newest_at=standing.last_message_at,
    )


def write_sums(
    session: Session,
    sums: Mapping[Place, Sums],
    standings: Mapping[Place, Standing],
    conversation_ids: Mapping[Place, int],
    message_ids: Mapping[str, int],
) -> None:
    """Bring conversations in line with their messages; those that are new have their sums already."""
    table = bulk.table_of(Conversation)
    fresh, known = [], []
    for place, sum_ in sorted(sums.items()):
        newest = message_ids[sum_.newest] if sum_.newest else None
        standing = standings.get(place)
        if standing is None:
            fresh.append({"row": conversation_ids[place], "newest": newest})
            continue
        values = sum_.values() | {"version": standing.version + 1, "row": standing.id}
        known.append(values | {"newest": newest or standing.last_inbound_message_id})
    its_row = table.c.id == bindparam("row")
    newest_id: dict[str, Any] = {"last_inbound_message_id": bindparam("newest")}
    if fresh:
        session.execute(update(table).where(its_row).values(newest_id), fresh)
    if known:
        names: dict[str, Any] = {name: bindparam(name) for name in known[0] if name not in ("row", "newest")}
        session.execute(update(table).where(its_row).values(names | newest_id), known)
        _keep_labels_in_step(session, [row["row"] for row in known])


def _keep_labels_in_step(session: Session, ids: Sequence[int]) -> None:
    """Labels carry a copy of the queue's order, as conversations/changes.py says."""
    order = select(Conversation.queue_at).where(Conversation.id == ConversationLabel.conversation_id)
    session.execute(
        update(ConversationLabel)
        .where(ConversationLabel.conversation_id.in_(ids))
        .values(queue_at=order.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def tell(
    session: Session,
    channel: Channel,
    plain: Sequence[tuple[Fresh, Seat, int, Verdict]],
    conversation_ids: Mapping[Place, int],
    message_ids: Mapping[str, int],
) -> None:
    """Record each message that came in; history that waits for nobody is not told."""
    now = clock.now()
    rows = [
        {
            "at": now,
            "kind": kinds.MESSAGE_RECEIVED,
            "channel_id": channel.id,
            "conversation_id": conversation_ids[seat.thread.id, contact_id],
            "message_id": message_ids[one.message.external_id],
            "after": {"awaits": verdict.awaits, "reason": verdict.reason.value},
        }
        for one, seat, contact_id, verdict in plain
        if verdict.awaits or not one.is_history
    ]
    bulk.insert_all(session, Activity, rows)
