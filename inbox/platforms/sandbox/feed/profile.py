"""Whose token it is and what the server allows (mastodon.md §1, §2, §6)."""

from inbox.platforms.contract import Malformed, PlatformError
from inbox.platforms.outgoing import Limits, ModeLimits, Verified
from inbox.platforms.sandbox.feed.calls import Calls
from inbox.platforms.sandbox.feed.parse import parse_author

DEFAULT_LENGTH = 500
URL_LENGTH = 23
# The sandbox shows an accepted reply after 30 s at most.
LOOKUP_LAG_SECONDS = 30.0


def read_profile(calls: Calls) -> Verified:
    """Return whose account it is; raises PlatformError."""
    answered = calls.get("/api/v1/accounts/verify_credentials")
    row = answered.json()
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise Malformed("an account was expected", answered.body)
    author = parse_author(row)
    return Verified(
        external_id=author.external_id,
        scope="",  # one sandbox a data folder: its ids stay the same, its port may not
        handle=author.handle,
        display_name=author.display_name,
        avatar_url=author.avatar_url,
        service_url=calls.service_url,
        is_alive=True,
        limits=_limits(calls),
        permissions=("read", "write"),
    )


def _limits(calls: Calls) -> Limits:
    length = ModeLimits(max_length=_max_length(calls), count="mastodon", url_length=URL_LENGTH)
    return Limits(
        public=length,
        private=length,
        can_like=True,
        can_delete_own=True,
        lookup_lag_seconds=LOOKUP_LAG_SECONDS,
        handle_prefix="@{handle} ",
    )


def _max_length(calls: Calls) -> int:
    """Ask the instance, the new way and then the old one; 500 where neither says."""
    for path in ("/api/v2/instance", "/api/v1/instance"):
        try:
            row = calls.get(path).json()
            return int(row["configuration"]["statuses"]["max_characters"])
        except (PlatformError, KeyError, TypeError, ValueError):
            continue
    return DEFAULT_LENGTH
