"""Parses the pages' posts, comments and private messages; pure (facebook.md §3, §5)."""

import json
from datetime import datetime
from typing import Any

from inbox.platforms.items import Author, Item, Mark, Message, Picture, PostSeen, Unreadable
from inbox.platforms.reading import parse_time, text_of, whole
from inbox.platforms.shallow import SLIPS


class Unfit(ValueError):
    """An item lacks what makes it a message."""


def short(external_id: str) -> str:
    """Return the part after the last underscore: both forms of an id occur (facebook.md §3)."""
    return external_id.rsplit("_", 1)[-1]


# Before the id of a comment whose author the platform does not tell.
_UNKNOWN = "unknown:"


def is_unknown(author: Author) -> bool:
    """Tell whether the platform did not say who it is: it may be anybody, us too."""
    return author.external_id.startswith(_UNKNOWN)


def parse_comment(row: Any, page_id: str, post_id: str, *, is_under_visitor: bool = False) -> Item:
    """Return a comment under a post; under a visitor's post everything belongs to that mention's thread."""
    try:
        return _comment(row, page_id, post_id, is_under_visitor=is_under_visitor)
    except SLIPS as error:
        return Unreadable(as_bytes(row), str(error))


def _comment(row: Any, page_id: str, post_id: str, *, is_under_visitor: bool) -> Message:
    number = _id(row)
    parent = row.get("parent")
    parent_id = short(_id(parent)) if isinstance(parent, dict) else None
    top = parent_id or short(number)
    attachment = row.get("attachment") if isinstance(row.get("attachment"), dict) else {}
    tags = [tag for tag in row.get("message_tags") or [] if isinstance(tag, dict)]
    parent_author = (parent.get("from") or {}).get("id") if isinstance(parent, dict) else None
    return Message(
        external_id=short(number),
        author=_author(row, page_id),
        kind="comment",
        audience="public",
        text=_words(row),
        marks=tuple(_tag_marks(tags)),
        parent_id=parent_id or (short(post_id) if is_under_visitor else post_id),
        parent_author_id=str(parent_author) if parent_author else None,
        root_id=short(post_id) if is_under_visitor else top,
        post_id=post_id,
        authored_at=_time(row),
        arrived_at=_time(row),
        mentions=[str(tag["id"]) for tag in tags if "id" in tag],
        mentions_us=any(str(tag.get("id")) == page_id for tag in tags),
        pictures=tuple(_attached(attachment)),
        permalink=text_of(row.get("permalink_url")) or None,
        is_sticker=attachment.get("type") == "sticker",
        is_hidden=row.get("is_hidden") is True,
        is_liked=row.get("user_likes") is True,
        ref={
            "id": number,
            "top": top,
            "post": post_id,
            "kind": "comment",
            "can_reply_privately": row.get("can_reply_privately") is True,
        },
        raw=row,
    )


def parse_visitor_post(row: Any, page_id: str) -> Item:
    """Return a post of a visitor, on the page or tagging it, as a mention."""
    try:
        number = _id(row)
        return Message(
            external_id=short(number),
            author=_author(row, page_id),
            kind="mention",
            audience="public",
            text=_words(row),
            root_id=short(number),
            authored_at=_time(row),
            arrived_at=_time(row),
            mentions_us=True,
            pictures=tuple(_full_picture(row)),
            permalink=text_of(row.get("permalink_url")) or None,
            ref={"id": number, "top": short(number), "post": number, "kind": "post"},
            raw=row,
        )
    except SLIPS as error:
        return Unreadable(as_bytes(row), str(error))


def parse_post(row: Any, page_id: str) -> Item:
    """Return a post of the page, or one that a visitor left there: both have comments."""
    try:
        number = _id(row)
        author = _author(row, page_id) if isinstance(row.get("from"), dict) else None
        return PostSeen(
            external_id=number,
            text=_words(row),
            author=author,
            permalink=text_of(row.get("permalink_url")) or None,
            authored_at=_time(row),
            pictures=tuple(_full_picture(row)),
        )
    except SLIPS as error:
        return Unreadable(as_bytes(row), str(error))


def parse_direct(row: Any, page_id: str, conversation: Any) -> Item:
    """Return a private message of a conversation; one without details can't be read."""
    try:
        number, thread = _id(row), _id(conversation)
        if "message" not in row or not isinstance(row.get("from"), dict):
            raise Unfit("the platform gives no details of this message any more")
        people = [str(one["id"]) for one in (conversation.get("participants") or {}).get("data") or []]
        return Message(
            external_id=number,
            author=_author(row, page_id),
            kind="direct",
            audience="private",
            text=_words(row),
            thread_key=thread,
            authored_at=_time(row),
            arrived_at=_time(row),
            pictures=tuple(_message_pictures(row)),
            members=[one for one in people if one != page_id],
            ref={"id": number, "thread": thread, "kind": "direct"},
            raw=row,
        )
    except SLIPS as error:
        return Unreadable(as_bytes({"message": row, "conversation": conversation}), str(error))


def _id(row: Any) -> str:
    number = row.get("id") if isinstance(row, dict) else None
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str) or not number:
        raise Unfit("an object without an id")
    return number


def _words(row: dict[str, Any]) -> str:
    """Return a message's text; a picture alone has none, anything but text is no message that we can show."""
    words = row.get("message")
    if words is not None and not isinstance(words, str):
        raise Unfit("a text that is none")
    return words or ""


def _time(row: dict[str, Any]) -> datetime | None:
    told = row.get("created_time")
    found = parse_time(told)
    if told is not None and found is None:
        raise Unfit("a time that is none")
    return found


def _author(row: dict[str, Any], page_id: str) -> Author:
    """Return who wrote it; `from` is absent for some people (facebook.md §3), who are then each their own."""
    face = row.get("from")
    if not isinstance(face, dict) or "id" not in face:
        return Author(external_id=f"{_UNKNOWN}{row['id']}", scope=page_id)
    return Author(external_id=str(face["id"]), scope=page_id, display_name=text_of(face.get("name")))


def _tag_marks(tags: list[dict[str, Any]]) -> list[Mark]:
    found = []
    for tag in tags:
        start, length = whole(tag.get("offset")), whole(tag.get("length"))
        if start is not None and length:
            found.append(Mark("mention", start, start + length, external_id=str(tag.get("id", ""))))
    return found


def _attached(attachment: dict[str, Any]) -> list[Picture]:
    image = (attachment.get("media") or {}).get("image") or {}
    if not attachment:
        return []
    kind = text_of(attachment.get("type"))
    known = "sticker" if kind == "sticker" else "video" if kind.startswith("video") else "image" if image else "file"
    url = text_of(image.get("src")) or None
    return [Picture(url, kind=known, width=whole(image.get("width")), height=whole(image.get("height")))]


def _full_picture(row: dict[str, Any]) -> list[Picture]:
    url = text_of(row.get("full_picture"))
    return [Picture(url)] if url else []


def _message_pictures(row: dict[str, Any]) -> list[Picture]:
    found = []
    for one in (row.get("attachments") or {}).get("data") or []:
        image = one.get("image_data") or {}
        mime = text_of(one.get("mime_type"))
        url = text_of(image.get("url")) or text_of(one.get("file_url")) or None
        kind = mime.split("/")[0] if mime.split("/")[0] in ("image", "video", "audio") else "file"
        found.append(
            Picture(
                url,
                preview_url=text_of(image.get("preview_url")) or None,
                kind=kind,
                width=whole(image.get("width")),
                height=whole(image.get("height")),
            )
        )
    return found


def as_bytes(value: Any) -> bytes:
    """Return a value as the JSON that quarantine keeps."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
