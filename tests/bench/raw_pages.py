"""Bodies of platforms' lists as they come over HTTP: the sandbox's feed and pages, Bluesky's notifications.

The mix is that of a brand's ordinary day: most messages are new people's first words, some go on in a thread
that is known, some people are known, some answer each other within the page, one in six has a picture.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from inbox import clock
from inbox.platforms.bluesky.values import write_time

TEXTS = (
    "¿Cuándo abre la tienda de la plaza? Quería pasar esta tarde con mi madre.",
    "I ordered the blue mug (number 48213) ten days ago and nothing has come. Can somebody have a look, please?",
    "Qué bonito todo ❤️",
    "Do you ship to the islands & is the postage still free? https://shop.example/islands",
    "La última vez que compré se rompió a los dos días. No funciona, y nadie contesta al teléfono.",
    "gracias!",
    "Love the new colours, my sister wants one as well. Is there a bigger size?",
    "👏👏👏",
)
KINDS = ("new", "known_person", "known_thread", "own_thread", "in_page")
WEIGHTS = (60, 10, 12, 10, 8)


@dataclass(frozen=True)
class Person:
    """Who writes; `name` is the handle without its server."""

    external_id: str
    handle: str
    display_name: str


@dataclass(frozen=True)
class Said:
    """A message that was read before: its id, its thread's root and its author."""

    external_id: str
    root_id: str
    author: Person


@dataclass(frozen=True)
class Draft:
    """A message before its platform words it."""

    number: int
    author: Person
    text: str
    parent: Said | None
    has_picture: bool

    def written_at(self, read_at: datetime) -> datetime:
        """Return when it was written: a minute before it is read, and after what has the number before.

        Many pages are read in one minute. Times that began anew with each would let people answer before they ask.
        """
        return read_at - timedelta(seconds=60) + timedelta(milliseconds=self.number % 50_000)


Wording = Callable[[Draft], tuple[dict[str, Any], Said]]


@dataclass
class Mix:
    """Draws messages; `known` is what has been read before, `spoken` where we have answered."""

    dice: random.Random
    known: list[Said]
    make_person: Callable[[int], Person]
    spoken: Sequence[Said] = ()
    number: int = 0

    def page(self, count: int, word: Wording, spoken_count: int = 0) -> list[dict[str, Any]]:
        """Return the rows of a page, oldest first; `spoken_count` of them go on where we have answered."""
        rows: list[dict[str, Any]] = []
        fresh: list[Said] = []
        for at in range(count):
            is_spoken = at * spoken_count // count != (at + 1) * spoken_count // count
            kind = "spoken" if is_spoken else self.dice.choices(KINDS, WEIGHTS)[0]
            row, said = word(self._draft(kind, fresh))
            rows.append(row)
            fresh.append(said)
        self.known += fresh
        return rows

    def _draft(self, kind: str, fresh: Sequence[Said]) -> Draft:
        self.number += 1
        parent: Said | None = None
        author = self.make_person(self.number)
        match kind:
            case "known_person" if self.known:
                author = self.dice.choice(self.known).author
            case "known_thread" if self.known:
                parent = self.dice.choice(self.known)
            case "own_thread" if self.known:
                parent = self.dice.choice(self.known)
                author = parent.author
            case "in_page" if fresh:
                parent = self.dice.choice(fresh)
            case "spoken" if self.spoken:
                parent = self.dice.choice(self.spoken)
                author = parent.author
        return Draft(self.number, author, self.dice.choice(TEXTS), parent, self.dice.random() < 1 / 6)

    def draft(self, author: Person, parent: Said) -> Draft:
        """Return an answer in words alone."""
        self.number += 1
        return Draft(self.number, author, "Thank you for asking, we are looking into it.", parent, has_picture=False)


