"""Turns a status's HTML into text with marks; nothing of the markup survives (mastodon.md §5)."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from inbox.platforms.items import Mark

_BREAKS = {"br": "\n"}
_BLOCKS = {"p", "div", "blockquote", "li"}
_DROPPED = {"script", "style"}


@dataclass(frozen=True)
class PlainText:
    """Text, and the stretches of it that are links or mentions (offsets in characters)."""

    text: str
    marks: tuple[Mark, ...] = ()


@dataclass
class _Reader(HTMLParser):
    parts: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    length: int = 0
    open_link: tuple[int, str] | None = None
    dropped: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.dropped += tag in _DROPPED
        if tag == "br":
            self._add("\n")
        elif tag in _BLOCKS and self.parts and not "".join(self.parts[-2:]).endswith("\n\n"):
            self._add("\n\n")
        elif tag == "a":
            self.open_link = (self.length, dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        self.dropped -= tag in _DROPPED and self.dropped > 0
        if tag != "a" or self.open_link is None:
            return
        start, url = self.open_link
        self.open_link = None
        if self.length > start and url.startswith(("http://", "https://")):
            kind = "mention" if "".join(self.parts)[start : start + 1] == "@" else "link"
            self.marks.append(Mark(kind, start, self.length, url=url))

    def handle_data(self, data: str) -> None:
        if not self.dropped:
            self._add(data)


def to_text(html: str) -> PlainText:
    """Return the text of HTML: breaks and paragraphs as newlines, links and mentions as marks."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.parts)
    start = len(text) - len(text.lstrip("\n"))
    marks = (Mark(m.kind, m.start - start, m.end - start, url=m.url) for m in reader.marks)
    return PlainText(text.strip("\n"), tuple(mark for mark in marks if mark.start >= 0))
