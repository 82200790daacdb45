"""Reading JSON that may be anything: each reader gives the value only if it has the documented type (pure)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit


def text(row: Any, name: str) -> str:
    """Return a string field, or the empty string."""
    found = row.get(name) if isinstance(row, Mapping) else None
    return found if isinstance(found, str) else ""


def name_of(row: Any, name: str) -> str | None:
    """Return an id: a string that is not empty, or a whole number written out; None for anything else."""
    found = row.get(name) if isinstance(row, Mapping) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and found else None


def names(row: Any, name: str) -> list[str]:
    """Return a list of ids, what is none left out."""
    found = row.get(name) if isinstance(row, Mapping) else None
    rows = found if isinstance(found, list) else []
    return [one for one in (name_of({"id": row}, "id") for row in rows) if one]


def things(row: Any, name: str) -> list[Any]:
    """Return a list field, or an empty list."""
    found = row.get(name) if isinstance(row, Mapping) else None
    return found if isinstance(found, list) else []


def flag(row: Any, name: str, *, otherwise: bool = False) -> bool:
    """Return a true or false, `otherwise` where it is neither."""
    found = row.get(name) if isinstance(row, Mapping) else None
    return found if isinstance(found, bool) else otherwise


def whole(row: Any, name: str) -> int | None:
    """Return a whole number field, or None."""
    found = row.get(name) if isinstance(row, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def time(row: Any, name: str) -> datetime | None:
    """Return an RFC 3339 time with its zone as aware UTC, or None."""
    try:
        found = datetime.fromisoformat(text(row, name))
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def link(row: Any, name: str) -> str | None:
    """Return a web address, or None: what is no http(s) is nothing that a browser should be sent to."""
    found = text(row, name)
    try:
        return found if urlsplit(found).scheme in ("http", "https") else None
    except ValueError:
        return None
