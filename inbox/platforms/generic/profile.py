"""Whose account a bridge speaks for, and what it can do: its answer to `describe`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from inbox.platforms.contract import Malformed
from inbox.platforms.generic.calls import Calls
from inbox.platforms.generic.values import flag, link, name_of, names, text, whole
from inbox.platforms.outgoing import Limits, ModeLimits, Verified

DEFAULT_LENGTH = 2000
LONGEST = 100_000
# A bridge answers `find` truly at once; a call that was on its way when it broke off has ended by then.
LOOKUP_LAG_SECONDS = 30.0


def read_profile(calls: Calls, *, timeout_seconds: float = 10) -> Verified:
    """Return whose account it is; raises PlatformError."""
    found, answered = calls.ask("describe", timeout_seconds=timeout_seconds)
    row = found.get("account")
    external_id = name_of(row, "id")
    if external_id is None or not isinstance(row, Mapping):
        raise Malformed("describe must answer {account: {id, name, handle}}", answered.body)
    return Verified(
        external_id=external_id,
        # a bridge that names its network may move to another address without becoming another account
        scope=text(found, "network") or urlsplit(calls.service_url).netloc,
        handle=text(row, "handle") or text(row, "name") or external_id,
        display_name=text(row, "name") or text(row, "handle") or external_id,
        avatar_url=link(row, "avatar"),
        service_url=calls.service_url,
        is_alive=True,
        limits=_limits(found),
        permissions=tuple(names(found, "can")),
    )


def _limits(found: Mapping[str, Any]) -> Limits:
    said = whole(found, "max_length") or DEFAULT_LENGTH
    window = whole(found, "window_seconds")
    mode = ModeLimits(
        max_length=max(1, min(said, LONGEST)),
        count="characters",
        window_seconds=float(window) if window and window > 0 else None,
    )
    can = set(names(found, "can"))
    return Limits(
        public=mode,
        private=mode,
        can_like="like" in can,
        can_hide="hide" in can,
        can_delete_own="delete" in can,
        can_push="push" in can,
        has_public_replies_only=flag(found, "is_public_only"),
        lookup_lag_seconds=LOOKUP_LAG_SECONDS,
    )
