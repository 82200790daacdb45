"""Finds or makes the threads of a page's messages, locked, and gives each message its seq (RULES A1, A5)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, Post
from inbox.conversations.models import Thread
from inbox.conversations.threads import lock_thread
from inbox.intake import bulk
from inbox.intake.placing import Placement, Spot, apart, key_of, place
from inbox.platforms.items import Message


@dataclass(frozen=True)
class Seat:
    """A message's thread, locked; `is_fresh`: made for this page. `seq` None: held back."""

    thread: Thread
    is_fresh: bool
    seq: int | None = None


def seat_all(
    session: Session,
    channel: Channel,
    messages: Sequence[Message],
    known: Mapping[str, Spot],
    posts: Mapping[str, Post],
    *,
    held_ids: Collection[str],
    received_at: datetime,
) -> dict[str, Seat]:
    """Return each message's seat; `messages` in the order in which they get their seqs.

    `held_ids` get none: a reply of ours that may still be claimed by its delivery takes no place.
    """
    placements = place(messages, known, posts)
    found = _lock_known(session, channel.id, placements.values())
    placements = {m: _beside_its_parent(p, found) for m, p in placements.items()}
    placements = _keep_apart(session, channel.id, placements, found)
    counts = Counter(
        placements[m.external_id].key
        for m in messages
        if placements[m.external_id].thread_id is None and m.external_id not in held_ids
    )
    made = _make(session, channel, messages, placements, found, counts, posts, received_at)
    return _give_seqs(session, messages, placements, found, made, held_ids)


def _lock_known(session: Session, channel_id: int, placements: Iterable[Placement]) -> dict[str | int, Thread]:
    """Lock the threads that exist, by rising id; returns them by key and by the id they were asked for."""
    keys, ids = set[str](), set[int]()
    for placement in placements:
        if placement.thread_id is not None:
            ids.add(placement.thread_id)
            continue
        keys.add(placement.key)
        if placement.wanted_parent is not None:
            keys.add(key_of(placement.wanted_parent, is_private=placement.is_private))
    return _lock(session, channel_id, keys, ids)


def _lock(session: Session, channel_id: int, keys: Collection[str], ids: Collection[int]) -> dict[str | int, Thread]:
    session.flush()
    which = or_(Thread.external_key.in_(sorted(keys)), Thread.id.in_(sorted(ids)))
    query = select(Thread).where(Thread.channel_id == channel_id, which).order_by(Thread.id).with_for_update(key_share=True, of=Thread)
    found: dict[str | int, Thread] = {}
    for thread in session.scalars(query.execution_options(populate_existing=True)):
        found[thread.external_key] = found[thread.id] = thread
    for name, thread in found.items():
        if thread.joined_into_id is not None:
            found[name] = lock_thread(session, thread.joined_into_id)
    return found


def _beside_its_parent(placement: Placement, found: Mapping[str | int, Thread]) -> Placement:
    """Put a message whose parent is missing into that parent's thread, where others named it as their root."""
    if placement.wanted_parent is None:
        return placement
    thread = found.get(key_of(placement.wanted_parent, is_private=placement.is_private))
    if thread is None or thread.is_private != placement.is_private:
        return placement
    return replace(placement, thread_id=thread.id, wanted_parent=None)


def _keep_apart(
    session: Session, channel_id: int, placements: Mapping[str, Placement], found: dict[str | int, Thread]
) -> dict[str, Placement]:
    """Give a private message that would fall into a public thread (or the reverse) a thread of its own."""

    def clashes(placement: Placement) -> bool:
        thread = found.get(placement.key) if placement.thread_id is None else None
        return thread is not None and thread.is_private != placement.is_private

    kept = {m: apart(p) if clashes(p) else p for m, p in placements.items()}
    if moved := [p for m, p in kept.items() if p is not placements[m]]:
        found |= _lock_known(session, channel_id, moved)
    return kept


def _make(
    session: Session,
    channel: Channel,
    messages: Sequence[Message],
    placements: Mapping[str, Placement],
    found: dict[str | int, Thread],
    counts: Mapping[str, int],
    posts: Mapping[str, Post],
    received_at: datetime,
) -> set[int]:
    """Make the threads that are missing, their seqs given out already; returns the ids of those made."""
    rows: dict[str, dict[str, Any]] = {}
    for message in messages:
        placement = placements[message.external_id]
        if placement.thread_id is not None or placement.key in found:
            continue
        post = posts.get(message.post_id) if message.post_id else None
        rows.setdefault(
            placement.key,
            {
                "channel_id": channel.id,
                "external_key": placement.key,
                "kind": message.kind,
                "is_private": placement.is_private,
                "post_id": post.id if post else None,
                "wanted_parent": placement.wanted_parent,
                "last_seq": counts.get(placement.key, 0),
                "created_at": received_at,
            },
        )
    columns = bulk.table_of(Thread).c
    made = {row.id for row in bulk.insert_missing(session, Thread, [rows[key] for key in sorted(rows)], columns.id)}
    if rows:
        found |= _lock(session, channel.id, rows, ())
    return made


def _give_seqs(
    session: Session,
    messages: Sequence[Message],
    placements: Mapping[str, Placement],
    found: Mapping[str | int, Thread],
    made: Collection[int],
    held_ids: Collection[str],
) -> dict[str, Seat]:
    seats, last = dict[str, Seat](), dict[int, int]()
    for message in messages:
        placement = placements[message.external_id]
        thread = found[placement.key if placement.thread_id is None else placement.thread_id]
        is_fresh = thread.id in made
        if message.external_id in held_ids:
            seats[message.external_id] = Seat(thread, is_fresh)
            continue
        last[thread.id] = seq = last.get(thread.id, 0 if is_fresh else thread.last_seq) + 1
        seats[message.external_id] = Seat(thread, is_fresh, seq)
    for seat in seats.values():
        if seat.seq is not None and seat.thread.last_seq < last[seat.thread.id]:
            seat.thread.last_seq = last[seat.thread.id]
    session.flush()
    return seats
