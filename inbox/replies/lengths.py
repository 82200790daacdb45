"""How long a text is as each platform counts it, and whether it fits; arithmetic alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import regex

_URL = regex.compile(r"https?://[^\s<>\"]+", regex.IGNORECASE)
_REMOTE_HANDLE = regex.compile(r"(?<![\w/])@([\w.-]+)@[\w.-]+\w")
# Flags by themselves: \X counts all the halves before each, which grows with the square.
_GRAPHEME = regex.compile(r"\p{RI}{2}(?![\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}])|\X")

GRAPHEMES = "graphemes"
MASTODON_URL_LENGTH = 23
_COUNTS: Mapping[str, Callable[[str], int]] = {
    GRAPHEMES: lambda text: sum(1 for _ in _GRAPHEME.finditer(text)),
    "characters": len,
    "bytes": lambda text: len(text.encode()),
    "utf16": lambda text: len(text.encode("utf-16-le")) // 2,
}


@dataclass(frozen=True)
class Measured:
    """How long a text is and what is allowed; `code` says what does not fit, None: it does."""

    length: int
    max_length: int
    code: str | None = None
    max_bytes: int | None = None
    byte_length: int = 0


def count(text: str, how: str = GRAPHEMES, url_length: int | None = None) -> int:
    """Count `text` in graphemes, characters (code points), bytes, utf16 units, or as Mastodon does.

    Mastodon: every URL counts 23 and `@name@host` counts as `@name`. `url_length` makes URLs count that
    much elsewhere too. Raises ValueError for another way of counting.
    """
    if how == "mastodon":
        text = _REMOTE_HANDLE.sub(r"@\1", text)
        url_length = url_length or MASTODON_URL_LENGTH
        how = GRAPHEMES
    if url_length is not None:
        text = _URL.sub("x" * url_length, text)
    if how not in _COUNTS:
        raise ValueError(f"no such way of counting: {how}")
    return _COUNTS[how](text)


def measure(text: str, limits: Mapping[str, Any], prefix: str = "") -> Measured:
    """Measure a reply against one mode's limits as kept on the channel (platforms.outgoing.ModeLimits).

    `prefix` is what the platform wants before the text (Mastodon's handle). Codes: reply_empty,
    reply_too_long, reply_too_many_bytes.
    """
    max_length, max_bytes = int(limits["max_length"]), limits.get("max_bytes")
    length = count(prefix + text, str(limits.get("count") or GRAPHEMES), limits.get("url_length"))
    byte_length = len((prefix + text).encode())
    code = None
    if not text.strip():
        code = "reply_empty"
    elif length > max_length:
        code = "reply_too_long"
    elif max_bytes is not None and byte_length > max_bytes:
        code = "reply_too_many_bytes"
    return Measured(length, max_length, code, max_bytes, byte_length)
