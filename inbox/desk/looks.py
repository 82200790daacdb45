"""How people and text look: initials, hues, and text with its links marked (never trusted as HTML)."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import regex
from markupsafe import Markup, escape

from inbox.desk.turning import balanced

HUES = 24
LONGEST_HOST = 253
# What a thread shows of one message, in characters, and of its earlier wordings; the rest has a page of its own.
LONGEST_SHOWN = 20_000
MOST_WORDINGS = 50
_ADDRESS = regex.compile(r"https?://[^\s<>\"'`]+", regex.IGNORECASE)
# A browser lays out one word of 100,000 letters for minutes; with places to break it takes a moment.
_WORD = regex.compile(r"\S++")
_LONGEST_WORD = 1000
# Flags by themselves: \X counts all the halves before each (as in replies/lengths.py).
_STRETCH = regex.compile(r"(?:\p{RI}{2}(?![\p{M}\u200D])|\X){1,64}")
_BEGINS, _ENDS = Markup("<bdi>"), Markup("</bdi>")
_MOST_NAMES = 2_000  # remembered
_TRAILING = ".,;:!?)]}»”’…"


@lru_cache(maxsize=_MOST_NAMES)
def initials(name: str) -> str:
    """Return one or two letters for somebody without a picture."""
    words = [word for word in regex.split(r"[\s._@-]+", name) if word]
    letters = [regex.match(r"\X", word) for word in (words[:1] + words[-1:] if len(words) > 1 else words)]
    return "".join(found[0] for found in letters if found).upper() or "?"


def options(choices: Iterable[tuple[int, str]], chosen: int | None) -> Markup:
    """Return what a <select> offers: numbers with their words. A page may offer hundreds, so it costs no template."""
    each = (
        f'<option value="{number}"{" selected" if number == chosen else ""}>{escape(word)}</option>'
        for number, word in choices
    )
    return Markup("".join(each))  # noqa: S704  # numbers, and words that are escaped


def hue(text: str) -> int:
    """Return the number of the hue class that a name always gets."""
    return zlib.crc32(text.encode()) % HUES


@dataclass(frozen=True)
class Span:
    """A stretch of text that links somewhere or names somebody."""

    start: int
    end: int
    url: str | None


def marked(text: str, marks: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Return text as safe HTML: platforms' marks and bare addresses become links that show their host."""
    spans = _spans(text, marks) or [Span(found.start(), _end(found), None) for found in _ADDRESS.finditer(text)]
    spans = [
        span if span.url or span.end < 0 else Span(span.start, span.end, text[span.start : span.end]) for span in spans
    ]
    parts: list[Markup] = []
    at = 0
    for span in spans:
        parts += [flowing(text[at : span.start]), _link(text[span.start : span.end], span.url)]
        at = span.end
    return Markup("").join([*parts, flowing(text[at:])])


def flowing(text: str) -> Markup:
    """Escape a text and let its endless words break; what is copied from the page stays the same."""
    parts: list[Markup] = []
    at = 0
    for word in _WORD.finditer(text) if len(text) >= _LONGEST_WORD else ():
        if len(word[0]) < _LONGEST_WORD:
            continue
        stretches = [escape(found[0]) for found in _STRETCH.finditer(word[0])]
        parts += [escape(text[at : word.start()]), Markup("<wbr>").join(stretches)]
        at = word.end()
    return Markup("").join([*parts, escape(text[at:])])


def isolated(text: str) -> Markup:
    """Return a stranger's words for a sentence of ours: whatever turns the writing round in them ends with them."""
    return _BEGINS + balanced(text) + _ENDS


def _spans(text: str, marks: Sequence[Mapping[str, Any]]) -> list[Span]:
    spans: list[Span] = []
    at = 0
    for mark in sorted(marks, key=lambda mark: int(mark.get("start") or 0)):
        start, end = int(mark.get("start") or 0), int(mark.get("end") or 0)
        if mark.get("kind") not in ("link", "mention", "tag") or not at <= start < end <= len(text):
            continue
        spans.append(Span(start, end, mark.get("url") or ""))
        at = end
    return spans


def _end(found: "regex.Match[str]") -> int:
    return int(found.start()) + len(found[0].rstrip(_TRAILING))


def _link(words: str, url: str | None) -> Markup:
    host = host_of(url)
    if not host:
        return Markup('<span class="at">{}</span>').format(flowing(words))
    shown = Markup("") if _tells_host(words, host) else Markup(' <bdi class="host">({})</bdi>').format(host)
    link = Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank" title="{}">{}</a>{}')
    return link.format(url, url, flowing(words), shown)


def _tells_host(words: str, host: str) -> bool:
    """Tell whether the words of a link are an address of its host: `pal.example` is not told by `paypal.example`."""
    return host_of(words if "://" in words else f"https://{words.strip()}") == host


def host_of(url: str | None) -> str:
    """Return the host of a web address, the one that a browser goes to; empty for anything that is not one."""
    try:
        parts = urlsplit(url or "")
        host = (parts.hostname or "").removeprefix("www.")
        is_a_name = len(host) <= LONGEST_HOST and host.isprintable() and bool(host.encode("idna") or not host)
    except ValueError:  # a name that no browser looks up, control characters in it among them
        return ""
    # what stands before a backslash is the host for a browser, what stands behind its @ for Python
    return host if is_a_name and parts.scheme in ("http", "https") and "\\" not in parts.netloc else ""
