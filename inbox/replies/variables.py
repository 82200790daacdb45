"""What a saved reply leaves open, such as {name}, and how it is filled in for one person (pure)."""

import re
from collections.abc import Mapping

VARIABLES = ("name", "first_name", "handle", "channel", "me")
_OPEN = re.compile(r"\{([a-z_]{1,20})\}")
# Controls, line ends, and letters that turn the writing round or that nobody sees: a person's name is one plain line.
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
LONGEST_VALUE = 80


def list_unknown(text: str) -> list[str]:
    """Return what stands in braces like a variable and is none, in order, each once."""
    return list(dict.fromkeys(found for found in _OPEN.findall(text) if found not in VARIABLES))


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return the text with every variable filled in; what has no value is left out with the space before it."""

    def put(found: re.Match[str]) -> str:
        name = found[2]
        if name not in values:
            return found[0]
        value = one_line(values[name])
        return f"{found[1]}{value}" if value else ""

    return re.sub(r"( ?)\{([a-z_]{1,20})\}", put, text)


def one_line(value: str) -> str:
    """Return a name as it may stand in a sentence: one line, nothing that turns the writing round, not endless."""
    return " ".join(_ODD.sub(" ", value).split())[:LONGEST_VALUE].rstrip()


def first_name(name: str) -> str:
    """Return the first word of a name."""
    return next(iter(one_line(name).split()), "")
