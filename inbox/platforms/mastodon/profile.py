"""Whose token it is, what it may, and what its server allows (mastodon.md §1, §2, §6)."""

import re
from dataclasses import dataclass
from typing import Any

from inbox.platforms.contract import Malformed, PlatformError, RateLimited, TokenExpired, Unavailable
from inbox.platforms.mastodon import errors
from inbox.platforms.mastodon.calls import ME, Calls
from inbox.platforms.mastodon.people import author_of, scope_of
from inbox.platforms.mastodon.values import ident, load_or_none, text, thing
from inbox.platforms.outgoing import Limits, ModeLimits, Verified
from inbox.platforms.reading import text_of, whole

DEFAULT_LENGTH = 500
URL_LENGTH = 23
SCOPES = ("read:accounts", "read:notifications", "read:statuses", "write:statuses", "write:favourites")
# Mastodon itself and its forks; others say what they are beside the version that they are compatible with.
_GENUINE = re.compile(r"^v?(?:[2-9]|\d\d)\.\d+\.\d+(?:[-+.][\w.+-]*)?$")


@dataclass(frozen=True)
class Instance:
    """What a server says of itself; `is_mastodon`: it is no other software that speaks the same API."""

    version: str = ""
    api_version: int | None = None
    max_length: int = DEFAULT_LENGTH
    url_length: int | None = None

    @property
    def is_mastodon(self) -> bool:
        """Tell whether it is Mastodon itself or a fork."""
        return bool(_GENUINE.match(self.version))


def read_profile(calls: Calls) -> Verified:
    """Return whose account it is; raises PlatformError. One that may not be used at present is not alive."""
    answered = calls.get(ME, for_send=True)
    row = answered.json()
    if not ident(row):
        raise Malformed("an account was expected", answered.body)
    author = author_of(row, scope_of(calls.service_url))
    suspended = row["suspended"] is True if "suspended" in row else False
    return Verified(
        external_id=author.external_id,
        scope=author.scope,
        handle=author.handle,
        display_name=author.display_name,
        avatar_url=author.avatar_url,
        service_url=calls.service_url,
        is_alive=not suspended,
        limits=limits(read_instance(calls)),
        permissions=_permissions(calls),
        dead_reason="account_suspended" if suspended else None,
    )


def _permissions(calls: Calls) -> tuple[str, ...]:
    """Return which scopes the token has, as told when it was given; a pasted one is asked about."""
    told = text(dict(calls.keeper.current().values), "scope")
    if not told:
        try:
            row = load_or_none(calls.ask("/api/v1/apps/verify_credentials", for_send=True))
        except (RateLimited, TokenExpired):
            raise
        except PlatformError:
            row = None
        found = row.get("scopes") if isinstance(row, dict) else None
        told = " ".join(str(one) for one in found) if isinstance(found, list) else text_of(found)
    return tuple(told.split())[:50]


def lacking(granted: str) -> str | None:
    """Return the code of the first permission that a grant leaves out; None: all are there, or it does not say."""
    has = set(granted.split())
    if not has:
        return None
    has |= {scope for scope in SCOPES if scope.partition(":")[0] in has}
    if "profile" in has:
        has.add("read:accounts")
    return next((code for code, scope in errors.SCOPES.items() if scope not in has), None)


def read_instance(calls: Calls) -> Instance:
    """Ask the server what it allows, the new way and then the old one; Mastodon's usual where neither says."""
    for path in ("/api/v2/instance", "/api/v1/instance"):
        answered = calls.ask(path, for_send=True)
        row = load_or_none(answered)
        if answered.status < 300 and text(row, "version"):
            return instance_of(row)
    if answered.status >= 500:  # then what is known already counts on
        raise Unavailable(errors.words(answered), code="server_error")
    return Instance()


def instance_of(row: Any) -> Instance:
    """Read an instance's description; what it does not say is as Mastodon has it. Pure."""
    statuses = thing(thing(row, "configuration"), "statuses")
    most = whole(statuses.get("max_characters"))
    if most is None:
        most = next((found for name in ("max_toot_chars", "max_characters") if (found := whole(row.get(name)))), None)
    return Instance(
        version=text(row, "version")[:200],
        api_version=whole(thing(row, "api_versions").get("mastodon")),
        max_length=most if most and most > 0 else DEFAULT_LENGTH,
        url_length=whole(statuses.get("characters_reserved_per_url")),
    )


def limits(instance: Instance) -> Limits:
    """Return what can be sent. Others than Mastodon may say 23 for an address and count it whole (mastodon.md §10)."""
    if instance.is_mastodon:
        length = ModeLimits(instance.max_length, "mastodon", url_length=instance.url_length or URL_LENGTH)
    else:
        length = ModeLimits(instance.max_length, "characters")
    # No look-up lag: a request may wait in front of a server, so that its absence never proves anything.
    return Limits(public=length, private=length, can_like=True, can_delete_own=True, handle_prefix="@{handle} ")
