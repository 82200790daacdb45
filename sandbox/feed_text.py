"""How a feed server reads and shows a status's text: mentions, links, length, HTML."""

import html
from collections.abc import Callable
from dataclasses import dataclass

import regex

MAX_CHARACTERS = 500
CHARACTERS_PER_URL = 23
_URL = r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]'])"
_MENTION = r"(?<![\w/@])@(?P<name>[A-Za-z0-9_]+(?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?)(?:@(?P<domain>[\w.\-]+\w))?"
_TAG = r"(?<![\w/&])#(?P<tag>\w*[^\W\d]\w*)"
_PARTS = regex.compile(f"{_URL}|{_MENTION}|{_TAG}")


@dataclass(frozen=True)
class Card:
    """Where a mention leads to."""

    url: str
    username: str


def mentioned_handles(text: str) -> list[str]:
    """Handles in the order of the text, without the first @, each once."""
    found = [_handle(match) for match in _PARTS.finditer(text) if match["name"]]
    return list(dict.fromkeys(found))


def hashtags(text: str) -> list[str]:
    """Tags in the text without #, each once, in small letters."""
    return list(dict.fromkeys(match["tag"].lower() for match in _PARTS.finditer(text) if match["tag"]))


def length(text: str) -> int:
    """Characters as the server counts them (mastodon.md §6 Length).

    Grapheme clusters; every http(s) URL counts as 23; `@name@domain` counts as `@name`.
    """

    def short(match: "regex.Match[str]") -> str:
        if match["url"]:
            return "x" * CHARACTERS_PER_URL
        return f"@{match['name']}" if match["name"] else str(match[0])

    return len(regex.findall(r"\X", _PARTS.sub(short, text)))


def to_html(text: str, find_card: Callable[[str], Card | None], tag_url: str) -> str:
    """Sanitised HTML as the API gives it (mastodon.md §5): p, br, spans, mention cards, shortened links."""
    out, place = [], 0
    for match in _PARTS.finditer(text):
        out.append(html.escape(text[place : match.start()], quote=False))
        out.append(_part(match, find_card, tag_url))
        place = match.end()
    out.append(html.escape(text[place:], quote=False))
    paragraphs = regex.split(r"\n{2,}", "".join(out).strip("\n"))
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def _handle(match: "regex.Match[str]") -> str:
    return f"{match['name']}@{match['domain']}" if match["domain"] else str(match["name"])


def _part(match: "regex.Match[str]", find_card: Callable[[str], Card | None], tag_url: str) -> str:
    if match["url"]:
        return _link(str(match["url"]))
    if match["tag"]:
        return (
            f'<a href="{html.escape(tag_url + match["tag"].lower())}" class="mention hashtag" rel="tag">'
            f"#<span>{html.escape(match['tag'])}</span></a>"
        )
    card = find_card(_handle(match))
    if card is None:
        return html.escape(match[0], quote=False)
    return (
        f'<span class="h-card" translate="no"><a href="{html.escape(card.url)}" class="u-url mention">'
        f"@<span>{html.escape(card.username)}</span></a></span>"
    )


def _link(url: str) -> str:
    scheme, rest = url.split("://", 1)
    shown, hidden = rest[:30], rest[30:]
    style = "ellipsis" if hidden else ""
    return (
        f'<a href="{html.escape(url)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="{style}">{html.escape(shown)}</span>'
        f'<span class="invisible">{html.escape(hidden)}</span></a>'
    )
