"""Finds or makes the threads of a page's messages, locked, and gives each message its seq (RULES A1, A5)."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from inbox import bulk
from inbox.bulk import among, table_of
from inbox.channels.models import Channel, Post
from inbox.conversations.models import Thread
from inbox.conversations.threads import lock_thread
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

_TABLE = table_of(Thread)
_THREADS = (
    select(
        _TABLE.c.id,
        _TABLE.c.kind,
        _TABLE.c.is_private,
        _TABLE.c.last_seq,
        _TABLE.c.external_key,
        _TABLE.c.joined_into_id,
    )
    .where(
        _TABLE.c.channel_id == bindparam("channel_id"),
        or_(among(_TABLE.c.external_key, "keys"), among(_TABLE.c.id, "ids")),
    )
    .order_by(_TABLE.c.id)
    .with_for_update(key_share=True)
)
_KEEP_LAST_SEQ = update(_TABLE).where(_TABLE.c.id == bindparam("row")).values(last_seq=bindparam("seq"))


def seat_all(
    session: Session,
    channel: Channel,
    messages: Sequence[Message],
    known: Mapping[str, Spot],
    posts: Mapping[str, Post],
    *,
    held_ids: Collection[str],
    ids: Iterator[int],
    received_at: datetime,
) -> dict[str, Seat]:
    """Return each message's seat; `messages` in the order in which they get their seqs.

    `held_ids` get none: a reply of ours that may still be claimed by its delivery takes no place.
    `ids`: for the threads that are made.
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
    missing = _list_missing(channel, messages, placements, found, counts, posts, received_at)
    made = _make(session, channel, missing, found, ids)
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
    wanted = {"channel_id": channel_id, "keys": sorted(keys), "ids": sorted(ids)}
    found: _Found = {}
    for row in session.execute(_THREADS, wanted).all():
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


def _list_missing(
    channel: Channel,
    messages: Sequence[Message],
    placements: Mapping[str, Placement],
    found: _Found,
    counts: Mapping[str, int],
    posts: Mapping[str, Post],
    received_at: datetime,
) -> dict[str, dict[str, Any]]:
    """Return by key the rows of the threads that are missing, their seqs given out already."""
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
    return rows


def _make(
    session: Session, channel: Channel, missing: Mapping[str, dict[str, Any]], found: _Found, ids: Iterator[int]
) -> set[int]:
    """Make threads, in the order of their keys; returns the ids of those made."""
    rows = [{"id": next(ids), **missing[key]} for key in sorted(missing)]
    is_first = bulk.insert_missing(session, Thread, rows) == len(rows)
    made = {row["external_key"]: Locked(row["id"], row["kind"], row["is_private"], 0) for row in rows}
    if not is_first:  # somebody else made some of them meanwhile
        locked = _lock(session, channel.id, missing, ())
        made = {key: thread for key, thread in made.items() if locked[key].id == thread.id}
        found |= locked
    found |= made
    return {thread.id for thread in made.values()}


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
    session.execute(_KEEP_LAST_SEQ, [{"row": thread_id, "seq": last[thread_id]} for thread_id in sorted(last)])
    for thread_id in last:  # what the session holds of them is out of date
        thread = session.identity_map.get(session.identity_key(Thread, thread_id))
        if thread is not None:
            session.expire(thread, ["last_seq"])
