"""What is attached to a post: pictures, videos, link cards, quoted posts (app.bsky.embed.*); pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.bluesky.values import Json, author_of, rkey_of, text, thing, things, whole
from inbox.platforms.items import Picture

POST = "app.bsky.feed.post"


@dataclass(frozen=True)
class Attached:
    """Pictures to show, addresses to show below the text, and the uri of a quoted post."""

    pictures: Sequence[Picture] = ()
    urls: Sequence[str] = ()
    quoted: str | None = None


_NOTHING = Attached()


def read_embed(view: Json, record: Json) -> Attached:
    """Read an embed: `view` with addresses where the server gave it, else the record's own, without pictures."""
    shown = view or record
    if not shown:
        return _NOTHING
    media = thing(shown, "media") or shown  # recordWithMedia carries both
    card = text(thing(media, "external"), "uri")
    quoted = _quoted(view, record)
    return Attached(
        pictures=(*_images(media), *_videos(media)) if view else (),
        urls=[card] if card.startswith(("https://", "http://")) else [],
        quoted=quoted,
    )


def has_media(record: Json) -> bool:
    """Tell whether a post's record has pictures or a video, whose addresses only a post's view gives."""
    embed = thing(record, "embed")
    media = thing(embed, "media") or embed
    return bool(things(media, "images") or things(media, "items") or thing(media, "video"))


def post_url(uri: str) -> str | None:
    """Return the web address of a post's at-uri."""
    did = author_of(uri)
    if did is None or f"/{POST}/" not in uri:
        return None
    return f"https://bsky.app/profile/{did}/post/{rkey_of(uri)}"


def _images(media: Json) -> list[Picture]:
    rows = [row for row in [*things(media, "images"), *things(media, "items")] if isinstance(row, dict)]
    return [
        Picture(
            url=text(row, "fullsize") or None,
            preview_url=text(row, "thumb") or text(row, "thumbnail") or None,
            alt=text(row, "alt"),
            width=whole(thing(row, "aspectRatio"), "width"),
            height=whole(thing(row, "aspectRatio"), "height"),
        )
        for row in rows
        if text(row, "fullsize") or text(row, "thumb") or text(row, "thumbnail")
    ]


def _videos(media: Json) -> list[Picture]:
    """A video's playlist is for players: its still and the post's address are shown."""
    if not text(media, "playlist"):
        return []
    size = thing(media, "aspectRatio")
    return [
        Picture(
            url=None,
            preview_url=text(media, "thumbnail") or None,
            alt=text(media, "alt"),
            kind="video",
            width=whole(size, "width"),
            height=whole(size, "height"),
        )
    ]


def _quoted(view: Json, record: Json) -> str | None:
    """Return the at-uri of a quoted post; record and recordWithMedia nest it differently."""
    for embed in (record, view):
        found: Any = thing(embed, "record")
        for inside in (found, thing(found, "record")):
            uri = text(inside, "uri")
            if f"/{POST}/" in uri:
                return uri
    return None
