"""What a platform shows: messages, posts, pages of a stream, and second looks at what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Cursor = dict[str, Any]


@dataclass(frozen=True)
class Author:
    """Who wrote something; `external_id` is unique within (platform, `scope`)."""

    external_id: str
    scope: str = ""
    handle: str = ""
    display_name: str = ""
    avatar_url: str | None = None
    profile_url: str | None = None


@dataclass(frozen=True)
class Picture:
    """Something attached: kind is image, video, audio, file or sticker."""

    url: str | None
    preview_url: str | None = None
    alt: str = ""
    kind: str = "image"
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Mark:
    """A stretch of the text, `start` to `end` in characters: kind link (url), mention (external_id) or tag."""

    kind: str
    start: int
    end: int
    url: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class Message:
    """A message as the platform shows it now.

    `root_id` is the platform's root of the thread where it knows one, `thread_key` an exchange's id
    (private threads); both None: the parent's thread, else its own. `post_id` is the post it hangs on.
    `version` changes when the text does (cid, edited_at); None where the platform has no such thing.
    `kind`: comment, mention, direct, review. `audience`: public, unlisted, followers, direct, private.
    `ref`: what send, like, recheck need (JSON). `raw`: the payload, for the record and for replay.
    `mentions_us`: whether our account is mentioned; `parent_author_id`: whose message it answers, where known.
    """

    external_id: str
    author: Author
    kind: str
    audience: str
    text: str
    parent_id: str | None = None
    parent_author_id: str | None = None
    root_id: str | None = None
    thread_key: str | None = None
    post_id: str | None = None
    authored_at: datetime | None = None
    arrived_at: datetime | None = None
    version: str | None = None
    edited_at: datetime | None = None
    marks: Sequence[Mark] = ()
    mentions: Sequence[str] = ()
    mentions_us: bool = False
    pictures: Sequence[Picture] = ()
    permalink: str | None = None
    is_automatic: bool = False
    is_sticker: bool = False
    is_hidden: bool = False
    is_liked: bool = False
    ref: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict)
    # who else takes part in a private exchange (native answers settle them): external ids
    members: Sequence[str] = ()
    # a private continuation of a public message: that message's external id (Facebook private reply)
    continues_id: str | None = None


@dataclass(frozen=True)
class Edited:
    """An explicit event that a message now reads differently."""

    message: Message


@dataclass(frozen=True)
class GoneItem:
    """An explicit event that a message was deleted by its author or the platform."""

    external_id: str
    at: datetime | None = None
    is_by_author: bool = True


@dataclass(frozen=True)
class PostSeen:
    """A post of ours (or one that conversations hang on); with `is_ours` it gets a comments stream.

    `has_stream` False: its comments come with another stream.
    """

    external_id: str
    text: str = ""
    author: Author | None = None
    is_ours: bool = True
    permalink: str | None = None
    authored_at: datetime | None = None
    like_count: int | None = None
    comment_count: int | None = None
    pictures: Sequence[Picture] = ()
    ref: Mapping[str, Any] = field(default_factory=dict)
    has_stream: bool = True


@dataclass(frozen=True)
class Unreadable:
    """An item that could not be parsed: kept in quarantine whole, with the reason."""

    raw: bytes
    reason: str
    external_id: str | None = None


Item = Message | Edited | GoneItem | PostSeen | Unreadable


@dataclass(frozen=True)
class Skew:
    """How far a platform's clock is ahead of ours, in seconds, as far as one answer tells: between these."""

    least: float
    most: float

    def better_than(self, known: float) -> float:
        """Return what is known already where this answer allows it, else the least error that it allows.

        A slow answer leaves much open, and must not make what quick ones have told less exact.
        """
        return known if self.least <= known <= self.most else self.smallest

    @property
    def smallest(self) -> float:
        """The least error that this answer allows: what it leaves open makes no clock more wrong than it is."""
        return min(max(0.0, self.least), self.most)


@dataclass(frozen=True)
class Page:
    """One answer of a stream. `is_complete`: the walk has reached its end; else fetch again at once.

    `lacks`: the code of what could not be read of it; it stands on the stream, and the walk counts all the same.
    """

    items: Sequence[Item]
    cursor_after: Cursor
    is_complete: bool = True
    # how far the platform's clock is ahead of ours, from the Date header; None: not known
    skew: Skew | None = None
    lacks: str | None = None


@dataclass(frozen=True)
class Stream:
    """A list that can be read; `is_available` False: not with this credential or server, with the reason's code."""

    name: str
    is_available: bool = True
    reason: str | None = None


@dataclass(frozen=True)
class Present:
    """It is there and unchanged as far as `version` says."""

    version: str | None


@dataclass(frozen=True)
class NotVisible:
    """It can't be seen (blocked, suspended, private now); that says nothing about deletion."""

    reason: str = ""


@dataclass(frozen=True)
class IsGone:
    """The platform says that it is not there."""


@dataclass(frozen=True)
class Unknown:
    """This look told nothing (budget, failure, unsupported)."""


Look = Present | Edited | IsGone | NotVisible | Unknown


@dataclass(frozen=True)
class Context:
    """The post a message hangs on and what stands between, oldest first."""

    post: PostSeen | None
    ancestors: Sequence[Message] = ()
