"""The `fields` parameter of Graph: names, nested names in braces, modifiers in parentheses."""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*|[{},()]|\.[a-z_]+\([^()]*\))\s*")


@dataclass(frozen=True)
class Field:
    """One wanted field, like `messages.limit(20){id,from}`."""

    name: str
    limits: dict[str, str] = field(default_factory=dict)
    inside: tuple["Field", ...] = ()


class BadFields(ValueError):
    """The parameter can't be read."""


def parse_fields(text: str) -> tuple[Field, ...]:
    """All wanted fields. Raises BadFields."""
    tokens, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadFields(text)
        tokens.append(match[1])
        place = match.end()
    found, rest = _read(tokens)
    if rest:
        raise BadFields(text)
    return found


def unparse_fields(fields: tuple[Field, ...]) -> str:
    """The text of fields again, for an address that asks for them."""
    parts = []
    for one in fields:
        limits = "".join(f".{name}({value})" for name, value in one.limits.items())
        parts.append(one.name + limits + (f"{{{unparse_fields(one.inside)}}}" if one.inside else ""))
    return ",".join(parts)


def inside_of(fields: tuple[Field, ...], name: str) -> tuple[Field, ...]:
    """What is wanted of a field that is itself an object."""
    return next((one.inside for one in fields if one.name == name), ())


def _read(tokens: list[str]) -> tuple[tuple[Field, ...], list[str]]:
    found: list[Field] = []
    while tokens and tokens[0] != "}":
        name, tokens = tokens[0], tokens[1:]
        if not re.match(r"[A-Za-z_]", name):
            raise BadFields(name)
        limits: dict[str, str] = {}
        while tokens and tokens[0].startswith("."):
            modifier, value = tokens[0][1:-1].split("(", 1)
            limits[modifier] = value
            tokens = tokens[1:]
        inside: tuple[Field, ...] = ()
        if tokens and tokens[0] == "{":
            inside, tokens = _read(tokens[1:])
            if not tokens:
                raise BadFields("{")
            tokens = tokens[1:]
        found.append(Field(name, limits, inside))
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    return tuple(found), tokens
