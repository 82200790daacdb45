"""From the network's JSON to messages and posts; whatever can't be read becomes Unreadable; pure."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from inbox.platforms.bluesky.embeds import POST, Attached, post_url, read_embed
from inbox.platforms.bluesky.facets import read_marks
from inbox.platforms.bluesky.values import Json, author_of, text, thing, things, time, whole
from inbox.platforms.items import Author, Item, Mark, Message, PostSeen, Unreadable
from inbox.platforms.shallow import SLIPS

NOTIFIED = frozenset({"reply", "mention", "quote"})
MOST_PEOPLE = 20


class Unusable(Exception):
    """A post that lacks what a message needs; its words go into quarantine with it."""


def readable(parse: Callable[[], Item | None], raw: Any) -> Item | None:
    """Return what `parse` makes of `raw`, or Unreadable with the reason."""
    try:
        return parse()
    except Unusable as error:
        return unreadable(raw, str(error))
    except SLIPS as error:
        return unreadable(raw, type(error).__name__)  # a slip of ours must not lose the page


def unreadable(raw: Any, reason: str) -> Unreadable:
    """Return an item for quarantine."""
    uri = text(raw, "uri") or text(thing(raw, "post"), "uri")
    try:
        kept = json.dumps(raw, ensure_ascii=True).encode()
    except (ValueError, TypeError, RecursionError):
        kept = repr(raw)[:65536].encode("utf-8", "replace")
    return Unreadable(kept, reason, uri or None)


def parse_notification(row: Any, us: str, views: Mapping[str, Any]) -> Item | None:
    """Parse a row of listNotifications; None for those that bring no message. `views`: posts read beside it."""

    def parse() -> Item | None:
        if text(row, "reason") not in NOTIFIED:
            return None
        uri = _post_uri(row)
        view = views.get(uri)
        if isinstance(view, dict) and text(view, "cid") == text(row, "cid"):
            return make_message(view, us, reason=text(row, "reason"), times=row)
        return make_message(row, us, reason=text(row, "reason"), times=row)

    return readable(parse, row)


def parse_post(view: Any, us: str) -> Item | None:
    """Parse a post's view: one of ours at the top of its thread is PostSeen, any other a Message."""

    def parse() -> Item | None:
        _post_uri(view)
        if author_of(text(view, "uri")) == us and not thing(thing(view, "record"), "reply"):
            return make_post(view, us)
        return make_message(view, us)

    return readable(parse, view)


def make_post(view: Json, us: str) -> PostSeen:
    """Return a post that conversations hang on."""
    uri, record = text(view, "uri"), thing(view, "record")
    attached = read_embed(thing(view, "embed"), thing(record, "embed"))
    return PostSeen(
        external_id=uri,
        text=_written(record)[0],
        author=make_author(thing(view, "author"), uri),
        is_ours=author_of(uri) == us,
        permalink=post_url(uri),
        authored_at=_authored_at(record, time(view, "indexedAt")),
        like_count=whole(view, "likeCount"),
        comment_count=whole(view, "replyCount"),
        pictures=attached.pictures,
        ref={"uri": uri, "cid": text(view, "cid")},
    )


def make_message(view: Json, us: str, *, reason: str = "", times: Json | None = None) -> Message:
    """Return a post as a message; raises Unusable. `times`: the row with the server's own time."""
    uri, cid, record = _post_uri(view), text(view, "cid"), thing(view, "record")
    if not cid:
        raise Unusable("cid_missing")
    attached = read_embed(thing(view, "embed"), thing(record, "embed"))
    written, marks = _written(record)
    written, marks = _with_addresses(written, marks, attached, us)
    root, parent = text(_link(record, "root"), "uri"), text(_link(record, "parent"), "uri")
    mentions = tuple(dict.fromkeys(mark.external_id for mark in marks if mark.external_id))
    author = make_author(thing(view, "author"), uri)
    indexed_at = time(view if times is None else times, "indexedAt")
    return Message(
        external_id=uri,
        author=author,
        kind=_kind(root, parent, us, reason),
        audience="public",
        text=written,
        parent_id=parent or None,
        parent_author_id=author_of(parent),
        root_id=root or None,
        post_id=_post_of(root, attached, us),
        authored_at=_authored_at(record, indexed_at),
        arrived_at=_arrived_at(record, indexed_at),
        version=cid,
        marks=marks,
        mentions=mentions,
        mentions_us=us in mentions,
        pictures=attached.pictures,
        permalink=post_url(uri),
        is_liked=bool(text(thing(view, "viewer"), "like")),
        ref=_ref(uri, cid, record, author, marks, written),
        raw=view,
    )


