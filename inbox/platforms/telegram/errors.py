"""What the Bot API's error answers mean: decided by code and words; pure (telegram.md §8)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from inbox import clock
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
from inbox.platforms.telegram.values import Json, text, thing, whole
from inbox.security import scrub

DETAIL_LENGTH = 300
PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 86400

# The beginning of what is said after "Bad Request: " or "Forbidden: ", and our code for it.
_REFUSALS: tuple[tuple[str, str], ...] = (
    ("message is too long", "text_too_long"),
    ("message_too_long", "text_too_long"),
    ("message to be replied not found", "parent_gone"),
    ("replied message not found", "parent_gone"),
    ("message to reply not found", "parent_gone"),
    ("message thread not found", "thread_gone"),
    ("topic_deleted", "thread_gone"),
    ("topic_closed", "replies_closed"),
    ("bot was blocked by the user", "blocked"),
    ("user is deactivated", "person_unreachable"),
    ("bot can't initiate conversation", "person_unreachable"),
    ("bots can't send messages to bots", "person_unreachable"),
    ("chat not found", "person_unreachable"),
    ("peer_id_invalid", "person_unreachable"),
    ("bot was kicked", "bot_removed"),
    ("bot is not a member", "bot_removed"),
    ("the group chat was deleted", "bot_removed"),
    ("chat_write_forbidden", "not_allowed"),
    ("not enough rights", "not_allowed"),
    ("have no rights", "not_allowed"),
    ("chat_restricted", "not_allowed"),
    ("business_peer_usage_missing", "window_closed"),
    ("business_peer_invalid", "window_closed"),
    ("business connection not found", "business_gone"),
    ("business_connection_invalid", "business_gone"),
    ("business_connection_not_allowed", "business_gone"),
)
_GONE = ("message to delete not found", "message to react not found", "message_id_invalid", "message not found")


class Migrated(Refused):
    """The group became a supergroup with another id; the call surely did nothing."""

    def __init__(self, detail: str, to_chat: int) -> None:
        super().__init__(detail, code="not_allowed", is_surely_not_accepted=True)
        self.to_chat = to_chat


def error_of(answered: Answered, *, is_write: bool = False) -> PlatformError:
    """Return what an answer that is no success means.

    For a write everything that does not come from the Bot API itself, and its 5xx, is Unclear.
    """
    body = envelope(answered)
    if body is None:
        return _foreign(answered, is_write=is_write)
    code = whole(body, "error_code") or answered.status
    said = scrub(text(body, "description") or f"HTTP {answered.status}")[:DETAIL_LENGTH]
    if code == 429:
        return RateLimited(paused_until(answered.headers, body), said)
    if code >= 500:
        return Unclear(said) if is_write else Unavailable(said, code="server_error")
    moved = whole(thing(body, "parameters"), "migrate_to_chat_id")
    if moved is not None:
        return Migrated(said, moved)
    error = _meaning(code, said)
    error.is_surely_not_accepted = True
    return error


def envelope(answered: Answered) -> Json | None:
    """Return the Bot API's own object; None where something else answered."""
    try:
        body = answered.json()
    except Malformed:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("ok"), bool) else None


def _foreign(answered: Answered, *, is_write: bool) -> PlatformError:
    said = f"HTTP {answered.status}"
    if is_write:
        return Unclear(said)
    return Unavailable(said, code="server_error" if answered.status >= 500 else "not_this_platform")


def _meaning(code: int, said: str) -> PlatformError:
    words = said.partition(": ")[2].lower() or said.lower()
    if code in (401, 404) or words.startswith("logged out"):  # a token that is none is answered with 404
        return TokenExpired(said)
    if code == 409:
        return PermissionMissing(said, code="webhook_set" if "webhook" in words else "other_consumer")
    if words.startswith(_GONE):
        return Gone(said)
    found = next((ours for begins, ours in _REFUSALS if words.startswith(begins)), None)
    return Refused(said, code=found or ("not_allowed" if code == 403 else None))


def paused_until(headers: Mapping[str, str], body: Json | None = None) -> datetime:
    """Return until when a 429 wants silence: `parameters.retry_after`, else Retry-After, both in seconds."""
    told = whole(thing(body, "parameters"), "retry_after") if body else None
    header = headers.get("retry-after", "").strip()
    if told is None and header.isascii() and header.isdigit() and len(header) < 10:
        told = int(header)
    seconds = min(max(PAUSE_SECONDS if told is None else told, 1), LONGEST_PAUSE_SECONDS)
    return clock.now() + timedelta(seconds=seconds)


def read_budget(headers: Mapping[str, str], status: int) -> BudgetSeen | None:
    """Read until when a 429 wants silence; there is no count of what is left (telegram.md §7)."""
    return BudgetSeen(paused_until_at=paused_until(headers)) if status == 429 else None
