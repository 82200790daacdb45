"""Parses the feed's statuses and notifications; pure (mastodon.md §3, §5)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inbox.platforms.html_text import to_text
from inbox.platforms.items import Author, Item, Message, Picture, PostSeen, Unreadable
from inbox.platforms.reading import parse_time, text_of, whole
from inbox.platforms.shallow import SLIPS

AUDIENCES = {"public": "public", "unlisted": "unlisted", "private": "followers", "direct": "direct"}
_PICTURES = {"image": "image", "gifv": "video", "video": "video", "audio": "audio"}


class Unfit(ValueError):
    """An item lacks what makes it a message."""


def parse_status(status: Any, own_id: str, *, arrived_at: Any = None) -> Message:
    """Return a status as a message; raises Unfit naming what is missing."""
    if not isinstance(status, dict):
        raise Unfit("a status is not an object")
    number, account = status.get("id"), status.get("account")
    if not isinstance(number, str) or not isinstance(account, dict) or not isinstance(account.get("id"), str):
        raise Unfit("a status without id or account")
    audience = AUDIENCES.get(text_of(status.get("visibility")))
    if audience is None or not isinstance(status.get("content"), str):
        raise Unfit("a status without content or a known visibility")
    if status.get("created_at") is not None and parse_time(status["created_at"]) is None:
        raise Unfit("a time that is none")
    plain = to_text(status["content"])
    parent_id = status.get("in_reply_to_id")
    mentions = [one["id"] for one in status.get("mentions") or [] if isinstance(one, dict) and "id" in one]
    is_direct = audience == "direct"
    return Message(
        external_id=number,
        author=parse_author(account),
        kind="direct" if is_direct else "comment" if isinstance(parent_id, str) else "mention",
        audience=audience,
        text=plain.text,
        marks=plain.marks,
        parent_id=parent_id if isinstance(parent_id, str) else None,
        parent_author_id=_string(status.get("in_reply_to_account_id")),
        thread_key=_private_key(account["id"], mentions, own_id) if is_direct else None,
        authored_at=parse_time(status.get("created_at")),
        arrived_at=parse_time(arrived_at),
        version=text_of(status.get("edited_at")) or "1",
        edited_at=parse_time(status.get("edited_at")),
        mentions=mentions,
        mentions_us=own_id in mentions,
        pictures=tuple(_pictures(status.get("media_attachments"))),
        permalink=_string(status.get("url")) or _string(status.get("uri")),
        is_liked=status.get("favourited") is True,
        is_automatic=account.get("bot") is True and account["id"] == own_id,
        ref={"acct": text_of(account.get("acct")), "audience": audience, "thread_key_people": mentions},
        members=mentions if is_direct else (),
        raw=status,
    )


def _private_key(author_id: str, mentions: list[str], own_id: str) -> str:
    """Name an exchange by its people without us: a direct status has no id of its exchange (mastodon.md §4)."""
    return "direct:" + ",".join(sorted({author_id, *mentions} - {own_id}))


def parse_author(account: Mapping[str, Any]) -> Author:
    """Return an account as an author; the server's own id is its identity here."""
    return Author(
        external_id=str(account["id"]),
        handle=text_of(account.get("acct")),
        display_name=text_of(account.get("display_name")) or text_of(account.get("username")),
        avatar_url=_string(account.get("avatar_static")),
        profile_url=_string(account.get("url")),
    )


def parse_post(status: Mapping[str, Any], own_id: str) -> PostSeen:
    """Return a status of ours that answers nobody as a post."""
    message = parse_status(status, own_id)
    return PostSeen(
        external_id=message.external_id,
        text=message.text,
        author=message.author,
        is_ours=message.author.external_id == own_id,
        permalink=message.permalink,
        authored_at=message.authored_at,
        like_count=whole(status.get("favourites_count")),
        comment_count=whole(status.get("replies_count")),
        pictures=message.pictures,
    )


def parse_notification(row: Any, own_id: str) -> Item | None:
    """Return what a notification shows; None for kinds that are none of an inbox's business."""
    if not isinstance(row, dict):
        return Unreadable(_bytes(row), "a notification is not an object")
    if row.get("type") != "mention":
        return None
    if row.get("status") is None:
        return None  # its status was deleted (mastodon.md §10)
    try:
        return parse_status(row["status"], own_id, arrived_at=row.get("created_at"))
    except SLIPS as error:
        return Unreadable(_bytes(row), str(error), _string(row.get("id")))


def parse_own(status: Any, own_id: str) -> Item:
    """Return a status of ours: a reply is a message of ours, anything else a post."""
    try:
        message = parse_status(status, own_id)
        is_reply = message.parent_id is not None or message.kind == "direct"
        return message if is_reply else parse_post(status, own_id)
    except SLIPS as error:
        return Unreadable(_bytes(status), str(error))


def parse_comment(status: Any, own_id: str, post_id: str) -> Item:
    """Return a status of a post's tree as a comment under it."""
    try:
        message = parse_status(status, own_id)
    except SLIPS as error:
        return Unreadable(_bytes(status), str(error))
    return message if message.kind == "direct" else replace(message, post_id=post_id)


def _pictures(attachments: Any) -> list[Picture]:
    found = []
    for one in attachments if isinstance(attachments, list) else []:
        if isinstance(one, dict):
            size = (one.get("meta") or {}).get("original") or {}
            found.append(
                Picture(
                    url=_string(one.get("url")) or _string(one.get("remote_url")),
                    preview_url=_string(one.get("preview_url")),
                    alt=text_of(one.get("description")),
                    kind=_PICTURES.get(text_of(one.get("type")), "file"),
                    width=whole(size.get("width")),
                    height=whole(size.get("height")),
                )
            )
    return found


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
