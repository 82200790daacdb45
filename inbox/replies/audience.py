"""Who can read a reply: never more than could read what it answers (RULES D7); pure."""

from collections.abc import Collection

import regex

# From the widest to the narrowest.
_ORDER = ("public", "unlisted", "followers", "direct", "private")
PRIVATE = frozenset({"direct", "private"})
_MENTION = regex.compile(r"(?<![\w@/])@(?P<name>[\w.-]*\w(?:@[\w.-]*\w)?)")


def is_wider(given: str, asked: str) -> bool:
    """Tell whether `given` lets more people read than `asked`; an unknown word is as wide as can be."""
    return _rank(given) < _rank(asked)


def choose(parent: str, mode: str) -> str:
    """Return the audience of a reply in `mode` (public, private) to a message of audience `parent`.

    A private answer to what others can read is a private continuation.
    """
    if mode == "private" and parent not in PRIVATE:
        return "private"
    return parent


def break_mentions(text: str, exchange: Collection[str]) -> str:
    """Return `text` with each mention of somebody outside `exchange` broken visibly: `@ name`.

    For direct replies on platforms where a mention makes its bearer a reader (Mastodon and its kin).
    `exchange` holds handles without the leading @; a bare name stands for any handle that begins with it.
    """
    known = {handle.lower().lstrip("@") for handle in exchange}
    known |= {handle.split("@")[0] for handle in known}

    def broken(found: "regex.Match[str]") -> str:
        return found[0] if found["name"].lower() in known else f"@ {found['name']}"

    return _MENTION.sub(broken, text)


def _rank(audience: str) -> int:
    # direct and private differ in shape, not in width
    return min(_ORDER.index(audience), 3) if audience in _ORDER else -1
