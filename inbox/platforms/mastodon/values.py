"""Reading JSON that may be anything: each reader gives the value only if it has the type that is documented."""

import json
import re
from typing import Any
from urllib.parse import quote

from inbox.platforms.contract import Answered
from inbox.platforms.reading import text_of
from inbox.platforms.shallow import load

_OPENING = re.compile(r"\s*\[\s*\{\s*")
_BETWEEN = re.compile(r"[\s:,]*")


def text(value: Any, name: str) -> str:
    """Return a string field, or the empty string."""
    return text_of(value.get(name)) if isinstance(value, dict) else ""


def ident(value: Any, name: str = "id") -> str:
    """Return an id, an opaque string (mastodon.md §1); the empty string without one. Some servers write numbers."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return text_of(found)


def thing(value: Any, name: str) -> dict[str, Any]:
    """Return an object field, or an empty object."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def things(value: Any, name: str) -> list[Any]:
    """Return those members of a list field that are objects."""
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def address(value: Any, name: str) -> str | None:
    """Return a web address, None for anything else."""
    found = text(value, name)
    return found if found.startswith(("https://", "http://")) else None


def status_path(external_id: str) -> str:
    """Return where a status is found; an id is a stranger's word and must lead nowhere else."""
    return f"/api/v1/statuses/{quote(external_id, safe='')}"


def first_id(head: bytes) -> str:
    """Return the id of the first row of a list of which only the beginning is there; "" where it is not in it."""
    said, decoder = head.decode(errors="replace"), json.JSONDecoder()
    opening = _OPENING.match(said)
    at = opening.end() if opening else len(said)
    try:
        while at < len(said):
            name, at = decoder.raw_decode(said, at)
            value, at = decoder.raw_decode(said, _BETWEEN.match(said, at).end())  # type: ignore[union-attr]
            if name == "id":
                return ident({"id": value})
            at = _BETWEEN.match(said, at).end()  # type: ignore[union-attr]
    except (ValueError, RecursionError):
        pass
    return ""


def load_or_none(answered: Answered) -> Any:
    """Return an answer's JSON, None where it is none."""
    try:
        return load(answered.body)
    except ValueError:
        return None
