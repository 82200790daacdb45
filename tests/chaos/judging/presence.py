"""Messages and quarantine against the ledger: nothing invented, nothing lost (DESIGN 1).

Whether an item could be read follows from the ledger alone: its list was answered, whole and delivered, often enough
between its becoming visible and its removal. Whether a wording could be read follows from the answers that carried it.
A process may be killed between an answer and its commit, and another may lose its lease there; the next reading
begins where that one began, so that what still stands at the end is read again, and twice is enough. What was removed
or reworded meanwhile has gone with the reading that was lost: of such, one more is asked for.
"""

import json
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from tests.chaos.judging.ledger import Item, Wording
from tests.chaos.judging.lists import CONVERSATIONS, NOTIFICATIONS, OWN, tree
from tests.chaos.judging.names import folded, is_our_post, is_private, person_ids, plain, short
from tests.chaos.judging.tables import Message, Quarantined
from tests.chaos.judging.world import World, says

ENOUGH = 2
ENOUGH_OF_WHAT_WENT = 3
# E1: lists are walked down to this much below the newest; what is back-dated further is found by the nightly walk.
OVERLAP_SECONDS = 5.0
# A private conversation tells the details of its newest messages only (facebook.md §5).
DETAILED_MESSAGES = 20


def find(world: World) -> Iterator[str]:
    """Yield what is invented and what is lost."""
    yield from _invented_messages(world)
    yield from _invented_posts(world)
    yield from _invented_quarantine(world)
    kept_back = _ids_in_quarantine(world)
    for item in world.ledger.items.values():
        if world.channel_of(item.personality) is not None:
            yield from _lost(world, item, kept_back)


def _invented_messages(world: World) -> Iterator[str]:
    for message in world.messages.values():
        if message.external_id is None:
            continue  # a reply that was not accepted yet
        item = world.item_of(message)
        if item is None:
            yield f"message {message.id} ({message.external_id}) was never published"
            continue
        yield from _wrong_author(world, message, item)
        texts = [one.text for one in item.wordings]
        for text in world.texts_of(message) if message.erased_at is None else []:
            if not says(texts, text, is_ours=item.is_ours):
                yield f"message {message.id} ({item}) holds words that nobody wrote: {text[:80]!r}"


def _wrong_author(world: World, message: Message, item: Item) -> Iterator[str]:
    if message.is_inbound == item.is_ours:
        whose = "a fan" if message.is_inbound else "us"
        yield f"message {message.id} ({item}) is taken for one of {whose}"
        return
    contact = world.contacts.get(message.contact_id or 0)
    if message.is_inbound and (contact is None or contact.external_id not in person_ids(item)):
        known = contact.external_id if contact else "nobody"
        yield f"message {message.id} ({item}) is taken for one of {known}, but {item.author_id} wrote it"


def _invented_posts(world: World) -> Iterator[str]:
    for post in world.tables.posts:
        if post.channel_id not in world.channels:
            continue
        item = world.named(world.personality_of(post.channel_id), post.external_id)
        if item is None:
            yield f"post {post.id} ({post.external_id}) was never published"
        elif post.text and folded(post.text) not in {folded(one.text) for one in item.wordings}:
            yield f"post {post.id} ({item}) holds words that nobody wrote: {post.text[:80]!r}"


def _invented_quarantine(world: World) -> Iterator[str]:
    people = {(one.personality, one.author_id) for one in world.ledger.items.values()}
    for row in world.tables.quarantine:
        payload = _payload(row) if row.channel_id in world.channels else None
        if not isinstance(payload, dict) or not isinstance(payload.get("id"), str):
            continue
        personality = world.personality_of(row.channel_id)
        face = payload.get("account")
        # a notification has a number of its own: it is known by whose it is
        known = world.named(personality, payload["id"]) or world.named(personality, short(payload["id"]))
        if known is None and not (isinstance(face, dict) and (personality, str(face.get("id"))) in people):
            yield f"quarantined {row.id} holds an item that was never published: {payload['id']}"


