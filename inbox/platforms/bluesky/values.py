"""Reading JSON that may be anything: each reader gives the value only if it has the type that is documented."""

from collections.abc import Mapping, Sequence
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
    """Return a time field as aware UTC; None where there is none, or none with a zone."""
    return parse_time(text(value, name))


def parse_time(written: str) -> datetime | None:
    """Return an RFC 3339 time as aware UTC, or None; more digits than microseconds are cut."""
    head, dot, tail = written.partition(".")
    if dot:
        digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
        written = f"{head}.{digits[:6]:0<6}{tail[len(digits) :]}"
    try:
        found = datetime.fromisoformat(written)
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_time(at: datetime) -> str:
    """Return a time as the network writes it: milliseconds and Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def kind(value: Any) -> str:
    """Return what a union's member is, after the `#` or the whole name; the empty string without one."""
    return text(value, "$type").rpartition("#")[2]


def author_of(uri: str) -> str | None:
    """Return the DID in an at-uri, None where it holds a handle or is none."""
    did = uri.removeprefix("at://").partition("/")[0]
    return did if uri.startswith("at://did:") else None


def rkey_of(uri: str) -> str:
    """Return the last part of an at-uri."""
    return uri.rpartition("/")[2]


def strings(found: Sequence[Any]) -> list[str]:
    """Return those members of a list that are strings."""
    return [one for one in found if isinstance(one, str)]
