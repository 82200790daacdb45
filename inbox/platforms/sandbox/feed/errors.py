"""What the feed's error answers mean: by status and header, never by the translated text (mastodon.md §2, §8)."""

import json
from datetime import datetime, timedelta

from inbox import clock
from inbox.platforms.contract import (
    Answered,
    Gone,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.waits import resets_at
from inbox.security import scrub

WAIT_SECONDS = 60


def check_read(answered: Answered) -> Answered:
    """Return a good answer; raises what a bad one means."""
    if answered.status < 300:
        return answered
    raise _common(answered) or Unavailable(words(answered), code="server_error")


def check_write(answered: Answered) -> Answered:
    """Return a good answer to a write; raises Unclear unless the platform surely did not accept it.

    Only its own error body proves that: a proxy may answer 4xx for something that went through.
    """
    if answered.status < 300:
        return answered
    error = _common(answered)
    if error is None or not _is_own_body(answered):
        raise Unclear(words(answered))
    error.is_surely_not_accepted = True
    raise error


def _common(answered: Answered) -> PlatformError | None:
    detail = words(answered)
    if answered.status == 401:
        return TokenExpired(detail)
    if answered.status == 403:
        return PermissionMissing(detail)
    if answered.status in (404, 410):
        return Gone(detail)
    if answered.status == 429:
        return RateLimited(_until(answered), detail)
    if answered.status == 422:
        too_long = "character limit" in detail
        return Refused(detail, code="text_too_long" if too_long else None)
    if 400 <= answered.status < 500:
        return Refused(detail)
    return None


def _until(answered: Answered) -> datetime:
    """There is no Retry-After: wait until the reset, an hour at most."""
    until = resets_at(answered.headers)
    now = clock.now()
    if until is None or until <= now:
        until = now + timedelta(seconds=WAIT_SECONDS)
    return until


def _is_own_body(answered: Answered) -> bool:
    try:
        return "error" in json.loads(answered.body)
    except (ValueError, TypeError):
        return False


def words(answered: Answered) -> str:
    """Return the platform's own words, without secrets, 300 characters at most."""
    try:
        said = str(json.loads(answered.body)["error"])
    except (ValueError, TypeError, KeyError):
        said = f"HTTP {answered.status}"
    return scrub(said)[:300]
