"""Parses statuses and notifications: lenient about what servers leave out or write in their own way; pure."""

import json
from dataclasses import replace
from typing import Any

from inbox.platforms.items import Item, Message, Picture, PostSeen, Unreadable
from inbox.platforms.mastodon.people import Us, author_of
from inbox.platforms.mastodon.values import address, ident, text, thing, things
from inbox.platforms.mastodon.wording import shortened, words_of
from inbox.platforms.reading import parse_time, whole
from inbox.platforms.shallow import SLIPS

# What only some servers know is as narrow as can be: an answer must not reach more people (RULES D7).
AUDIENCES = {"public": "public", "unlisted": "unlisted", "private": "followers", "local": "followers"}
NARROWEST = "direct"
NOTIFIED = frozenset({"mention", "quote"})
_PICTURES = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}


class Unfit(ValueError):
    """An item lacks what makes it a message."""


def parse_status(status: Any, us: Us, *, arrived_at: Any = None) -> Message:
    """Return a status as a message; raises Unfit naming what is missing."""
    account = thing(status, "account")
    if not ident(status) or not ident(account):
        raise Unfit("a status without id or account")
    if not text(status, "visibility"):
        raise Unfit("a status without visibility")
    audience = AUDIENCES.get(text(status, "visibility"), NARROWEST)
    is_direct = audience == "direct"
    is_ours = us.is_us(account)
    author = author_of(account, us.scope)
    if is_ours:
        author = replace(author, external_id=us.external_id)
    parent_id = ident(status, "in_reply_to_id") or None
    mentions = us.mentioned(status)
    words = shortened(words_of(status)) if is_ours else words_of(status)
    return Message(
        external_id=ident(status),
        author=author,
        kind="direct" if is_direct else "comment" if parent_id else "mention",
        audience=audience,
        text=words.text,
        marks=words.marks,
        parent_id=parent_id,
        parent_author_id=ident(status, "in_reply_to_account_id") or None,
        thread_key=_exchange(status, us, parent_id) if is_direct else None,
        authored_at=parse_time(status.get("created_at")),
        arrived_at=parse_time(arrived_at),
        version=text(status, "edited_at") or "1",
        edited_at=parse_time(status.get("edited_at")),
        mentions=mentions,
        mentions_us=us.mentions_us(status),
        pictures=tuple(_picture(one) for one in things(status, "media_attachments")),
        permalink=address(status, "url") or address(status, "uri"),
        is_liked=status.get("favourited") is True,
        is_automatic=account.get("bot") is True and is_ours,
        ref={"acct": author.handle, "audience": audience},
        members=[one for one in mentions if one != us.external_id] if is_direct else (),
        raw=status,
    )


def _exchange(status: Any, us: Us, parent_id: str | None) -> str | None:
    """Name a private exchange by its people without us: a direct status has no id of its exchange (mastodon.md §4).

    An answer of ours may name nobody where it was not written here; then it belongs to what it answers.
    """
    others = us.others(status)
    if not others and parent_id:
        return None
    return "direct:" + ",".join(others)


def parse_post(status: Any, us: Us) -> PostSeen:
    """Return a status at the top of a tree as a post."""
    message = parse_status(status, us)
    return PostSeen(
        external_id=message.external_id,
        text=message.text,
        author=message.author,
        is_ours=message.author.external_id == us.external_id,
        permalink=message.permalink,
        authored_at=message.authored_at,
        like_count=whole(status.get("favourites_count")),
        comment_count=whole(status.get("replies_count")),
        pictures=message.pictures,
    )


def parse_notification(row: Any, us: Us) -> Item | None:
    """Return what a notification shows; None for kinds that are none of an inbox's business, known or not.

    The server may have ignored which kinds were asked for; of a deleted status nothing may be left (mastodon.md §10).
    """
    if not isinstance(row, dict):
        return Unreadable(_bytes(row), "a notification is not an object")
    if row.get("type") not in NOTIFIED or row.get("status") is None:
        return None
    try:
        message = parse_status(row["status"], us, arrived_at=row.get("created_at"))
    except SLIPS as error:
        return Unreadable(_bytes(row), str(error), ident(row) or None)
    return replace(message, mentions_us=True)


def parse_own(status: Any, us: Us) -> Item | None:
    """Return a status of ours: a reply is a message of ours, anything else a post; None for what we only passed on."""
    if isinstance(status, dict) and status.get("reblog") is not None:
        return None
    try:
        message = parse_status(status, us)
        if message.author.external_id != us.external_id:
            return None
        is_reply = message.parent_id is not None or message.kind == "direct"
        return message if is_reply else parse_post(status, us)
    except SLIPS as error:
        return Unreadable(_bytes(status), str(error))


def parse_comment(status: Any, us: Us, post_id: str) -> Item:
    """Return a status of a post's tree as a comment under it."""
    try:
        message = parse_status(status, us)
    except SLIPS as error:
        return Unreadable(_bytes(status), str(error))
    return message if message.kind == "direct" else replace(message, post_id=post_id)


def try_status(row: Any, us: Us) -> Message | None:
    """Return a status as a message, None where it can't be read."""
    try:
        return parse_status(row, us)
    except SLIPS:
        return None


def _picture(one: dict[str, Any]) -> Picture:
    size = thing(thing(one, "meta"), "original")
    return Picture(
        url=address(one, "url") or address(one, "remote_url"),
        preview_url=address(one, "preview_url"),
        alt=text(one, "description"),
        kind=_PICTURES.get(text(one, "type"), "file"),
        width=whole(size.get("width")),
        height=whole(size.get("height")),
    )


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
