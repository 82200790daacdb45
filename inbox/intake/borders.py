"""What may come in from a platform: clean text, ids that can be kept, payloads without secrets (RULES E5)."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from inbox.platforms.items import Author, GoneItem, Mark, Message, Picture, PostSeen
from inbox.security import scrub

LONGEST_ID = 1000
LONGEST_NAME = 500
LONGEST_URL = 4000
LONGEST_TEXT = 1_000_000
MOST_MARKS = 1000
MOST_MENTIONS = 500
MOST_PICTURES = 40
KINDS = frozenset({"comment", "mention", "direct", "review"})
AUDIENCES = frozenset({"public", "unlisted", "followers", "direct", "private"})
PICTURE_KINDS = frozenset({"image", "video", "audio", "file", "sticker"})
_OTHER_IDS = ("parent_id", "parent_author_id", "root_id", "thread_key", "post_id", "continues_id", "version")
_TIMES = ("authored_at", "arrived_at", "edited_at")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_BIGGEST_COUNT = 2**31 - 1
_JSON = json.JSONEncoder(default=str, separators=(",", ":"))


class Unacceptable(Exception):
    """An item that can't be kept as it is; `code` is the reason shown in quarantine."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def clean_text(text: str) -> str:
    """Return `text` with NUL and lone surrogates, which no database keeps, replaced one for one."""
    if text.isascii():
        return text.replace("\0", _REPLACEMENT) if "\0" in text else text
    text = text.replace("\0", _REPLACEMENT)
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_REPLACEMENT if "\ud800" <= char <= "\udfff" else char for char in text)
    return text


def clean_json(value: Any) -> Any:
    """Return a JSON value with every string in it cleaned."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict | Mapping):  # dict first: asking an abstract class costs ten times as much
        return {clean_text(str(key)): clean_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(inner) for inner in value]
    return value


def check_id(external_id: str | None, what: str = "id") -> str:
    """Return a platform's id as it is; raises Unacceptable when it is empty, too long or not text."""
    if not external_id:
        raise Unacceptable(f"{what}_missing")
    if len(external_id) > LONGEST_ID:
        raise Unacceptable(f"{what}_too_long", f"{len(external_id)} characters")
    if clean_text(external_id) != external_id:
        raise Unacceptable(f"{what}_unusable")
    return external_id


def clean_time(at: datetime | None) -> datetime | None:
    """Return a platform's time in UTC, None when it can't be meant; raises Unacceptable without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise Unacceptable("time_without_zone")
    return at.astimezone(UTC) if 1970 < at.year < 9000 else None


def clean_url(url: str | None) -> str | None:
    """Return a web address, None for any other scheme and for what is too long."""
    if not url or len(url) > LONGEST_URL or not url[:8].lower().startswith(("http://", "https://")):
        return None
    return clean_text(url)


def clean_author(author: Author) -> Author:
    """Return an author whose names fit; raises Unacceptable for an id that can't be kept."""
    return Author(
        external_id=check_id(author.external_id, "author_id"),
        scope=check_id(author.scope, "author_scope") if author.scope else "",
        handle=clean_text(author.handle)[:LONGEST_NAME],
        display_name=clean_text(author.display_name)[:LONGEST_NAME],
        avatar_url=clean_url(author.avatar_url),
        profile_url=clean_url(author.profile_url),
    )


def clean_message(message: Message) -> Message:
    """Return a message as it may be kept; raises Unacceptable, and then it belongs in quarantine."""
    if message.kind not in KINDS or message.audience not in AUDIENCES:
        raise Unacceptable("item_malformed", f"{message.kind!r} {message.audience!r}"[:200])
    text = clean_text(message.text)
    if len(text) > LONGEST_TEXT:
        raise Unacceptable("text_too_long", f"{len(text)} characters")
    clean: dict[str, Any] = {
        "external_id": check_id(message.external_id),
        "author": clean_author(message.author),
        "text": text,
        **{name: _optional_id(getattr(message, name)) for name in _OTHER_IDS},
        **{name: clean_time(getattr(message, name)) for name in _TIMES},
        "marks": _clean_marks(message.marks, len(text)),
        "mentions": _clean_names(message.mentions),
        "members": _clean_names(message.members),
        "pictures": _clean_pictures(message.pictures),
        "permalink": clean_url(message.permalink),
        "ref": clean_json(message.ref),
    }
    # Nearly every message is clean as it comes, and looking is cheaper than making another.
    differing = {name: value for name, value in clean.items() if _differs(value, getattr(message, name))}
    return replace(message, **differing) if differing else message


def clean_post(post: PostSeen) -> PostSeen:
    """Return a post as it may be kept; raises Unacceptable for an id that can't be."""
    return replace(
        post,
        external_id=check_id(post.external_id, "post_id"),
        text=clean_text(post.text)[:LONGEST_TEXT],
        author=None if post.author is None else clean_author(post.author),
        permalink=clean_url(post.permalink),
        authored_at=clean_time(post.authored_at),
        like_count=_clean_count(post.like_count),
        comment_count=_clean_count(post.comment_count),
        pictures=_clean_pictures(post.pictures),
    )


def clean_gone(gone: GoneItem) -> GoneItem:
    """Return a deletion whose id can be looked up; raises Unacceptable."""
    return replace(gone, external_id=check_id(gone.external_id), at=clean_time(gone.at))


def _optional_id(external_id: str | None) -> str | None:
    return check_id(external_id, "other_id") if external_id else None


def _differs(clean: Any, given: Any) -> bool:
    """Tell two values apart; the same time in another zone is another."""
    return clean is not given and (clean != given or isinstance(clean, datetime))


def _clean_names(external_ids: Sequence[str]) -> Sequence[str]:
    fitting = tuple(one for one in external_ids[:MOST_MENTIONS] if 0 < len(one) <= LONGEST_ID)
    return external_ids if len(fitting) == len(external_ids) else fitting


def _clean_count(count: int | None) -> int | None:
    return None if count is None else max(0, min(count, _BIGGEST_COUNT))


def _clean_marks(marks: Sequence[Mark], length: int) -> tuple[Mark, ...]:
    kept = []
    for mark in marks[:MOST_MARKS]:
        url = clean_url(mark.url)
        if 0 <= mark.start < mark.end <= length and (url is not None or mark.kind != "link"):
            external_id = clean_text(mark.external_id)[:LONGEST_ID] if mark.external_id else None
            kept.append(Mark(clean_text(mark.kind)[:40], mark.start, mark.end, url, external_id))
    return tuple(kept)


def _clean_pictures(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            url=clean_url(picture.url),
            preview_url=clean_url(picture.preview_url),
            alt=clean_text(picture.alt)[:LONGEST_TEXT],
            kind=picture.kind if picture.kind in PICTURE_KINDS else "file",
            width=_clean_count(picture.width),
            height=_clean_count(picture.height),
        )
        for picture in pictures[:MOST_PICTURES]
    )


def raw_bytes(item: Message | PostSeen | GoneItem) -> bytes:
    """Return an item's payload as JSON: what the platform sent, or what its connector made of it."""
    payload = item.raw if isinstance(item, Message) and item.raw else asdict(item)
    return _JSON.encode(payload).encode()


def pack(raw: bytes) -> bytes:
    """Return a payload scrubbed of secrets and compressed, as it is kept."""
    clear = raw.decode("utf-8", "surrogateescape")
    return zlib.compress(scrub(clear).encode("utf-8", "surrogateescape"), 1)


def unpack(compressed: bytes) -> bytes:
    """Return what `pack` kept."""
    return zlib.decompress(compressed)
