"""Finds or makes the threads of a page's messages, locked, and gives each message its seq (RULES A1, A5)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, Post
from inbox.conversations.models import Thread
from inbox.conversations.threads import lock_thread
from inbox.intake import bulk
from inbox.intake.placing import Placement, Spot, apart, key_of, place
from inbox.platforms.items import Message


@dataclass(frozen=True, slots=True)
class Locked:
    """A thread as far as a page needs it, held until the transaction ends."""

    id: int
    kind: str
    is_private: bool
    last_seq: int


@dataclass(frozen=True)
class Seat:
    """A message's thread, locked; `is_fresh`: made for this page. `seq` None: held back."""

    thread: Locked
    is_fresh: bool
    seq: int | None = None


_Found = dict[str | int, Locked]  # by key, and by the id that was asked for


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


def _lock_known(session: Session, channel_id: int, placements: Iterable[Placement]) -> _Found:
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


def _lock(session: Session, channel_id: int, keys: Collection[str], ids: Collection[int]) -> _Found:
    session.flush()
    columns = (Thread.id, Thread.kind, Thread.is_private, Thread.last_seq, Thread.external_key, Thread.joined_into_id)
    query = (
        select(*columns)
        .where(
            Thread.channel_id == channel_id,
            or_(Thread.external_key.in_(sorted(keys)), Thread.id.in_(sorted(ids))),
        )
        .order_by(Thread.id)
        .with_for_update(key_share=True)
    )
    found: _Found = {}
    for row in session.execute(query).all():
        locked = Locked(row.id, row.kind, row.is_private, row.last_seq)
        if row.joined_into_id is not None:
            winner = lock_thread(session, row.joined_into_id)
            locked = Locked(winner.id, winner.kind, winner.is_private, winner.last_seq)
        found[row.external_key] = found[row.id] = locked
    return found


def _beside_its_parent(placement: Placement, found: Mapping[str | int, Locked]) -> Placement:
    """Put a message whose parent is missing into that parent's thread, where others named it as their root."""
    if placement.wanted_parent is None:
        return placement
    thread = found.get(key_of(placement.wanted_parent, is_private=placement.is_private))
    if thread is None or thread.is_private != placement.is_private:
        return placement
    return replace(placement, thread_id=thread.id, wanted_parent=None)


def _keep_apart(
    session: Session, channel_id: int, placements: Mapping[str, Placement], found: _Found
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
    found: _Found,
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
        post = posts.get(message.post_id or message.parent_id or "")
        row = rows.setdefault(
            placement.key,
            {
                "channel_id": channel.id,
                "external_key": placement.key,
                "kind": message.kind,
                "is_private": placement.is_private,
                "post_id": None,
                "wanted_parent": placement.wanted_parent,
                "last_seq": counts.get(placement.key, 0),
                "created_at": received_at,
            },
        )
        if post is not None and row["post_id"] is None:  # not the first of a thread need name its post
            row["post_id"] = post.id
    columns = bulk.table_of(Thread).c
    wanted = [rows[key] for key in sorted(rows)]
    made = {
        row.external_key: row.id
        for row in bulk.insert_missing(session, Thread, wanted, columns.external_key, columns.id)
    }
    found |= {key: Locked(made[key], rows[key]["kind"], rows[key]["is_private"], 0) for key in made}
    if others := rows.keys() - made.keys():  # somebody else made them meanwhile
        found |= _lock(session, channel.id, others, ())
    return set(made.values())


def _give_seqs(
    session: Session,
    messages: Sequence[Message],
    placements: Mapping[str, Placement],
    found: Mapping[str | int, Locked],
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
        last[thread.id] = seq = last.get(thread.id, thread.last_seq) + 1
        seats[message.external_id] = Seat(thread, is_fresh, seq)
    _keep_last_seqs(session, {thread_id: seq for thread_id, seq in last.items() if thread_id not in made})
    return seats


def _keep_last_seqs(session: Session, last: Mapping[int, int]) -> None:
    """Write how far known threads count now; those made for the page were made with it."""
    if not last:
        return
    table = bulk.table_of(Thread)
    statement = update(table).where(table.c.id == bindparam("row")).values(last_seq=bindparam("seq"))
    session.execute(statement, [{"row": thread_id, "seq": last[thread_id]} for thread_id in sorted(last)])
    for thread_id in last:  # what the session holds of them is out of date
        thread = session.identity_map.get(session.identity_key(Thread, thread_id))
        if thread is not None:
            session.expire(thread, ["last_seq"])
