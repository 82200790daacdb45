"""How the pages personality words posts, comments, conversations and messages (facebook.md §3 and §5)."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox import items
from sandbox.answers import carry
from sandbox.graph_fields import Field, inside_of
from sandbox.items import Item
from sandbox.pages_errors import bad
from sandbox.pictures import picture_url
from sandbox.settings import PAGES
from sandbox.world import World, iso_zone

Wording = Callable[[], Any]
DEFAULT_FIELDS = {
    "Comment": ("created_time", "from", "message", "id"),
    "Post": ("created_time", "message", "id"),
    # facebook.md §5: default message fields are only id, created_time
    "Message": ("id", "created_time"),
    "UnifiedThread": ("id", "link", "updated_time"),
    "Page": ("name", "id"),
    "Person": ("name", "id"),
}
EDGES = ("comments", "messages")
DETAILED_MESSAGES = 20
SITE = "https://pages.example"


def worded(node: str, fields: tuple[Field, ...], words: Mapping[str, Wording]) -> dict[str, Any]:
    """The wanted fields that have a value; an unknown one is error 100."""
    wanted = fields or tuple(Field(name) for name in DEFAULT_FIELDS[node])
    body: dict[str, Any] = {}
    for one in wanted:
        if one.name in EDGES and one.name not in words:
            continue
        if one.name not in words:
            raise bad(f"Tried accessing nonexisting field ({one.name}) on node type ({node})")
        value = words[one.name]()
        if value is not None:
            body[one.name] = _inside(value, one.inside)
    # the id is always there (recorded answers)
    if "id" in words:
        body["id"] = words["id"]()
    return body


def has(fields: tuple[Field, ...], node: str, name: str) -> bool:
    """Whether a field is asked for."""
    return any(one.name == name for one in fields) if fields else name in DEFAULT_FIELDS[node]


def comment_json(world: World, item: Item, fields: tuple[Field, ...]) -> dict[str, Any]:
    """A comment; notes that the answer carries its text when it does."""
    if has(fields, "Comment", "message"):
        carry(item.id, item.version_no)
    return worded("Comment", fields, _comment_words(world, item, inside_of(fields, "parent")))


def post_json(world: World, item: Item, fields: tuple[Field, ...]) -> dict[str, Any]:
    """A post of the page or of a visitor."""
    if has(fields, "Post", "message"):
        carry(item.id, item.version_no)
    return worded(
        "Post",
        fields,
        {
            "id": lambda: item.id,
            "message": lambda: item.text or None,
            "created_time": lambda: iso_zone(item.authored_at),
            "updated_time": lambda: iso_zone(_last_touched(world, item)),
            "permalink_url": lambda: f"{SITE}/{item.id.replace('_', '/posts/')}",
            "from": lambda: _face(world, item),
            "status_type": lambda: "added_photos" if item.pictures else "mobile_status_update",
            "full_picture": lambda: picture_url(world, item.pictures[0]) if item.pictures else None,
            "attachments": lambda: (
                {"data": [_attachment(world, one) for one in item.pictures]} if item.pictures else None
            ),
            "message_tags": lambda: _tags(world, item),
            "is_hidden": lambda: item.is_hidden,
            "is_published": lambda: True,
            "parent_id": lambda: None,
        },
    )


def message_json(world: World, item: Item, fields: tuple[Field, ...], is_detailed: bool = True) -> dict[str, Any]:
    """A private message; details only for the 20 newest of a conversation (facebook.md §5)."""
    plain: dict[str, Wording] = {"id": lambda: item.id, "created_time": lambda: iso_zone(item.authored_at)}
    if not is_detailed:
        return worded("Message", (), plain)
    if has(fields, "Message", "message"):
        carry(item.id, item.version_no)
    return worded(
        "Message",
        fields,
        {
            **plain,
            "message": lambda: item.text,
            "from": lambda: _mail_face(world, item.author_id),
            "to": lambda: {"data": [_mail_face(world, one) for one in item.recipients]},
            "attachments": lambda: _message_attachments(world, item),
            "tags": lambda: {"data": [{"name": "inbox"}]},
            "shares": lambda: None,
            "sticker": lambda: None,
            "reply_to": lambda: None,
        },
    )


def conversation_json(world: World, row: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """A conversation with its newest time (facebook.md §5)."""
    messages = messages_of(world, row["id"])
    newest = messages[0] if messages else None
    people = [row["person_id"], world.identity.page_id]
    return worded(
        "UnifiedThread",
        fields,
        {
            "id": lambda: row["id"],
            "link": lambda: f"/{world.identity.page_id}/inbox/{row['n']}/",
            "updated_time": lambda: iso_zone(updated_at(messages)),
            "message_count": lambda: len(messages),
            "unread_count": lambda: row["unread"],
            "can_reply": lambda: is_window_open(world, messages),
            "snippet": lambda: newest.text[:100] if newest else None,
            "participants": lambda: {"data": [_mail_face(world, one) for one in people]},
            "senders": lambda: {"data": [_mail_face(world, one) for one in people]},
            "folder": lambda: "inbox",
            "name": lambda: None,
            "is_owner": lambda: True,
            "scoped_thread_key": lambda: row["id"],
        },
    )


def messages_of(world: World, conversation_id: str) -> list[Item]:
    """Readable messages of a conversation, newest first."""
    found = items.select(
        world,
        "personality = ? AND thread_id = ? AND kind = 'direct' ORDER BY authored_at DESC, n DESC",
        PAGES,
        conversation_id,
    )
    return items.readable(world, found)


def conversations_by_time(world: World) -> list[dict[str, Any]]:
    """Conversations with a readable message, newest change first (facebook.md §5).

    A conversation changes at the moment at which a message of it becomes readable.
    """
    rows = world.store.rows(
        "SELECT c.id, c.n, c.person_id, c.unread, max(i.arrived_at + i.visible_at - i.published_at) AS updated "
        "FROM conversation c JOIN item i ON i.personality = 'pages' AND i.thread_id = c.id "
        "WHERE i.deleted_at IS NULL AND i.visible_at <= ? GROUP BY c.id ORDER BY updated DESC, c.n DESC",
        time.time(),
    )
    return [dict(row) for row in rows]


def updated_at(messages: list[Item]) -> float:
    """When a conversation last changed, from its readable messages."""
    return max((one.arrived_at + one.visible_at - one.published_at for one in messages), default=0.0)


def is_window_open(world: World, messages: list[Item], seconds: float | None = None) -> bool:
    """The 24-hour standard window from the person's last message (facebook.md §6)."""
    length = world.settings.pace.reply_window_seconds if seconds is None else seconds
    last = max((one.authored_at for one in messages if not one.is_ours), default=None)
    return last is not None and world.told_now(PAGES) - last <= length


