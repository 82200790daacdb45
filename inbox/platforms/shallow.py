"""JSON of strangers, which may be nested so deeply that nothing can walk it (pure).

A person can put any fields into a record, and a page of forty items would be lost with theirs.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

# What odd data makes of code that did not expect it; nothing of a database, a network or a time limit.
SLIPS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
# Platforms nest a dozen levels, but for trees of answers: Bluesky's hundred generations take two levels each.
DEEPEST = 240
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]|[^"\[\]{}]++|"', re.DOTALL)


def load(body: bytes) -> Any:
    """Return JSON parsed; a list or an object that lies deeper than DEEPEST is None. Raises ValueError."""
    try:
        found = json.loads(body)
    except RecursionError:
        return json.loads(_cut(body))
    return json.loads(_cut(body)) if _is_deep(found) else found


def _is_deep(found: Any) -> bool:
    level = _containers([found])
    for _ in range(DEEPEST):
        if not level:
            return False
        level = [inner for one in level for inner in _containers(one.values() if type(one) is dict else one)]
    return any(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    """Return what may hold something; JSON makes no other kinds, and a page has thousands of values."""
    return [value for value in values if type(value) is dict or type(value) is list]


def _cut(body: bytes) -> str:
    """Write null in the place of whatever lies too deep; strings are passed whole."""
    kept: list[str] = []
    depth = 0
    for token in _TOKEN.finditer(body.decode(json.detect_encoding(body), "surrogatepass")):
        is_opening, is_closing = token[0] in "[{", token[0] in "]}"
        depth += is_opening
        if depth <= DEEPEST:
            kept.append(token[0])
        elif depth == DEEPEST + 1 and is_opening:
            kept.append("null")
        depth -= is_closing
    return "".join(kept)
