"""Whose bot a token is, what it can see, and how it is signed in (telegram.md §1, §3, §4)."""

import re
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from inbox.platforms.contract import (
    Http,
    Malformed,
    Refused,
    Secret,
    TokenExpired,
    Unavailable,
)
from inbox.platforms.given import Given
from inbox.platforms.outgoing import Limits, ModeLimits, Verified
from inbox.platforms.telegram.calls import DEFAULT_SERVICE, Calls
from inbox.platforms.telegram.values import text, whole

WITHIN_SECONDS = 10.0
LONGEST_TEXT = 4096
_TOKEN = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{10,200}", re.ASCII)
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def sign_in(given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
    """Take {access_token, service_url?, take_over?, push_url?}; ends within ten seconds.

    Raises PlatformError: token_malformed, token_refused, and webhook_set (its `detail` is the host) where another
    program is pushed to, unless `take_over` is "1": then that ends. `push_url`: a webhook of our own, which stays.
    """
    ends_at = time.monotonic() + WITHIN_SECONDS
    secret = Secret({"token": clean_token(given.get("access_token", ""))})
    calls = Calls(clean_service(given.get("service_url", "")), http, Given(secret))
    try:
        verified = verify(calls, timeout_seconds=_left(ends_at))
    except TokenExpired as error:
        raise Refused(error.detail, code="token_refused") from None
    except Malformed as error:
        raise Unavailable(error.detail, code="not_this_platform") from None
    webhook = webhook_of(calls, timeout_seconds=_left(ends_at))
    if webhook and webhook != given.get("push_url"):
        if given.get("take_over") != "1":
            raise Refused(host_of(webhook), code="webhook_set")
        calls.write("deleteWebhook", {"drop_pending_updates": False}, timeout_seconds=_left(ends_at))
    return secret, verified


def clean_token(typed: str) -> str:
    """Return a token out of what was pasted, be it BotFather's whole message; raises Refused."""
    found = _TOKEN.search(typed) or _TOKEN.search(_INVISIBLE.sub("", typed))
    if found is None:
        raise Refused("this is no bot token", code="token_malformed")
    return found[0]


def clean_service(typed: str) -> str:
    """Return a server's address with its scheme and without a path; Telegram's own where none is given."""
    bare = _INVISIBLE.sub("", typed).rstrip("/")
    if not bare:
        return DEFAULT_SERVICE
    if "://" not in bare:
        bare = f"https://{bare}"
    scheme, _, rest = bare.partition("://")
    return f"{scheme.lower()}://{rest.split('/')[0]}"


def verify(calls: Calls, *, timeout_seconds: float = 10) -> Verified:
    """Ask whose bot it is; raises PlatformError.

    Permissions say what it can see: `all_group_messages` (privacy mode is off) or `addressed_group_messages`,
    `private`, and `business` where it may be connected to business accounts.
    """
    me = calls.get("getMe", timeout_seconds=timeout_seconds, is_for_send=True).thing()
    number = whole(me, "id")
    if number is None or me.get("is_bot") is not True:
        raise Malformed("a bot was expected")
    sees_all = me.get("can_read_all_group_messages") is True
    seen = ["private", "all_group_messages" if sees_all else "addressed_group_messages"]
    seen += ["business"] if me.get("can_connect_to_business") is True else []
    return Verified(
        external_id=str(number),
        scope="",
        handle=text(me, "username") or str(number),
        display_name=text(me, "first_name"),
        avatar_url=None,
        service_url=calls.service_url,
        is_alive=True,
        limits=limits(),
        permissions=tuple(seen),
    )


def limits() -> Limits:
    """Return what can be sent: 4,096 UTF-16 units; nothing that was accepted can be looked up (telegram.md §6)."""
    return Limits(
        public=ModeLimits(LONGEST_TEXT, "utf16"),
        private=ModeLimits(LONGEST_TEXT, "utf16"),
        can_like=True,
        can_delete_own=True,
        can_push=True,
    )


def webhook_of(calls: Calls, *, timeout_seconds: float = 10) -> str:
    """Return where updates are pushed, empty where nowhere."""
    return text(calls.get("getWebhookInfo", timeout_seconds=timeout_seconds, is_for_send=True).thing(), "url")


def host_of(url: str) -> str:
    """Return an address's host alone: paths of webhooks often hold tokens."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _left(ends_at: float) -> float:
    return max(ends_at - time.monotonic(), 0.5)
