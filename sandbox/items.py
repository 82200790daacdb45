"""Posts, statuses, comments and private messages of both personalities: how they are kept, changed and found."""

import base64
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.settings import FEED
from sandbox.world import Person, World


@dataclass(frozen=True)
class Item:
    """One thing that somebody wrote, in its newest version."""

    personality: str
    id: str
    n: int
    short_id: str
    kind: str
    author_id: str
    parent_id: str | None
    thread_id: str
    post_id: str | None
    text: str
    audience: str
    recipients: tuple[str, ...]
    pictures: tuple[str, ...]
    authored_at: float
    arrived_at: float
    published_at: float
    visible_at: float
    edited_at: float | None
    deleted_at: float | None
    version_no: int
    is_ours: bool
    is_accepted: bool
    is_hidden: bool
    is_liked: bool
    is_faceless: bool
    can_be_looked_up: bool
    tags_us: bool

    def is_readable(self, now: float | None = None) -> bool:
        """Whether answers may carry it: visible by now and not deleted."""
        return self.deleted_at is None and self.visible_at <= (time.time() if now is None else now)


@dataclass(frozen=True)
class NewItem:
    """What is to be published; times are the platform's own (told), None for now."""

    author: Person
    kind: str
    text: str
    parent: Item | None = None
    post: Item | None = None
    thread_id: str | None = None
    audience: str = "public"
    recipients: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    authored_at: float | None = None
    arrived_at: float | None = None
    visible_after_seconds: float = 0.0
    is_accepted: bool = False
    is_faceless: bool = False
    tags_us: bool = False
    idempotency_key: str | None = None
    wanted_parent_id: str | None = None


class CannotLook(Exception):
    """The fault no_lookup: an answer that should contain a reply accepted under it can't be had."""


def item_from(row: sqlite3.Row) -> Item:
    """An item from its row."""
    flags = ("is_ours", "is_accepted", "is_hidden", "is_liked", "is_faceless", "can_be_looked_up", "tags_us")
    lists = ("recipients", "pictures")
    values: dict[str, Any] = dict(row)
    values.update({name: bool(values[name]) for name in flags})
    values.update({name: tuple(json.loads(values[name])) for name in lists})
    return Item(**values)


def publish(world: World, new: NewItem) -> Item:
    """Writes an item down, tells the ledger, and gives it back with its id; call inside a transaction."""
    store, personality = world.store, new.author.personality
    number = store.next_number("item")
    now, skew = time.time(), world.skew_seconds(personality)
    short_id, full_id = _ids(world, new, number)
    item = Item(
        personality=personality,
        id=full_id,
        n=number,
        short_id=short_id,
        kind=new.kind,
        author_id=new.author.id,
        parent_id=new.parent.id if new.parent else None,
        thread_id=new.thread_id or full_id,
        post_id=new.post.id if new.post else None,
        text=new.text,
        audience=new.audience,
        recipients=new.recipients,
        pictures=new.pictures,
        authored_at=new.authored_at if new.authored_at is not None else now + skew,
        arrived_at=new.arrived_at if new.arrived_at is not None else now + skew,
        published_at=now,
        visible_at=now + _delay(world, new, number),
        edited_at=None,
        deleted_at=None,
        version_no=1,
        is_ours=new.author.is_ours,
        is_accepted=new.is_accepted,
        is_hidden=False,
        is_liked=False,
        is_faceless=new.is_faceless,
        can_be_looked_up=not (new.is_accepted and world.faults.on(personality, "no_lookup")),
        tags_us=new.tags_us,
    )
    row = {**vars(item), "recipients": json.dumps(item.recipients), "pictures": json.dumps(item.pictures)}
    store.insert("item", {name: int(value) if isinstance(value, bool) else value for name, value in row.items()})
    _keep_version(world, item, item.authored_at)
    if new.is_accepted:
        _tell_accepted(world, item, new)
    return item


def _tell_accepted(world: World, item: Item, new: NewItem) -> None:
    world.store.tell_ledger(
        "accepted",
        {
            "personality": item.personality,
            "item_id": item.id,
            "wanted_parent_id": new.wanted_parent_id,
            "parent_id": item.parent_id,
            "audience": item.audience,
            "recipients": json.dumps(item.recipients),
            "text": item.text,
            "idempotency_key": new.idempotency_key,
            "accepted_at": item.published_at,
            "visible_at": item.visible_at,
        },
    )


def change(world: World, item: Item, text: str, pictures: tuple[str, ...] | None = None) -> Item:
    """Gives an item a new version; call inside a transaction."""
    told = world.told_now(item.personality)
    world.store.run(
        "UPDATE item SET text = ?, pictures = ?, edited_at = ?, version_no = version_no + 1 "
        "WHERE personality = ? AND id = ?",
        text,
        json.dumps(item.pictures if pictures is None else pictures),
        told,
        item.personality,
        item.id,
    )
    changed = get(world, item.personality, item.id)
    _keep_version(world, changed, told)
    return changed


def remove(world: World, item: Item, by: str) -> None:
    """Deletes an item for good; what hung on it stays; call inside a transaction."""
    now = time.time()
    world.store.run(
        "UPDATE item SET deleted_at = ? WHERE personality = ? AND id = ? AND deleted_at IS NULL",
        now,
        item.personality,
        item.id,
    )
    world.store.tell_ledger(
        "removal",
        {
            "personality": item.personality,
            "item_id": item.id,
            "removed_at": now,
            "removed_by": by,
        },
    )


