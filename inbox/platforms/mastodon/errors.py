"""What error answers mean: by status and header, hardly ever by their text, which is translated (mastodon.md §8)."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from inbox import clock
from inbox.platforms.contract import (
    Answered,
    BudgetSeen,
    Gone,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    Unavailable,
)
from inbox.platforms.reading import header
from inbox.platforms.waits import resets_at, retry_after
from inbox.security import scrub

WAIT_SECONDS = 60
# A server that starts is asked again soon, whatever it says.
LONGEST_START_SECONDS = 120
LONGEST_NUMBER = 16
DETAIL_LENGTH = 300
# A token may be dead behind any of these: Mastodon says 401, others 400, 422, with or without words (mastodon.md §10).
DOUBTFUL = frozenset({400, 401, 403, 422})

READING = "permission_missing_statuses"
NOTIFICATIONS = "permission_missing_notifications"
WRITING = "permission_missing_writing"
LIKES = "permission_missing_likes"
ACCOUNT = "permission_missing_account"
SCOPES: Mapping[str, str] = {
    ACCOUNT: "read:accounts",
    NOTIFICATIONS: "read:notifications",
    READING: "read:statuses",
    WRITING: "write:statuses",
    LIKES: "write:favourites",
}
# Written by Mastodon in English whatever the language (base_controller.rb); Takahē says out_of_scope_for_token.
_SCOPE = re.compile(r"scope", re.IGNORECASE)
_DISABLED = re.compile(r"disabled|suspended|pending approval|confirmed e-mail", re.IGNORECASE)
_TOO_LONG = re.compile(r"character limit|too long|too large|\btoo_long", re.IGNORECASE)


class Unsaid(Unavailable):
    """A 404 or 410 without the API's own words: small servers say so of what is gone, a proxy says so of anything."""


def read_error(answered: Answered, path: str) -> PlatformError:
    """Return what a bad answer to a read means, if the token lives."""
    detail = words(answered)
    status = answered.status
    if status == 429:
        return RateLimited(paused_until(answered.headers), detail)
    if status in (403, 404, 410) and not is_own_body(answered):
        return foreign(answered)
    if status in (404, 410):
        return Gone(detail)
    if status in (401, 403) and (is_list(path) or _SCOPE.search(detail)):
        return missing(path, "GET", detail)
    if status in (401, 403):
        return Refused(detail, code="not_allowed")
    if 400 <= status < 500:
        return Refused(detail)
    code = "server_error" if status >= 500 else "not_this_platform"
    return Unavailable(detail, code=code)


def foreign(answered: Answered) -> Unavailable:
    """Return what a no is that the server's API did not write: of whatever stands in front of it, and of no post."""
    if answered.status == 403:
        return Unavailable(words(answered), code="server_error")
    return Unsaid(words(answered), code="not_this_platform")


def write_error(answered: Answered, path: str, method: str) -> PlatformError | None:
    """Return what a bad answer to a write means; None: it may have been accepted all the same (RULES D2).

    Only the server's own error body proves that it was not: a proxy may answer 4xx for something that went through.
    """
    detail = words(answered)
    status = answered.status
    if not 400 <= status < 500 or not is_own_body(answered):
        return None
    error: PlatformError
    if status == 429:
        error = RateLimited(paused_until(answered.headers), detail)
    elif status in (404, 410):
        error = Gone(detail)
    elif status == 403 and not _SCOPE.search(detail):
        error = Refused(detail, code="not_allowed")
    elif status in (401, 403):
        error = missing(path, method, detail)
    elif status == 413 or _TOO_LONG.search(detail):
        error = Refused(detail, code="text_too_long")
    else:
        error = Refused(detail)
    error.is_surely_not_accepted = True
    return error


def missing(path: str, method: str, detail: str = "") -> PermissionMissing:
    """Return the permission that a call needs, as missing."""
    code = READING
    if path.endswith(("/favourite", "/unfavourite")):
        code = LIKES
    elif method != "GET":
        code = WRITING
    elif path.startswith("/api/v1/notifications"):
        code = NOTIFICATIONS
    elif path.endswith("/verify_credentials"):
        code = ACCOUNT
    return PermissionMissing(f"{SCOPES[code]}: {detail}", code=code)


def is_list(path: str) -> bool:
    """Tell whether a path is one of our own lists: those may be read by whoever has the permission."""
    return not path.startswith("/api/v1/statuses")


def is_disabled(answered: Answered) -> bool:
    """Tell whether an answer says that the account may not be used at present."""
    return answered.status == 403 and bool(_DISABLED.search(words(answered)))


def paused_until(headers: Mapping[str, str]) -> datetime:
    """Return until when a 429 wants silence; a minute where it does not say."""
    now = clock.now()
    told = [at for at in (retry_after(headers), resets_at(headers)) if at is not None and at > now]
    return min(told, default=now + timedelta(seconds=WAIT_SECONDS))


def read_budget(headers: Mapping[str, str], status: int) -> BudgetSeen | None:
    """Read X-RateLimit-*, and of a server that starts when it will be there (mastodon.md §7, §10)."""
    if status == 503:
        until_at = retry_after(headers)
        longest = clock.now() + timedelta(seconds=LONGEST_START_SECONDS)
        return BudgetSeen(paused_until_at=min(until_at, longest)) if until_at else None
    paused = paused_until(headers) if status == 429 else None
    limit, remaining = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-remaining")
    if limit is None or remaining is None:
        return BudgetSeen(paused_until_at=paused) if paused else None
    return BudgetSeen(limit, remaining, resets_at(headers), paused)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    said = header(headers, name).strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < LONGEST_NUMBER else None


def is_own_body(answered: Answered) -> bool:
    """Tell whether an error answer was written by the server's API, not by something in front of it."""
    try:
        return "error" in json.loads(answered.body)
    except (ValueError, TypeError, RecursionError):
        return False


def words(answered: Answered) -> str:
    """Return the platform's own words, without secrets, 300 characters at most."""
    try:
        said = json.loads(answered.body)
        told = " ".join(str(said[name]) for name in ("error", "error_description") if said.get(name))
    except (ValueError, TypeError, AttributeError, RecursionError):
        told = ""
    return scrub(told or f"HTTP {answered.status}")[:DETAIL_LENGTH]