def can_reply_privately(world: World, item: Item) -> bool:
    """Once, within 7 days of the comment, not to another Page (facebook.md §6 Private reply)."""
    age = world.told_now(PAGES) - item.authored_at
    return not item.is_ours and age <= world.settings.pace.long_window_seconds and not private_reply_of(world, item)


def private_reply_of(world: World, item: Item) -> str | None:
    """The message id of the private reply that was given to a comment, None when there was none."""
    row = world.store.row("SELECT message_id FROM private_reply WHERE item_id = ?", item.id)
    return None if row is None else str(row["message_id"])


def _comment_words(world: World, item: Item, of_parent: tuple[Field, ...]) -> dict[str, Wording]:
    is_ours = item.author_id == world.identity.page_id
    return {
        "id": lambda: item.id,
        "message": lambda: item.text,
        "created_time": lambda: iso_zone(item.authored_at),
        # facebook.md §3: `from` is absent for some people; parent only on replies
        "from": lambda: _face(world, item),
        "parent": lambda: _parent(world, item, of_parent),
        "object": lambda: {"id": item.post_id},
        "attachment": lambda: _attachment(world, item.pictures[0]) if item.pictures else None,
        "message_tags": lambda: _tags(world, item),
        "is_hidden": lambda: item.is_hidden,
        "is_private": lambda: False,
        "can_comment": lambda: True,
        "can_hide": lambda: not is_ours,
        "can_like": lambda: True,
        "can_remove": lambda: True,
        "can_reply_privately": lambda: can_reply_privately(world, item),
        "comment_count": lambda: _count(world, item),
        "like_count": lambda: int(item.is_liked),
        "user_likes": lambda: item.is_liked,
        "permalink_url": lambda: _comment_url(world, item),
        "private_reply_conversation": lambda: _private_conversation(world, item),
        "application": lambda: {"id": world.identity.app_id, "name": "Relevo"} if item.is_accepted else None,
        "admin_creator": lambda: None,
        "live_broadcast_timestamp": lambda: None,
    }


