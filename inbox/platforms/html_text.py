"""Turns a status's HTML into text with marks; nothing of the markup survives (mastodon.md §5)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser

from inbox.platforms.items import Mark

_BLOCKS = frozenset({"p", "div", "blockquote", "li"})
_DROPPED = frozenset({"script", "style"})
# What servers send: tags in small letters, attributes in double quotes. A tenth of the cost of HTMLParser, which
# is asked as soon as anything else occurs.
_PLAIN_TAGS = _BLOCKS | {"a", "span", "ul", "ol", "strong", "em", "b", "i", "u", "del", "code", "pre"}
_TOKEN = re.compile(r'([^<]+)|<(br) ?/?>|<(/?)([a-z]+)((?: [a-z-]+="[^"<>]*")*)>')
_HREF = re.compile(r' href="([^"]*)"')
# Whatever begins no whole element is text. Python's parser looks for the end of each such beginning again and
# again, or stops with an AssertionError.
_NO_ELEMENT = re.compile(r"<(?!/?[a-zA-Z][^<>]{0,8000}>)")


@dataclass(frozen=True)
class PlainText:
    """Text, and the stretches of it that are links or mentions (offsets in characters)."""

    text: str
    marks: tuple[Mark, ...] = ()


@dataclass
class _Text:
    """What has been read so far."""

    parts: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    length: int = 0
    open_link: tuple[int, int, str] | None = None  # where it begins: in characters, in parts; its address
    dropped: int = 0

    def add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def begin(self, tag: str, address: str) -> None:
        self.dropped += tag in _DROPPED
        if tag == "br":
            self.add("\n")
        elif tag in _BLOCKS and self.parts and not "".join(self.parts[-2:]).endswith("\n\n"):
            self.add("\n\n")
        elif tag == "a":
            self.open_link = (self.length, len(self.parts), address)

    def end(self, tag: str) -> None:
        self.dropped -= tag in _DROPPED and self.dropped > 0
        if tag != "a" or self.open_link is None:
            return
        start, at, url = self.open_link
        self.open_link = None
        if self.length > start and url.startswith(("http://", "https://")):
            kind = "mention" if self.parts[at].startswith("@") else "link"
            self.marks.append(Mark(kind, start, self.length, url=url))


class _Parser(HTMLParser):
    """Reads any HTML as browsers do."""

    def __init__(self, found: _Text) -> None:
        super().__init__(convert_charrefs=True)
        self.found = found

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        self.found.begin(tag, dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self.found.end(tag)

    def handle_data(self, data: str) -> None:
        if data and not self.found.dropped:
            self.found.add(data)


def to_text(html: str) -> PlainText:
    """Return the text of HTML: breaks and paragraphs as newlines, links and mentions as marks."""
    found = _read_plainly(html) or _read(html)
    text = "".join(found.parts)
    start = len(text) - len(text.lstrip("\n"))
    marks = (Mark(m.kind, m.start - start, m.end - start, url=m.url) for m in found.marks)
    return PlainText(text.strip("\n"), tuple(mark for mark in marks if mark.start >= 0))


def _read(html: str) -> _Text:
    parser = _Parser(_Text())
    parser.feed(_NO_ELEMENT.sub("&lt;", html))
    parser.close()
    return parser.found


def _read_plainly(html: str) -> _Text | None:
    """Read HTML of the tags and in the spelling that servers send; None: it has something else."""
    found, place = _Text(), 0
    while place < len(html):
        token = _TOKEN.match(html, place)
        if token is None:
            return None
        place = token.end()
        data, line_break, slash, tag, attributes = token.groups()
        if data:
            found.add(unescape(data))
        elif line_break:
            found.begin("br", "")
        elif tag not in _PLAIN_TAGS or (slash and attributes):
            return None
        elif slash:
            found.end(tag)
        else:
            addresses = _HREF.findall(attributes) if tag == "a" else ()
            found.begin(tag, unescape(addresses[-1]) if addresses else "")
    return found