def touch(world: World, item: Item, what: str, is_through_api: bool) -> None:
    """Likes, unlikes, hides or shows an item again."""
    column, value = {
        "like": ("is_liked", 1),
        "unlike": ("is_liked", 0),
        "hide": ("is_hidden", 1),
        "unhide": ("is_hidden", 0),
    }[what]
    with world.store.transaction():
        sql = f"UPDATE item SET {column} = ? WHERE personality = ? AND id = ?"  # noqa: S608
        world.store.run(sql, value, item.personality, item.id)
        world.store.tell_ledger(
            "touch",
            {
                "personality": item.personality,
                "item_id": item.id,
                "what": what,
                "touched_at": time.time(),
                "is_through_api": int(is_through_api),
            },
        )


def find(world: World, personality: str, item_id: str) -> Item | None:
    """An item by its id, long or short (facebook.md §3: compare the part after the last `_`), deleted or not."""
    short = item_id if personality == FEED or item_id.startswith("m_") else item_id.rsplit("_", 1)[-1]
    row = world.store.row("SELECT * FROM item WHERE personality = ? AND short_id = ?", personality, short)
    return None if row is None else item_from(row)


def get(world: World, personality: str, item_id: str) -> Item:
    """An item that must exist."""
    found = find(world, personality, item_id)
    if found is None:
        raise LookupError(item_id)
    return found


def select(world: World, where: str, *values: Any) -> list[Item]:
    """Items by a condition written in this package, never by a client."""
    return [item_from(row) for row in world.store.rows(f"SELECT * FROM item WHERE {where}", *values)]  # noqa: S608


def readable(world: World, found: Iterable[Item]) -> list[Item]:
    """Those that an answer may carry now. Raises CannotLook where the fault no_lookup forbids the look."""
    now, kept = time.time(), []
    fault_on: dict[str, Any] = {}
    for item in found:
        if not item.is_readable(now):
            continue
        if not item.can_be_looked_up:
            if item.personality not in fault_on:
                fault_on[item.personality] = world.faults.on(item.personality, "no_lookup")
            fault = fault_on[item.personality]
            if fault is not None and fault.params.get("mode") == "absent":
                continue
            if fault is not None:
                raise CannotLook(item.id)
        kept.append(item)
    return kept


def versions(world: World, item: Item) -> list[sqlite3.Row]:
    """All versions of an item, oldest first."""
    return world.store.rows(
        "SELECT * FROM version WHERE personality = ? AND item_id = ? ORDER BY version_no", item.personality, item.id
    )


def _ids(world: World, new: NewItem, number: int) -> tuple[str, str]:
    if new.author.personality == FEED:
        status_id = str(117_020_000_000_000_000 + number * 104_729)
        return status_id, status_id
    if new.kind == "direct":
        # facebook.md §5: message ids look like m_ToF35NI1…, without order
        digest = hashlib.sha512(f"{world.identity.id_secret}:{number}".encode()).digest()
        message_id = "m_" + base64.urlsafe_b64encode(digest[:60]).decode()
        return message_id, message_id
    short = str(122_100_000_000_000 + number * 7919)
    if new.kind == "comment":
        assert new.post is not None
        return short, f"{new.post.short_id}_{short}"
    owner = new.author.id if new.tags_us else world.identity.page_id
    return short, f"{owner}_{short}"


def _delay(world: World, new: NewItem, number: int) -> float:
    personality = new.author.personality
    kind = "lookup_lag_seconds" if new.is_accepted else "late_rows"
    fault = world.faults.on(personality, kind)
    if fault is None:
        return new.visible_after_seconds
    share = 1.0 if fault.params.get("exact") else world.chance(kind, number)
    return new.visible_after_seconds + fault.number("seconds", 30.0) * share


def _keep_version(world: World, item: Item, told: float) -> None:
    world.store.insert(
        "version",
        {
            "personality": item.personality,
            "item_id": item.id,
            "version_no": item.version_no,
            "text": item.text,
            "pictures": json.dumps(item.pictures),
            "told_at": told,
        },
    )
    world.store.tell_ledger(
        "message_version",
        {
            "personality": item.personality,
            "item_id": item.id,
            "version_no": item.version_no,
            "kind": item.kind,
            "author_id": item.author_id,
            "is_ours": int(item.is_ours),
            "is_through_api": int(item.is_accepted),
            "parent_id": item.parent_id,
            "thread_id": item.thread_id,
            "post_id": item.post_id,
            "audience": item.audience,
            "mentions_us": int(item.tags_us),
            "text": item.text,
            "text_hash": hashlib.sha256(item.text.encode()).hexdigest(),
            "pictures": json.dumps(item.pictures),
            "recipients": json.dumps(item.recipients),
            "told_authored_at": item.authored_at,
            "told_arrived_at": item.arrived_at if item.personality == FEED and not item.is_ours else None,
            "skew_seconds": world.skew_seconds(item.personality),
            "published_at": time.time(),
            "visible_at": max(item.visible_at, time.time()),
        },
    )
