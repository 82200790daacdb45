"""Items as a bridge words them; pure (docs/connect/generic.md)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from inbox.platforms.generic.values import flag, link, name_of, names, text, things, time
from inbox.platforms.items import Author, Edited, GoneItem, Item, Message, Picture, PostSeen, Unreadable
from inbox.platforms.shallow import SLIPS

KINDS = ("comment", "mention", "direct", "review")
AUDIENCES = ("public", "unlisted", "followers", "direct", "private")
ATTACHMENTS = ("image", "video", "audio", "file", "sticker")


class Unfit(ValueError):
    """An item lacks what makes it one; the words say what."""


def parse_item(row: Any, scope: str) -> Item:
    """Return an item of a network; what can't be read comes back whole, with the reason."""
    try:
        return _item(row, scope)
    except SLIPS as error:
        return Unreadable(as_bytes(row), str(error), name_of(row, "id"))


def _item(row: Any, scope: str) -> Item:
    if not isinstance(row, Mapping):
        raise Unfit("an item is not an object")
    kind = text(row, "type") or "message"
    if kind == "message":
        return parse_message(row, scope)
    if kind == "edited":
        return Edited(parse_message(row, scope))
    if kind == "deleted":
        return GoneItem(_needed(row, "id"), time(row, "at"), is_by_author=flag(row, "is_by_author", otherwise=True))
    if kind == "post":
        return _post(row, scope)
    raise Unfit(f"type {kind[:40]!r} is none of message, edited, deleted, post")


def parse_message(row: Mapping[str, Any], scope: str) -> Message:
    """Return a message; raises Unfit naming what is missing."""
    kind = text(row, "kind") or "comment"
    if kind not in KINDS:
        raise Unfit(f"kind is none of {', '.join(KINDS)}")
    audience = text(row, "audience") or ("private" if kind == "direct" else "public")
    if audience not in AUDIENCES:
        raise Unfit(f"audience is none of {', '.join(AUDIENCES)}")
    if not isinstance(row.get("text"), str):
        raise Unfit("text is missing")
    thread = name_of(row, "thread_id")
    return Message(
        external_id=_needed(row, "id"),
        author=parse_author(row.get("author"), scope),
        kind=kind,
        audience=audience,
        text=row["text"],
        parent_id=name_of(row, "parent_id"),
        root_id=None if kind == "direct" else thread,
        thread_key=thread if kind == "direct" else None,
        post_id=None if kind == "direct" else name_of(row, "post_id"),
        authored_at=_written_at(row),
        version=text(row, "version") or text(row, "edited_at") or "1",
        edited_at=time(row, "edited_at"),
        mentions=names(row, "mentions"),
        mentions_us=flag(row, "mentions_us", otherwise=kind != "comment"),
        pictures=tuple(_pictures(row)),
        permalink=link(row, "link"),
        is_automatic=flag(row, "is_automatic"),
        is_hidden=flag(row, "is_hidden"),
        is_liked=flag(row, "is_liked"),
        ref={"thread": thread} if thread else {},
        members=names(row, "members") if kind == "direct" else (),
        raw=dict(row),
    )


def _written_at(row: Mapping[str, Any]) -> Any:
    """Return when it was written; a time that is none is said, for a clock that starts wrong is a lie."""
    found = time(row, "written_at")
    if found is None and row.get("written_at") is not None:
        raise Unfit("written_at is no RFC 3339 time with a zone")
    return found


def parse_author(row: Any, scope: str) -> Author:
    """Return who wrote something, known by the id within the network; raises Unfit without an id."""
    if not isinstance(row, Mapping):
        raise Unfit("author is missing")
    return Author(
        external_id=_needed(row, "id", "author.id"),
        scope=scope,
        handle=text(row, "handle"),
        display_name=text(row, "name"),
        avatar_url=link(row, "avatar"),
        profile_url=link(row, "link"),
    )


def _post(row: Mapping[str, Any], scope: str) -> PostSeen:
    author = row.get("author")
    return PostSeen(
        external_id=_needed(row, "id"),
        text=text(row, "text"),
        author=parse_author(author, scope) if author else None,
        # its comments come as items by themselves: a post needs no stream of its own here
        is_ours=False,
        permalink=link(row, "link"),
        authored_at=_written_at(row),
        pictures=tuple(_pictures(row)),
    )


def _pictures(row: Mapping[str, Any]) -> list[Picture]:
    found = []
    for one in things(row, "attachments"):
        url = link(one, "url")
        if url:
            kind = text(one, "kind") or "image"
            found.append(Picture(url=url, alt=text(one, "alt"), kind=kind if kind in ATTACHMENTS else "file"))
    return found


def _needed(row: Any, name: str, called: str = "") -> str:
    found = name_of(row, name)
    if found is None:
        raise Unfit(f"{called or name} is missing")
    return found


def parse_all(rows: Sequence[Any], scope: str) -> list[Item]:
    """Return a list's items in its order."""
    return [parse_item(row, scope) for row in rows]


def as_bytes(row: Any) -> bytes:
    """Return an item as it is kept in quarantine."""
    return json.dumps(row, ensure_ascii=False).encode(errors="replace")
