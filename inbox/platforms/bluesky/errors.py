"""What the network's error answers mean: decided by their `error` name, not by their status; pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from inbox import clock
from inbox.platforms.bluesky.values import text
from inbox.platforms.contract import (
    Answered,
    BudgetSeen,
    Gone,
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.dates import by_our_clock
from inbox.security import scrub

DETAIL_LENGTH = 300
PAUSE_SECONDS = 60


class StaleToken(TokenExpired):
    """The access token's two hours are over: refresh and ask again (HTTP 400, name ExpiredToken)."""


_DEAD_ACCOUNT = {
    "AccountDeactivated": "account_deactivated",
    "AccountTakedown": "account_takendown",
    "AccountSuspended": "account_suspended",
    "RepoDeactivated": "account_deactivated",
    "RepoTakendown": "account_takendown",
    "RepoSuspended": "account_suspended",
}
_DEAD_TOKEN = frozenset({"InvalidToken", "AuthMissing", "AuthenticationRequired", "AccountNotFound"})
_GONE = frozenset({"NotFound", "RecordNotFound", "RepoNotFound", "RecipientNotFound", "InvalidConvo", "BlobNotFound"})
_REFUSALS = {
    "AuthFactorTokenRequired": "two_factor_needed",
    "BlockedActor": "blocked",
    "BlockedByActor": "blocked",
    "ConvoLocked": "replies_closed",
    "HandleNotFound": "handle_unknown",
    "InvalidSwap": "duplicate",
    "MessagesDisabled": "not_allowed",
    "NotFollowedBySender": "not_allowed",
    "ReplyTargetNotFound": "parent_gone",
}
_TOO_LONG = re.compile(r"(?:grapheme|string) too big|longer than \d+|^PayloadTooLarge")
_NOT_OFFERED = frozenset({"MethodNotImplemented", "XRPCNotSupported"})
_NO_SUCH_SERVICE = "could not resolve proxy did"


def error_of(answered: Answered, *, is_write: bool = False, is_chat: bool = False) -> PlatformError:
    """Return what an answer that is no success means.

    For a write everything that does not come from the platform itself is Unclear: a proxy may have
    answered after the platform took it.
    """
    name, detail = read_error(answered)
    if answered.status == 429 or (name == "RateLimitExceeded" and answered.status < 500):
        return RateLimited(paused_until(answered.headers), detail)
    if not name or answered.status >= 500:
        return _without_a_name(answered, detail, is_write=is_write, is_chat=is_chat)
    found = _named(name, detail, is_write=is_write, is_chat=is_chat)
    found.is_surely_not_accepted = True
    return found


def read_error(answered: Answered) -> tuple[str, str]:
    """Return an answer's error name and words; a name only where the body is the platform's own."""
    try:
        body = answered.json()
    except Malformed:
        return "", f"HTTP {answered.status}"
    name = text(body, "error")
    return name, scrub(f"{name}: {text(body, 'message')}")[:DETAIL_LENGTH]


def _without_a_name(answered: Answered, detail: str, *, is_write: bool, is_chat: bool) -> PlatformError:
    name, _ = read_error(answered)
    if is_chat and (name in _NOT_OFFERED or answered.status in (404, 501)):
        error: PlatformError = PermissionMissing(detail, code="direct_not_offered")
        error.is_surely_not_accepted = answered.status == 501 and bool(name)
        return error
    if is_write:
        return Unclear(detail)
    if answered.status >= 500 and answered.status != 501:
        return Unavailable(detail, code="server_error")
    return Unavailable(detail, code="not_this_platform")


def _named(name: str, detail: str, *, is_write: bool, is_chat: bool) -> PlatformError:
    if name == "ExpiredToken":
        return StaleToken(detail)
    if name in _DEAD_ACCOUNT:
        return TokenExpired(detail, code=_DEAD_ACCOUNT[name])
    if is_chat and name == "InvalidToken" and "bad token" in detail.lower():
        return PermissionMissing(detail, code="permission_missing_direct")
    if name in _DEAD_TOKEN:
        return TokenExpired(detail)
    if is_chat and (name in _NOT_OFFERED or _NO_SUCH_SERVICE in detail):
        return PermissionMissing(detail, code="direct_not_offered")
    if name in _GONE:
        return Refused(detail, code="not_allowed") if is_write else Gone(detail)
    if _TOO_LONG.search(detail):
        return Refused(detail, code="text_too_long")
    return Refused(detail, code=_REFUSALS.get(name))


def paused_until(headers: Mapping[str, str]) -> datetime:
    """Return until when a 429 wants silence: Retry-After (seconds), else RateLimit-Reset (unix seconds)."""
    now = clock.now()
    after = _number(headers, "retry-after")
    if after is not None:
        return now + timedelta(seconds=min(after, 86400))
    return _moment(headers, "ratelimit-reset") or now + timedelta(seconds=PAUSE_SECONDS)


def read_budget(headers: Mapping[str, str], status: int) -> BudgetSeen | None:
    """Read RateLimit-Limit, -Remaining and -Reset; on a 429 also until when to be silent (bluesky.md §6)."""
    paused = paused_until(headers) if status == 429 else None
    remaining, limit = _number(headers, "ratelimit-remaining"), _number(headers, "ratelimit-limit")
    resets_at = _moment(headers, "ratelimit-reset")
    if remaining is None or resets_at is None:
        return BudgetSeen(paused_until_at=paused) if paused else None
    return BudgetSeen(limit, remaining, resets_at, paused)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def _moment(headers: Mapping[str, str], name: str) -> datetime | None:
    """Read unix seconds, by our clock; what lies more than a day ahead is not believed."""
    seconds = _number(headers, name)
    if seconds is None or seconds > clock.now().timestamp() + 86400:
        return None
    return by_our_clock(datetime.fromtimestamp(seconds, UTC), headers)