@dataclass
class Feed:
    """The notifications of the sandbox's feed (mastodon.md §3, §5)."""

    own_id: str
    run: str = "1"
    stream = "mentions"
    at: datetime = field(default_factory=clock.now)

    def may_word(self, said: Said) -> bool:
        """Tell whether this platform could have shown it."""
        return True

    def person(self, number: int) -> Person:
        """Return a person who was never seen."""
        return Person(f"19{self.run}{number:09d}", f"fan{self.run}x{number}@other.example", f"Fan {number}")

    def body(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the answer: newest first."""
        return json.dumps(rows[::-1]).encode()

    def besides(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Return what is asked for besides the page: nothing."""
        return []

    def word(self, draft: Draft) -> tuple[dict[str, Any], Said]:
        """Return a notification."""
        number = f"11{self.run}{draft.number:012d}"
        parent = draft.parent
        at = write_time(draft.written_at(self.at))
        account = self._account(draft.author)
        status = {
            "id": number,
            "created_at": at,
            "in_reply_to_id": parent.external_id if parent else None,
            "in_reply_to_account_id": parent.author.external_id if parent else None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": None,
            "uri": f"https://other.example/users/{draft.author.handle}/statuses/{number}",
            "url": f"https://other.example/@{draft.author.handle}/{number}",
            **dict.fromkeys(("replies_count", "reblogs_count", "favourites_count", "quotes_count"), 0),
            "edited_at": None,
            **dict.fromkeys(("favourited", "reblogged", "muted", "bookmarked", "pinned"), False),
            "content": f'<p><span class="h-card" translate="no"><a href="https://social.example/@brand" '
            f'class="u-url mention">@<span>brand</span></a></span> {draft.text}</p>',
            "filtered": [],
            "reblog": None,
            "application": None,
            "account": account,
            "media_attachments": [self._picture(number)] if draft.has_picture else [],
            "mentions": [
                {"id": self.own_id, "username": "brand", "url": "https://social.example/@brand", "acct": "brand"}
            ],
            "tags": [],
            "emojis": [],
            **dict.fromkeys(("quote", "card", "poll")),
        }
        row = {
            "id": str(draft.number),
            "type": "mention",
            "created_at": at,
            "group_key": f"ungrouped-{draft.number}",
            "account": account,
            "status": status,
        }
        return row, Said(number, number, draft.author)

    def _account(self, person: Person) -> dict[str, Any]:
        picture = f"https://other.example/avatars/{person.external_id}.png"
        return {
            "id": person.external_id,
            "username": person.handle.split("@")[0],
            "acct": person.handle,
            "display_name": person.display_name,
            **dict.fromkeys(("locked", "bot", "group"), False),
            "discoverable": True,
            "created_at": "2024-03-01T00:00:00.000Z",
            "note": "",
            "url": f"https://other.example/@{person.handle}",
            "uri": f"https://other.example/users/{person.handle}",
            **dict.fromkeys(("avatar", "avatar_static", "header", "header_static"), picture),
            **dict.fromkeys(("followers_count", "following_count", "statuses_count"), 0),
            "last_status_at": None,
            "emojis": [],
            "fields": [],
        }

    def _picture(self, number: str) -> dict[str, Any]:
        url = f"https://social.example/media/{number}.png"
        return {
            "id": number,
            "type": "image",
            "url": url,
            "preview_url": url,
            "remote_url": None,
            "meta": {"original": {"width": 160, "height": 120, "size": "160x120", "aspect": 1.3333333}},
            "description": "Two colours and a stripe",
            "blurhash": None,
        }


@dataclass
class Pages:
    """The comments of a post on the sandbox's pages (facebook.md §3, §5)."""

    own_id: str
    run: str = "1"
    at: datetime = field(default_factory=clock.now)

    @property
    def post_id(self) -> str:
        """The post that is commented on."""
        return f"{self.own_id}_900{self.run}"

    @property
    def stream(self) -> str:
        """The name of the stream that reads its comments."""
        return f"comments:{self.post_id}"

    def may_word(self, said: Said) -> bool:
        """Tell whether this platform could have shown it."""
        return True

    def person(self, number: int) -> Person:
        """Return a person who was never seen."""
        return Person(f"27{self.run}{number:09d}", "", f"Fan {number}")

    def body(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the answer, which no page follows: oldest first."""
        return json.dumps({"data": rows, "paging": {"cursors": {"before": "a", "after": "b"}}}).encode()

    def besides(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Return what is asked for besides the page: nothing."""
        return []

    def word(self, draft: Draft) -> tuple[dict[str, Any], Said]:
        """Return a comment."""
        short = f"33{self.run}{draft.number:012d}"
        parent = draft.parent
        url = f"https://pages.example/posts/{self.post_id}"
        row: dict[str, Any] = {
            "id": f"{self.post_id.rpartition('_')[2]}_{short}",
            "message": draft.text,
            "created_time": draft.written_at(self.at).strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "from": self._face(draft.author),
            **dict.fromkeys(("is_hidden", "is_private", "user_likes"), False),
            **dict.fromkeys(("can_comment", "can_hide", "can_like", "can_remove", "can_reply_privately"), True),
            **dict.fromkeys(("comment_count", "like_count"), 0),
            "permalink_url": f"{url}/?comment_id={parent.root_id if parent else short}&reply_comment_id={short}",
        }
        if parent:
            row["parent"] = {"from": self._face(parent.author), "id": f"{self.post_id}_{parent.root_id}"}
        if draft.has_picture:
            image = {"height": 120, "src": f"https://pages.example/media/{short}.png", "width": 160}
            photo = f"https://pages.example/photo.php?fbid={short}"
            row["attachment"] = {
                "media": {"image": image},
                "target": {"id": short, "url": photo},
                "type": "photo",
                "url": photo,
            }
        return row, Said(short, parent.root_id if parent else short, draft.author)

    def _face(self, person: Person) -> dict[str, str]:
        return {"name": person.display_name, "id": person.external_id}


@dataclass
class Bluesky:
    """The rows of app.bsky.notification.listNotifications; the posts' own views bring the pictures."""

    own_id: str
    run: str = "1"
    stream = "mentions"
    at: datetime = field(default_factory=clock.now)

    def may_word(self, said: Said) -> bool:
        """Tell whether this platform could have shown it: only at-uris name an author."""
        return said.external_id.startswith("at://did:")

    def person(self, number: int) -> Person:
        """Return a person who was never seen."""
        return Person(f"did:plc:run{self.run}fan{number:018d}", f"fan{number}.example", f"Fan {number}")

    def body(self, rows: Sequence[Mapping[str, Any]]) -> bytes:
        """Return the answer: newest first."""
        return json.dumps({"notifications": rows[::-1], "priority": False, "seenAt": write_time(self.at)}).encode()

    def besides(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes]:
        """Return what getPosts answers for the posts with pictures, 25 at once."""
        wanted = [self._view(row) for row in rows[::-1] if "embed" in row["record"]]
        return [json.dumps({"posts": wanted[start : start + 25]}).encode() for start in range(0, len(wanted), 25)]

    def _view(self, row: Mapping[str, Any]) -> dict[str, Any]:
        cdn = f"https://cdn.example/img/{row['cid']}"
        image = {
            "thumb": f"{cdn}/thumb",
            "fullsize": f"{cdn}/full",
            "alt": "Two colours",
            "aspectRatio": {"width": 160, "height": 120},
        }
        kept = ("uri", "cid", "author", "record", "indexedAt", "labels")
        counts = dict.fromkeys(("bookmarkCount", "replyCount", "repostCount", "likeCount", "quoteCount"), 0)
        embed = {"$type": "app.bsky.embed.images#view", "images": [image]}
        return {name: row[name] for name in kept} | counts | {"embed": embed, "viewer": {"threadMuted": False}}

    def word(self, draft: Draft) -> tuple[dict[str, Any], Said]:
        """Return a notification."""
        parent = draft.parent
        uri = f"at://{draft.author.external_id}/app.bsky.feed.post/3k{self.run}{draft.number:011d}"
        at = draft.written_at(self.at)
        handle = "@brand.example"
        mention = {"$type": "app.bsky.richtext.facet#mention", "did": self.own_id}
        record: dict[str, Any] = {
            "$type": "app.bsky.feed.post",
            "text": f"{handle} {draft.text}",
            "facets": [{"index": {"byteStart": 0, "byteEnd": len(handle)}, "features": [mention]}],
            "langs": ["es"],
            "createdAt": write_time(at),
        }
        root = parent.root_id if parent else uri
        if parent:
            record["reply"] = {"root": _reference(root), "parent": _reference(parent.external_id)}
        if draft.has_picture:
            blob = {"$type": "blob", "ref": {"$link": f"bafkrei{uri[-12:]}"}, "mimeType": "image/jpeg", "size": 40000}
            image = {"alt": "Two colours", "image": blob, "aspectRatio": {"width": 160, "height": 120}}
            record["embed"] = {"$type": "app.bsky.embed.images", "images": [image]}
        row = {
            "uri": uri,
            "cid": _cid(uri),
            "author": self._author(draft.author),
            "reason": "reply" if parent else "mention",
            "record": record,
            "isRead": False,
            "indexedAt": write_time(at + timedelta(milliseconds=700)),
            "labels": [],
        }
        return row, Said(uri, root, draft.author)

    def _author(self, person: Person) -> dict[str, Any]:
        return {
            "did": person.external_id,
            "handle": person.handle,
            "displayName": person.display_name,
            "avatar": f"https://cdn.example/avatar/{person.external_id}",
            "associated": {"activitySubscription": {"allowSubscriptions": "followers"}},
            "viewer": {"muted": False, "blockedBy": False},
            "labels": [],
            "createdAt": "2024-03-01T00:00:00.000Z",
            "description": "Tea, trains and old maps.",
            "indexedAt": "2026-01-01T00:00:00.000Z",
        }


def _reference(uri: str) -> dict[str, str]:
    return {"uri": uri, "cid": _cid(uri)}


def _cid(uri: str) -> str:
    return f"bafyreibench{uri[-40:].replace('/', '').replace(':', '').replace('.', '')}"
