"""Links, mentions and tags in a text: byte offsets on the network, characters with us (app.bsky.richtext.facet)."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from inbox.platforms.bluesky.values import kind, text, thing, things, whole
from inbox.platforms.items import Mark

MOST = 300
_LINK = re.compile(r"https?://[^\s<>\"'\u201d\u2019]+", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w@/.])@([a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?)")
_TAG = re.compile(r"(?<![\w#/&])#(?!\d+\b)(\w{1,64})")
_BEGINS = bytes(byte & 0xC0 != 0x80 for byte in range(256))
_AFTER_A_LINK = ".,;:!?)]}'\"\u2026"


def read_marks(written: str, facets: Sequence[Any]) -> tuple[Mark, ...]:
    """Return the marks of a text; offsets inside a character are rounded down, nonsense is left out; pure."""
    if not facets:
        return ()
    # how many characters begin before each byte
    begun = [0, *accumulate(written.encode("utf-8", "replace").translate(_BEGINS))]
    marks = (_read(begun, facet, feature) for facet in facets[:MOST] for feature in things(facet, "features")[:5])
    return tuple(sorted((mark for mark in marks if mark), key=lambda mark: (mark.start, mark.end, mark.kind)))


def _read(begun: Sequence[int], facet: Any, feature: Any) -> Mark | None:
    index, length = thing(facet, "index"), len(begun) - 1
    start, end = whole(index, "byteStart"), whole(index, "byteEnd")
    if start is None or end is None or not 0 <= start < end or start >= length:
        return None
    first, last = _characters(begun, start), _characters(begun, min(end, length))
    if first >= last:
        return None
    match kind(feature):
        case "link" if text(feature, "uri"):
            return Mark("link", first, last, url=text(feature, "uri"))
        case "mention" if text(feature, "did"):
            return Mark("mention", first, last, external_id=text(feature, "did"))
        case "tag" if text(feature, "tag"):
            return Mark("tag", first, last)
    return None


def _characters(begun: Sequence[int], offset: int) -> int:
    """Return how many characters end at or before a byte; the one that it cuts does not count."""
    is_cut = offset < len(begun) - 1 and begun[offset + 1] == begun[offset]
    return begun[offset] - is_cut


def make_facets(written: str, people: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the facets of a text that we send: links, tags, and mentions of `people` (handle to DID); pure.

    Others' handles stay plain text: whose they are can't be known without asking, and a text is fixed
    before the network is touched.
    """
    known = {handle.lower(): did for handle, did in people.items()}
    found = [*_links(written), *_mentions(written, known), *_tags(written)]
    taken: list[tuple[int, int, dict[str, Any]]] = []
    for start, end, feature in sorted(found, key=lambda one: (one[0], -one[1])):
        if not taken or start >= taken[-1][1]:
            taken.append((start, end, feature))
    return [_facet(written, start, end, feature) for start, end, feature in taken]


Found = tuple[int, int, dict[str, Any]]


def _links(written: str) -> list[Found]:
    found = []
    for match in _LINK.finditer(written):
        url = match.group().rstrip(_AFTER_A_LINK)
        if match.group().endswith(")") and url.count("(") > url.count(")"):
            url += ")"
        found.append((match.start(), match.start() + len(url), _feature("link", uri=url)))
    return found


def _mentions(written: str, known: Mapping[str, str]) -> list[Found]:
    return [
        (match.start(), match.end(), _feature("mention", did=known[match.group(1).lower()]))
        for match in _MENTION.finditer(written)
        if match.group(1).lower() in known
    ]


def _tags(written: str) -> list[Found]:
    return [(match.start(), match.end(), _feature("tag", tag=match.group(1))) for match in _TAG.finditer(written)]


def _feature(name: str, **values: str) -> dict[str, Any]:
    return {"$type": f"app.bsky.richtext.facet#{name}", **values}


def _facet(written: str, start: int, end: int, feature: dict[str, Any]) -> dict[str, Any]:
    before, inside = len(written[:start].encode()), len(written[start:end].encode())
    return {"index": {"byteStart": before, "byteEnd": before + inside}, "features": [feature]}
