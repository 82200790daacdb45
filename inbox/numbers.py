"""Whole numbers as addresses, forms and headers name them: every such text is a stranger's."""

from typing import Any

from werkzeug.routing import IntegerConverter, Map

# What both databases keep in a row's id.
_MOST = 2**63 - 1
_LONGEST = 18  # digits that are surely below it


def read_number(text: str | None) -> int | None:
    """Return the number that ASCII digits name; None for anything else, and for what no row could have."""
    if not text or len(text) > _LONGEST or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)


def list_numbers(texts: list[str]) -> list[int]:
    """Return the numbers among some texts."""
    return [number for number in map(read_number, texts) if number is not None]


class RowId(IntegerConverter):
    """`<int:…>` in an address: what no row could have as its id leads nowhere."""

    def __init__(self, map: Map, *args: Any, **given: Any) -> None:  # noqa: A002  # werkzeug names it so
        super().__init__(map, *args, **{"max": _MOST, **given})