def make_author(author: Json, uri: str) -> Author:
    """Return who wrote something: the DID of the record's own address, with the names that go with it."""
    did = author_of(uri) or text(author, "did")
    if not did.startswith("did:"):
        raise Unusable("author_missing")
    is_named = text(author, "did") == did
    return Author(
        external_id=did,
        handle=text(author, "handle") if is_named else "",
        display_name=text(author, "displayName") if is_named else "",
        avatar_url=text(author, "avatar") or None,
        profile_url=f"https://bsky.app/profile/{did}",
    )


def _post_uri(view: Any) -> str:
    uri = text(view, "uri")
    if author_of(uri) is None or f"/{POST}/" not in uri:
        raise Unusable("uri_unusable")
    if not isinstance(view, dict) or not isinstance(view.get("record"), dict):
        raise Unusable("record_missing")
    if not isinstance(view["record"].get("text"), str):
        raise Unusable("text_missing")
    return uri


def _written(record: Json) -> tuple[str, tuple[Mark, ...]]:
    written = text(record, "text")
    return written, read_marks(written, things(record, "facets"))


def _with_addresses(written: str, marks: tuple[Mark, ...], attached: Attached, us: str) -> tuple[str, tuple[Mark, ...]]:
    """Put what a link card or a quote leads to below the text, unless the text has it or the post shows it."""
    urls = list(attached.urls)
    if attached.quoted and author_of(attached.quoted) != us:
        urls += [post_url(attached.quoted) or ""]
    known = {mark.url for mark in marks}
    for url in urls:
        if url and url not in known and url not in written:
            written = f"{written}\n{url}" if written else url
            marks += (Mark("link", len(written) - len(url), len(written), url=url),)
    return written, marks


def _kind(root: str, parent: str, us: str, reason: str) -> str:
    is_ours = us in (author_of(root), author_of(parent))
    return "comment" if parent and (is_ours or reason == "reply") else "mention"


def _post_of(root: str, attached: Attached, us: str) -> str | None:
    """Return the post of ours that a message hangs on: the root of its thread, or what it quotes."""
    if root:
        return root if author_of(root) == us else None
    return attached.quoted if attached.quoted and author_of(attached.quoted) == us else None


def _authored_at(record: Json, indexed_at: datetime | None) -> datetime | None:
    return time(record, "createdAt") or indexed_at


def _arrived_at(record: Json, indexed_at: datetime | None) -> datetime | None:
    """Return the server's own time, None where it only repeats the author's.

    The server shows the earlier of the two, so a back-dated post shows the author's word as its own
    (measured): what equals it proves nothing about when it came.
    """
    return None if indexed_at == time(record, "createdAt") else indexed_at


def _link(record: Json, name: str) -> Json:
    return thing(thing(record, "reply"), name)


def _ref(uri: str, cid: str, record: Json, author: Author, marks: tuple[Mark, ...], written: str) -> dict[str, Any]:
    """Return what answering, liking and looking again need: the post, its thread's root, and who can be named."""
    root = _link(record, "root")
    has_root = bool(text(root, "uri") and text(root, "cid"))
    people = {author.handle: author.external_id} if author.handle else {}
    for mark in marks[:MOST_PEOPLE]:
        handle = written[mark.start : mark.end].removeprefix("@")
        if mark.kind == "mention" and mark.external_id and handle:
            people.setdefault(handle, mark.external_id)
    return {
        "uri": uri,
        "cid": cid,
        "root": {"uri": text(root, "uri"), "cid": text(root, "cid")} if has_root else {"uri": uri, "cid": cid},
        "people": people,
    }
