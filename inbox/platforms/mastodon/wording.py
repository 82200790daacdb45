"""The text of a status: its warning, its words, the choices of its poll, what it quotes; pure (mastodon.md §5)."""

import re
from dataclasses import replace
from typing import Any

from inbox.platforms.html_text import PlainText, to_text
from inbox.platforms.items import Mark
from inbox.platforms.mastodon.values import address, text, thing, things
from inbox.platforms.reading import text_of

HANDLE = re.compile(r"(?<![\w@/])@([\w.-]*\w)@[\w.-]*\w(?::\d+)?")


def words_of(status: Any) -> PlainText:
    """Return everything of a status that is text, as one reads it from above to below."""
    html = text(status, "content")
    found = to_text(html)
    warning = text(status, "spoiler_text").strip()
    if warning:
        found = _below(warning, found)
    for choice in things(thing(status, "poll"), "options"):
        found = _with_line(found, f"○ {text(choice, 'title').strip()}")
    quoted = _quoted(status)
    if quoted and quoted not in html and quoted not in found.text:
        start = len(found.text) + len("\n\nRE: " if found.text else "RE: ")
        found = _with_line(found, f"RE: {quoted}")
        found = replace(found, marks=(*found.marks, Mark("link", start, start + len(quoted), url=quoted)))
    return found


def shortened(found: PlainText) -> PlainText:
    """Return a text with `@name@host` as `@name`, its marks moved along: so servers show back what was sent."""
    parts: list[str] = []
    cuts: list[tuple[int, int]] = []
    at = 0
    for match in HANDLE.finditer(found.text):
        parts += [found.text[at : match.start()], f"@{match[1]}"]
        at = match.end()
        cuts.append((match.start() + 1 + len(match[1]), match.end()))
    if not cuts:
        return found

    def moved(place: int) -> int:
        return place - sum(min(place, end) - start for start, end in cuts if start < place)

    marks = tuple(replace(mark, start=moved(mark.start), end=moved(mark.end)) for mark in found.marks)
    return PlainText("".join([*parts, found.text[at:]]), tuple(mark for mark in marks if mark.end > mark.start))


def plain(words: str) -> str:
    """Return a text as a server will show it back: names without their host, spaces folded."""
    return " ".join(HANDLE.sub(r"@\1", words).split())


def _quoted(status: Any) -> str | None:
    """Return the address of a quoted status: Mastodon nests it once more than others do."""
    quote = thing(status, "quote")
    inner = thing(quote, "quoted_status") or quote
    return address(inner, "url") or address(inner, "uri") or address(thing(status, "pleroma"), "quote_url")


def _below(warning: str, found: PlainText) -> PlainText:
    before = f"{warning}\n\n" if found.text else warning
    marks = (replace(mark, start=mark.start + len(before), end=mark.end + len(before)) for mark in found.marks)
    return PlainText(before + found.text, tuple(marks))


def _with_line(found: PlainText, line: str) -> PlainText:
    between = "\n" if found.text.rpartition("\n")[2].startswith("○ ") and line.startswith("○ ") else "\n\n"
    return replace(found, text=f"{found.text}{between}{line}" if text_of(found.text) else line)
