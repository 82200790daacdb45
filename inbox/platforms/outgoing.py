"""What is sent to a platform, what stands against it, and what a look for it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inbox.platforms.items import Author


@dataclass(frozen=True)
class Outgoing:
    """A reply, frozen when queued; `preset` is what `prepare` fixed beforehand, byte-identical in each attempt."""

    text: str
    parent_id: str
    parent_ref: Mapping[str, Any]
    audience: str
    mode: str = "public"  # public, private
    thread_key: str | None = None
    recipient: Author | None = None
    lang: str | None = None
    preset: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """A reply as the platform has it. `parent_id` must be the one asked for, else it is misplaced (RULES D6).

    "": the platform says that it hangs nowhere; None: it does not say where.
    """

    external_id: str
    created_at: datetime | None = None
    permalink: str | None = None
    parent_id: str | None = None
    audience: str | None = None
    text: str | None = None
    version: str | None = None
    ref: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ok:
    """Nothing speaks against sending."""


@dataclass(frozen=True)
class ParentGone:
    """What is to be answered is not there."""


@dataclass(frozen=True)
class WindowClosed:
    """The platform does not take replies to this any more; `reason` is a code."""

    reason: str = "window_closed"


@dataclass(frozen=True)
class Forbidden:
    """The platform would refuse; `reason` is a code."""

    reason: str = "not_allowed"


Preflight = Ok | ParentGone | WindowClosed | Forbidden


@dataclass(frozen=True)
class Found:
    """Our reply is there."""

    sent: Sent


@dataclass(frozen=True)
class Absent:
    """Our reply is not there; `is_sure` only where it was looked up by our own id where it is stored.

    `candidates`: texts of ours that might be it, for a person to compare.
    """

    is_sure: bool
    candidates: Sequence[Sent] = ()


@dataclass(frozen=True)
class CannotLook:
    """This look told nothing; `is_final`: the platform gives no way to look, and no later look will tell more."""

    reason: str = ""
    is_final: bool = False


LookUp = Found | Absent | CannotLook


@dataclass(frozen=True)
class ModeLimits:
    """What one way of replying allows. `count`: graphemes, characters, utf16 or mastodon (URLs count 23,
    @name@host counts @name). `window_seconds`: from the person's last message; None: none."""

    max_length: int
    count: str = "graphemes"
    max_bytes: int | None = None
    url_length: int | None = None
    window_seconds: float | None = None
    is_available: bool = True
    reason: str | None = None


@dataclass(frozen=True)
class Limits:
    """What a channel can do; kept as JSON on the channel, shown before sending."""

    public: ModeLimits
    private: ModeLimits
    can_like: bool = False
    can_hide: bool = False
    can_delete_own: bool = False
    # the platform can tell of what is new by itself (contract.Pushing)
    can_push: bool = False
    # public messages may be answered once in private (Facebook)
    can_continue_privately: bool = False
    has_public_replies_only: bool = False
    # after this a reply that was accepted can be looked up; None: look-ups don't prove absence
    lookup_lag_seconds: float | None = None
    retention_seconds: float | None = None
    handle_prefix: str = ""  # put before every reply (Mastodon's @acct), for the count


@dataclass(frozen=True)
class Verified:
    """Whose account this is and what it may; `external_id` must be the channel's (RULES A4).

    `missing_permissions`: those that our work there needs and the account did not give; `api_version`: what we talk
    to, as the platform names it. `token_expires_at`: when a person must sign in anew, never when a refresh is due.
    """

    external_id: str
    scope: str
    handle: str
    display_name: str
    avatar_url: str | None
    service_url: str
    is_alive: bool
    limits: Limits
    permissions: Sequence[str] = ()
    token_expires_at: datetime | None = None
    dead_reason: str | None = None
    missing_permissions: Sequence[str] = ()
    api_version: str = ""
