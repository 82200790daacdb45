"""Reading JSON that may be anything, and how chats and messages of it are named."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]


def text(value: Any, name: str) -> str:
    """Return a string field, or the empty string."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def thing(value: Any, name: str) -> Json:
    """Return an object field, or an empty object."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def things(value: Any, name: str) -> list[Any]:
    """Return an array field, or an empty list."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def whole(value: Any, name: str) -> int | None:
    """Return a whole number field, or None."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def time(value: Any, name: str) -> datetime | None:
    """Return a field of unix seconds as aware UTC, or None."""
    seconds = whole(value, name)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def chat_id(message: Any) -> int | None:
    """Return the id of the chat that a message stands in."""
    return whole(thing(message, "chat"), "id")


def key_of(chat: int | None, number: int | None, business: str = "") -> str:
    """Return a message's id within the channel: message ids are unique only within their chat (telegram.md §5).

    A business account's chats bear the numbers of the same people as the bot's own, so they are told apart.
    """
    return f"{business}/{chat}:{number}" if business else f"{chat}:{number}"
