"""What happens on the feed personality: statuses are written, edited, deleted; notifications follow."""

from dataclasses import dataclass

from sandbox import items
from sandbox.feed_text import mentioned_handles
from sandbox.items import Item, NewItem
from sandbox.settings import FEED
from sandbox.world import Person, World

AUDIENCES = ("public", "unlisted", "private", "direct")


@dataclass(frozen=True)
class Draft:
    """A status about to be written, by anybody."""

    author: Person
    text: str
    reply_to: Item | None = None
    audience: str = "public"
    pictures: tuple[str, ...] = ()
    authored_at: float | None = None
    arrived_at: float | None = None
    visible_after_seconds: float = 0.0
    is_accepted: bool = False
    idempotency_key: str | None = None
    wanted_parent_id: str | None = None


def write_status(world: World, draft: Draft) -> Item:
    """Publishes a status and, when it mentions us, its notification."""
    with world.store.transaction():
        recipients = recipients_of(world, draft.text)
        parent = draft.reply_to
        item = items.publish(
            world,
            NewItem(
                author=draft.author,
                kind="status",
                text=draft.text,
                parent=parent,
                thread_id=parent.thread_id if parent else None,
                audience=draft.audience,
                recipients=recipients,
                pictures=draft.pictures,
                authored_at=draft.authored_at,
                arrived_at=draft.arrived_at,
                visible_after_seconds=draft.visible_after_seconds,
                is_accepted=draft.is_accepted,
                tags_us=world.us(FEED).id in recipients,
                idempotency_key=draft.idempotency_key,
                wanted_parent_id=draft.wanted_parent_id,
            ),
        )
        if item.tags_us and not item.is_ours:
            notify(world, "mention", draft.author, item, _is_filtered(world, draft, item))
    return item


def edit_status(world: World, item: Item, text: str, pictures: tuple[str, ...] | None = None) -> Item:
    """A new version: edited_at is set and nobody is notified (mastodon.md §5 Edited)."""
    with world.store.transaction():
        return items.change(world, item, text, pictures)


def remove_status(world: World, item: Item, by: str) -> None:
    """Deletes a status; its notification disappears with it (mastodon.md §5 Deleted)."""
    with world.store.transaction():
        items.remove(world, item, by)
        world.store.run("DELETE FROM notification WHERE item_id = ?", item.id)


def notify(world: World, kind: str, by: Person, item: Item | None, is_filtered: bool = False) -> None:
    """Adds a notification; ids are a plain rising number as strings (mastodon.md §3 Pagination).

    The id is given now although the row may become readable later than a higher id (ids before commit, §3 and §10).
    """
    with world.store.transaction():
        told = item.arrived_at if item is not None else world.told_now(FEED)
        visible_at = item.visible_at if item is not None else 0.0
        world.store.insert(
            "notification",
            {
                "n": world.store.next_number("notification"),
                "type": kind,
                "item_id": item.id if item else None,
                "person_id": by.id,
                "told_at": told,
                "visible_at": visible_at,
                "is_filtered": int(is_filtered),
            },
        )


def recipients_of(world: World, text: str) -> tuple[str, ...]:
    """Ids of everybody mentioned in a text; handles nobody has stay plain text."""
    suffix = f"@{world.identity.domain}"
    handles = [handle.removesuffix(suffix) for handle in mentioned_handles(text)]
    found = [world.person_by_handle(FEED, handle) for handle in handles]
    return tuple(dict.fromkeys(person.id for person in found if person is not None))


def with_mentions(world: World, text: str, people: list[Person]) -> str:
    """The text with the handles in front that it does not name yet, as the web form does (mastodon.md §3)."""
    named = set(recipients_of(world, text))
    missing = [f"@{person.handle}" for person in people if person.id not in named]
    return " ".join([*missing, text]).strip()


def ancestors(world: World, item: Item) -> list[Item]:
    """From the root down to the parent, as far as it still exists."""
    chain: list[Item] = []
    while item.parent_id is not None:
        parent = items.find(world, FEED, item.parent_id)
        if parent is None:
            break
        chain.append(parent)
        item = parent
    return chain[::-1]


def descendants(world: World, item: Item) -> list[Item]:
    """Everything below a status, depth first, in the order of ids."""
    below: dict[str | None, list[Item]] = {}
    thread = items.select(world, "personality = ? AND thread_id = ? ORDER BY n", FEED, item.thread_id)
    for one in thread:
        below.setdefault(one.parent_id, []).append(one)
    found: list[Item] = []
    stack = below.get(item.id, [])[::-1]
    while stack:
        one = stack.pop()
        found.append(one)
        stack.extend(below.get(one.id, [])[::-1])
    return found


def is_for_us(world: World, item: Item) -> bool:
    """Whether our account may see a status: public, unlisted, our own, or it mentions us (mastodon.md §5: else 404)."""
    return item.audience in ("public", "unlisted") or item.is_ours or world.us(FEED).id in item.recipients


def _is_filtered(world: World, draft: Draft, item: Item) -> bool:
    """mastodon.md §3 Trap: for_private_mentions is "filter" by default; strangers' private mentions are set aside."""
    if item.audience != "direct":
        return False
    parent = draft.reply_to
    return not (parent is not None and parent.is_ours and draft.author.id in parent.recipients)
