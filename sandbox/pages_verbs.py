"""What happens on the pages personality: posts, comments, private messages, and the pushes that tell of them."""

from dataclasses import dataclass
from typing import Any

from sandbox import items
from sandbox.items import Item, NewItem
from sandbox.pictures import picture_url
from sandbox.push import push_change, push_messaging
from sandbox.settings import PAGES
from sandbox.world import Person, World


@dataclass(frozen=True)
class Writing:
    """Who writes what, and how it comes to be seen."""

    author: Person
    text: str
    pictures: tuple[str, ...] = ()
    authored_at: float | None = None
    arrived_at: float | None = None
    visible_after_seconds: float = 0.0
    is_accepted: bool = False
    is_faceless: bool = False
    wanted_parent_id: str | None = None


def write_post(world: World, writing: Writing, tags_us: bool = False) -> Item:
    """Our post, a visitor's post on our page, or a visitor's post elsewhere that tags us."""
    kind = "post" if writing.author.id == world.identity.page_id else "visitor_post"
    with world.store.transaction():
        item = items.publish(world, _new(writing, kind=kind, tags_us=tags_us))
        if tags_us:
            push_change(world, "mention", _mention_value(item, writing.author), item)
        else:
            push_change(world, "feed", _post_value(item, writing.author, "add"), item)
    return item


def write_comment(world: World, on: Item, writing: Writing) -> Item:
    """A comment; two levels only: a reply to a reply hangs on the top-level comment (facebook.md §3)."""
    with world.store.transaction():
        post = on if on.kind != "comment" else items.get(world, PAGES, str(on.post_id))
        parent = None if on.kind != "comment" else items.get(world, PAGES, on.thread_id)
        item = items.publish(
            world,
            _new(
                writing,
                kind="comment",
                parent=parent,
                post=post,
                thread_id=parent.thread_id if parent else None,
                tags_us=world.identity.page_name in writing.text,
            ),
        )
        push_change(world, "feed", _comment_value(item, writing.author, "add"), item)
    return item


def write_direct(world: World, fan: Person, writing: Writing) -> Item:
    """A private message between a fan and the page, in the one conversation that they have."""
    page = world.us(PAGES)
    is_ours = writing.author.id == page.id
    with world.store.transaction():
        conversation_id = meet_conversation(world, fan)
        item = items.publish(
            world,
            _new(
                writing,
                kind="direct",
                thread_id=conversation_id,
                audience="direct",
                recipients=(fan.id if is_ours else page.id,),
            ),
        )
        unread = "unread = 0" if is_ours else "unread = unread + 1"
        world.store.run(f"UPDATE conversation SET {unread} WHERE id = ?", conversation_id)  # noqa: S608
        push_messaging(world, "message_echoes" if is_ours else "messages", _message_event(world, item), item)
    return item


def edit(world: World, item: Item, text: str, pictures: tuple[str, ...] | None = None) -> Item:
    """A new version; only the push tells that it was edited (facebook.md §3 Edited)."""
    with world.store.transaction():
        changed = items.change(world, item, text, pictures)
        author = world.person(PAGES, item.author_id)
        assert author is not None
        if item.kind == "direct":
            event = {
                **_parties(world, item),
                "timestamp": int(world.told_now(PAGES) * 1000),
                "message_edit": {"mid": item.id, "text": text, "num_edit": changed.version_no - 1},
            }
            push_messaging(world, "message_edits", event)
        elif item.kind == "comment":
            push_change(world, "feed", _comment_value(changed, author, "edited"))
        else:
            push_change(world, "feed", _post_value(changed, author, "edited"))
    return changed


def remove(world: World, item: Item, by: str) -> None:
    """Deletes; `remove` events carry no message (facebook.md §10)."""
    with world.store.transaction():
        items.remove(world, item, by)
        author = world.person(PAGES, item.author_id)
        assert author is not None
        if item.kind == "direct":
            event = {
                **_parties(world, item),
                "timestamp": int(world.told_now(PAGES) * 1000),
                "message": {"mid": item.id, "is_deleted": True},
            }
            push_messaging(world, "messages", event)
            return
        value = (
            _comment_value(item, author, "remove") if item.kind == "comment" else _post_value(item, author, "remove")
        )
        value.pop("message", None)
        value.pop("photo", None)
        push_change(world, "feed", value)