def _ids_in_quarantine(world: World) -> dict[tuple[str, str], set[str]]:
    """Return the texts that quarantine keeps, by the id of the item."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in world.tables.quarantine:
        if row.channel_id in world.channels:
            for inner in _objects(_payload(row)):
                texts = {str(inner[name]) for name in ("message", "content") if name in inner}
                found.setdefault((world.personality_of(row.channel_id), inner["id"]), set()).update(texts)
    return found


def _payload(row: Quarantined) -> Any:
    try:
        return json.loads(zlib.decompress(row.compressed))
    except ValueError:
        return None  # half a page, as it came


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner)


def _lost(world: World, item: Item, kept_back: dict[tuple[str, str], set[str]]) -> Iterator[str]:
    if item.key in kept_back:
        return
    if is_our_post(item):
        if could_be_read(world, item) and not world.is_known_post(item) and not world.row_of(item):
            yield f"{item}, a post of ours, was lost: it could be read and is not there"
        return
    row = world.row_of(item)
    if row is None:
        if could_be_read(world, item) or any(_was_carried(world, item, one) for one in item.wordings):
            yield f"{item} was lost: it could be read and is neither a message nor in quarantine"
        return
    if row.erased_at is None:
        yield from _lost_wordings(world, item, row)


def _lost_wordings(world: World, item: Item, row: Message) -> Iterator[str]:
    texts = world.texts_of(row)
    for wording in item.wordings:
        if _was_carried(world, item, wording) and not says(texts, wording.text, is_ours=item.is_ours):
            yield f"message {row.id} ({item}) lacks version {wording.number}, which could be read"
            return
    same = folded if item.is_ours else plain
    if item.removed_at is None and _was_carried(world, item, item.newest) and same(row.text) != same(item.newest.text):
        yield f"message {row.id} ({item}) shows an older version than {item.newest.number}, which could be read"


def _was_carried(world: World, item: Item, wording: Wording) -> bool:
    stands = item.removed_at is None and wording is item.newest
    count = world.ledger.readings[item.personality, item.id, wording.number]
    return count >= (ENOUGH if stands else ENOUGH_OF_WHAT_WENT)


def could_be_read(world: World, item: Item) -> bool:
    """Tell whether complete readings of an item's list had to bring it."""
    name = _list_of(world, item)
    channel = world.channel_of(item.personality)
    if name is None or channel is None or not _is_in_reach(world, item, channel.connected_at):
        return False
    polls = world.ledger.polls[item.personality, name]
    until = world.ledger.ended_at + 1 if item.removed_at is None else item.removed_at
    count = bisect_left(polls, until) - bisect_left(polls, item.visible_at)
    enough = ENOUGH if item.removed_at is None else ENOUGH_OF_WHAT_WENT
    return count >= enough and (name != OWN or _was_polled(world, channel.id, item.visible_at))


def _was_polled(world: World, channel_id: int, since: float) -> bool:
    """Tell whether our own statuses were polled since a time, by the stream's own word.

    Looks for replies read the same list in the same words, and store nothing of it: here the ledger alone can't tell.
    """
    polled = [one for one in world.tables.streams if (one.channel_id, one.name) == (channel_id, "own_posts")]
    return any((one.complete_started_at or 0.0) > since for one in polled)


def _list_of(world: World, item: Item) -> str | None:
    """Return the list that shows an item; None: none of those that are read."""
    if item.personality == "pages":
        return _list_on_pages(world, item)
    if item.is_ours:
        return OWN
    if item.mentions_us:
        return NOTIFICATIONS
    root = world.item(item.personality, item.thread_id)
    is_under_us = root is not None and is_our_post(root) and root.removed_at is None and not is_private(item)
    return tree(item.thread_id) if is_under_us else None


def _list_on_pages(world: World, item: Item) -> str | None:
    if item.kind == "comment":
        post = world.item(item.personality, item.post_id)
        return tree(post.id) if post is not None and post.removed_at is None else None
    if item.kind == "direct":
        newer = [
            one
            for one in world.ledger.items.values()
            if (one.personality, one.thread_id) == (item.personality, item.thread_id)
            and one.told_authored_at >= item.told_authored_at
        ]
        return CONVERSATIONS if len(newer) <= DETAILED_MESSAGES else None
    return {"post": "published_posts"}.get(item.kind, "tagged" if item.mentions_us else "visitor_posts")


def _is_in_reach(world: World, item: Item, connected_at: float) -> bool:
    """Tell whether walks go down to it: trees are read whole, and at first everything is."""
    if item.visible_at < connected_at or item.kind == "direct":
        return True
    if item.personality == "feed" and not item.is_ours and not item.mentions_us:
        return True
    told = item.told_authored_at if item.told_arrived_at is None else item.told_arrived_at
    back_dated = item.visible_at - (told - item.first.skew_seconds)
    return back_dated <= world.paced(OVERLAP_SECONDS)