def _inside(value: Any, inside: tuple[Field, ...]) -> Any:
    if not inside or not isinstance(value, dict):
        return value
    if "data" in value:
        return {**value, "data": [_inside(one, inside) for one in value["data"]]}
    kept = {one.name for one in inside} | {"id"}
    return {name: part for name, part in value.items() if name in kept}


def _face(world: World, item: Item) -> dict[str, str] | None:
    author = None if item.is_faceless else world.person(PAGES, item.author_id)
    if author is None or (not author.is_ours and world.faults.on(PAGES, "faceless")):
        return None
    return {"name": author.name, "id": author.id}


def _mail_face(world: World, person_id: str) -> dict[str, str]:
    """facebook.md §5: {id, name, email} with email {id}@facebook.com."""
    person = world.person(PAGES, person_id)
    return {"name": person.name if person else "", "email": f"{person_id}@facebook.com", "id": person_id}


def _parent(world: World, item: Item, fields: tuple[Field, ...]) -> dict[str, Any] | None:
    """The top-level comment with the fields that were asked for in braces."""
    parent = items.find(world, PAGES, item.parent_id) if item.parent_id else None
    if parent is None:
        return None
    if parent.deleted_at is not None:
        return {"id": parent.id}
    return comment_json(world, parent, fields)


def _attachment(world: World, picture: str) -> dict[str, Any]:
    url = f"{SITE}/photo.php?fbid={picture}"
    image = {"height": 120, "src": picture_url(world, picture), "width": 160}
    return {"media": {"image": image}, "target": {"id": picture, "url": url}, "type": "photo", "url": url}


def _message_attachments(world: World, item: Item) -> dict[str, Any] | None:
    if not item.pictures:
        return None
    return {
        "data": [
            {
                "id": one,
                "mime_type": "image/png",
                "name": f"image-{one}",
                "size": 2000,
                "image_data": {
                    "width": 160,
                    "height": 120,
                    "max_width": 160,
                    "max_height": 120,
                    "url": picture_url(world, one),
                    "preview_url": picture_url(world, one),
                },
            }
            for one in item.pictures
        ]
    }


def _tags(world: World, item: Item) -> list[dict[str, Any]] | None:
    name = world.identity.page_name
    place = item.text.find(name)
    if not item.tags_us or place < 0:
        return None
    return [{"id": world.identity.page_id, "name": name, "type": "page", "offset": place, "length": len(name)}]


def _count(world: World, item: Item) -> int:
    row = world.store.row(
        "SELECT count(*) AS n FROM item WHERE personality = ? AND parent_id = ? AND deleted_at IS NULL "
        "AND visible_at <= ?",
        PAGES,
        item.id,
        time.time(),
    )
    return int(row["n"]) if row else 0


def _last_touched(world: World, item: Item) -> float:
    row = world.store.row(
        "SELECT max(arrived_at) AS latest FROM item WHERE personality = ? AND post_id = ? AND visible_at <= ?",
        PAGES,
        item.id,
        time.time(),
    )
    return max(item.authored_at, item.edited_at or 0.0, (row["latest"] if row else None) or 0.0)


def _comment_url(world: World, item: Item) -> str:
    """As recorded: …/posts/{post}/?comment_id={top}&reply_comment_id={reply}."""
    post = str(item.post_id).replace("_", "/posts/")
    top = item.thread_id.rsplit("_", 1)[-1]
    reply = f"&reply_comment_id={item.short_id}" if item.parent_id else ""
    return f"{SITE}/{post}/?comment_id={top}{reply}"


def _private_conversation(world: World, item: Item) -> dict[str, str] | None:
    if private_reply_of(world, item) is None:
        return None
    row = world.store.row("SELECT id FROM conversation WHERE person_id = ?", item.author_id)
    return {"id": row["id"]} if row else None