def hide(world: World, item: Item, is_hidden: bool, is_through_api: bool) -> None:
    """Hides or shows a comment; it is still returned to the Page (facebook.md §3 Hidden)."""
    with world.store.transaction():
        items.touch(world, item, "hide" if is_hidden else "unhide", is_through_api)
        author = world.person(PAGES, item.author_id)
        assert author is not None
        push_change(world, "feed", _comment_value(item, author, "hide" if is_hidden else "unhide"))


def meet_conversation(world: World, fan: Person) -> str:
    """The id of the conversation with a fan, made if new; looks like t_587956915396498 (facebook.md §5)."""
    row = world.store.row("SELECT id FROM conversation WHERE person_id = ?", fan.id)
    if row is not None:
        return str(row["id"])
    number = world.store.next_number("conversation")
    conversation_id = f"t_{587_000_000_000_000 + number * 7919}"
    world.store.insert(
        "conversation",
        {
            "id": conversation_id,
            "n": number,
            "person_id": fan.id,
            "unread": 0,
        },
    )
    return conversation_id


def _new(writing: Writing, **more: Any) -> NewItem:
    return NewItem(
        author=writing.author,
        text=writing.text,
        pictures=writing.pictures,
        authored_at=writing.authored_at,
        arrived_at=writing.arrived_at,
        visible_after_seconds=writing.visible_after_seconds,
        is_accepted=writing.is_accepted,
        is_faceless=writing.is_faceless,
        wanted_parent_id=writing.wanted_parent_id,
        **more,
    )


def _comment_value(item: Item, author: Person, verb: str) -> dict[str, Any]:
    """facebook.md §10 `feed` value; parent_id is the post for a top-level comment, else the parent comment."""
    value: dict[str, Any] = {
        "item": "comment",
        "verb": verb,
        "comment_id": item.id,
        "post_id": item.post_id,
        "parent_id": item.parent_id or item.post_id,
        "from": {"id": author.id, "name": author.name},
        "created_time": int(item.authored_at),
        "message": item.text,
    }
    if item.is_faceless:
        del value["from"]
    if item.edited_at is not None and verb == "edited":
        value["edited_time"] = int(item.edited_at)
    return value


def _post_value(item: Item, author: Person, verb: str) -> dict[str, Any]:
    return {
        "item": "status" if item.kind == "post" else "post",
        "verb": verb,
        "post_id": item.id,
        "from": {"id": author.id, "name": author.name},
        "created_time": int(item.authored_at),
        "message": item.text,
    }


def _mention_value(item: Item, author: Person) -> dict[str, Any]:
    """facebook.md §10 `mention` value; the author may be missing."""
    value: dict[str, Any] = {
        "item": "post",
        "verb": "add",
        "post_id": item.id,
        "message": item.text,
        "created_time": int(item.authored_at),
    }
    return value if item.is_faceless else {**value, "sender_id": author.id, "sender_name": author.name}


def _parties(world: World, item: Item) -> dict[str, Any]:
    other = item.recipients[0] if item.recipients else world.identity.page_id
    return {"sender": {"id": item.author_id}, "recipient": {"id": other}}


def _message_event(world: World, item: Item) -> dict[str, Any]:
    """facebook.md §10 `messaging[]`; is_echo when the Page sent it, also from its own app."""
    message: dict[str, Any] = {"mid": item.id, "text": item.text}
    if item.is_ours:
        message["is_echo"] = True
        message["app_id"] = int(world.identity.app_id) if item.is_accepted else 26_390_203_743_090
    if item.pictures:
        message["attachments"] = [
            {"type": "image", "payload": {"url": picture_url(world, one)}} for one in item.pictures
        ]
    return {**_parties(world, item), "timestamp": int(item.authored_at * 1000), "message": message}
