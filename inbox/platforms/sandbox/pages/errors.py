"""What the pages' error answers mean: by `error.code`, for the HTTP status is not reliable (facebook.md §8, §9)."""

import json
from datetime import datetime, timedelta
from typing import Any

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
from inbox.platforms.reading import header, whole
from inbox.security import scrub

THROTTLED = {4, 17, 32, 341, 613, 80001, 80006}
DEAD = {190, 102}
TRANSIENT = {1, 2}
DUPLICATE = 506
REASONS = {10900: "private_reply_used", 10903: "private_reply_used", 368: "blocked", 551: "person_unreachable"}
WINDOW_SUBCODE = 2018278
UNREACHABLE_SUBCODES = {2018108, 2018001, 1545041}
GONE_SUBCODE = 33
WAIT_MINUTES = 5
LONGEST_WAIT_MINUTES = 24 * 60


def check_read(answered: Answered) -> Answered:
    """Return a good answer; raises what a bad one means."""
    error = _error(answered)
    if error is None and answered.status < 300:
        return answered
    raise _meaning(error, answered) or Unavailable(words(error, answered), code="server_error")


def check_write(answered: Answered) -> Answered:
    """Return a good answer to a write; raises Unclear unless the platform surely did not accept it."""
    error = _error(answered)
    if error is None and answered.status < 300:
        return answered
    meaning = _meaning(error, answered)
    if meaning is None or error is None or error.get("code") == DUPLICATE:
        raise Unclear(words(error, answered))
    meaning.is_surely_not_accepted = True
    raise meaning


def _error(answered: Answered) -> dict[str, Any] | None:
    try:
        found = json.loads(answered.body)
    except ValueError:
        return None
    error = found.get("error") if isinstance(found, dict) else None
    return error if isinstance(error, dict) else None


def _meaning(error: dict[str, Any] | None, answered: Answered) -> PlatformError | None:
    if error is None:
        return None
    code, subcode, detail = error.get("code"), error.get("error_subcode"), words(error, answered)
    if code in THROTTLED:
        return RateLimited(_until(answered), detail)
    if code in DEAD:
        return TokenExpired(detail)
    if code in TRANSIENT or error.get("is_transient") is True:
        return None
    if subcode == WINDOW_SUBCODE:
        return Refused(detail, code="window_closed")
    if subcode in UNREACHABLE_SUBCODES or code == 551:
        return Refused(detail, code="person_unreachable")
    if code == 10 or (isinstance(code, int) and 200 <= code <= 299):
        return PermissionMissing(detail)
    if code == 100 and subcode == GONE_SUBCODE:
        return Gone(detail)
    if code == 100 and "less than or equal to" in detail:
        return Refused(detail, code="text_too_long")
    return Refused(detail, code=REASONS.get(code) if isinstance(code, int) else None)


def _until(answered: Answered) -> datetime:
    """Wait the minutes that the header says, else five; calling meanwhile would lengthen the block (§7)."""
    minutes = WAIT_MINUTES
    try:
        usage = json.loads(header(answered.headers, "x-business-use-case-usage") or "{}")
        told = [whole(one.get("estimated_time_to_regain_access")) for rows in usage.values() for one in rows]
        minutes = max([one for one in told if one], default=WAIT_MINUTES)
    except (ValueError, AttributeError, TypeError):
        pass
    return clock.now() + timedelta(minutes=min(minutes, LONGEST_WAIT_MINUTES))


def words(error: dict[str, Any] | None, answered: Answered) -> str:
    """Return the platform's own words, without secrets, 300 characters at most."""
    said = error.get("error_user_msg") or error.get("message") if error else None
    return scrub(str(said or f"HTTP {answered.status}"))[:300]
