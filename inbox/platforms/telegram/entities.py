"""Links, mentions and tags in a text: UTF-16 units with Telegram, characters with us (telegram.md §5)."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from inbox.platforms.items import Mark
from inbox.platforms.telegram.values import text, thing, whole

MOST = 1000
_WEB = ("http://", "https://")


def units_of(written: str) -> int:
    """Return how long Telegram counts a text: its UTF-16 units."""
    return sum(1 + (ord(char) > 0xFFFF) for char in written)


class Characters:
    """Which character each UTF-16 unit of a text belongs to."""

    def __init__(self, written: str) -> None:
        self._written = written
        self._begins = list(accumulate((1 + (ord(char) > 0xFFFF) for char in written), initial=0))
        self._at = {unit: index for index, unit in enumerate(self._begins)}

    def span(self, entity: Any) -> tuple[int, int] | None:
        """Return an entity's first and last character; one inside a pair is rounded outwards, nonsense is None."""
        offset, length = whole(entity, "offset"), whole(entity, "length")
        if offset is None or length is None or offset < 0 or length <= 0 or offset >= self._begins[-1]:
            return None
        first = self._at.get(offset, self._at.get(offset - 1, 0))
        ends_at = min(offset + length, self._begins[-1])
        return first, self._at.get(ends_at, self._at.get(ends_at + 1, len(self._written)))


def read_marks(written: str, entities: Sequence[Any]) -> tuple[Mark, ...]:
    """Return the marks of a text. Bold, code, quotes and their kin stay what they are in words: text. Pure."""
    if not entities:
        return ()
    characters = Characters(written)
    found = []
    for entity in entities[:MOST]:
        span = characters.span(entity)
        mark = _mark(written, entity, *span) if span else None
        found += [mark] if mark else []
    return tuple(sorted(found, key=lambda mark: (mark.start, mark.end, mark.kind)))


def _mark(written: str, entity: Any, start: int, end: int) -> Mark | None:
    words = written[start:end]
    match text(entity, "type"):
        case "url":
            return Mark("link", start, end, url=words if words.lower().startswith(_WEB) else f"https://{words}")
        case "text_link" if text(entity, "url").lower().startswith(_WEB):
            return Mark("link", start, end, url=text(entity, "url"))
        case "mention":
            return Mark("mention", start, end, url=f"https://t.me/{words.removeprefix('@')}")
        case "text_mention" if (number := whole(thing(entity, "user"), "id")) is not None:
            return Mark("mention", start, end, external_id=str(number))
        case "hashtag" | "cashtag":
            return Mark("tag", start, end)
    return None


def mentions_bot(written: str, entities: Sequence[Any], bot_id: str, username: str) -> bool:
    """Tell whether a text names the bot: by @username, by a command that is addressed to it, or by its id."""
    characters = Characters(written) if entities else None
    for entity in entities[:MOST]:
        span = characters.span(entity) if characters else None
        words = written[slice(*span)].lower() if span else ""
        name = f"@{username.lower()}"
        match text(entity, "type"):
            case "mention" if username and words == name:
                return True
            case "bot_command" if username and words.endswith(name):
                return True
            case "text_mention" if str(whole(thing(entity, "user"), "id")) == bot_id:
                return True
    return False
