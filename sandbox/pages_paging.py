"""Paging of the pages personality: cursors with next, and the until/since addresses of post lists."""

import base64
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import request

from sandbox.answers import cursor, trace, whole
from sandbox.graph_fields import Field, unparse_fields
from sandbox.items import Item

Row = TypeVar("Row")
PAGING = ("after", "before", "until", "since", "__paging_token", "__previous")
DEFAULT_LIMIT, MOST = 25, 100


def page_of_cursors(
    rows: list[Row],
    name: Callable[[Row], str],
    worded: Callable[[Row], dict[str, Any]],
    root: str,
    nested: Field | None = None,
) -> dict[str, Any]:
    """`{data, paging:{cursors, next?, previous?}}` (facebook.md §3 Paging answer).

    A missing `next` ends the walk; cursors stand on the last page too; an empty answer has no paging. `nested` is the
    field of another list that holds this one: the request's cursors are that list's, not this one's.
    """
    limit = request.args.get("limit") if nested is None else nested.limits.get("limit")
    size = whole(limit, DEFAULT_LIMIT, MOST)
    names = [name(row) for row in rows]
    start, end = _between(names, size) if nested is None else (0, min(size, len(names)))
    page = rows[start:end]
    body: dict[str, Any] = {"data": [worded(row) for row in page]}
    if not page:
        return body
    before, after = _wrap(names[start]), _wrap(names[end - 1])
    paging: dict[str, Any] = {"cursors": {"before": before, "after": after}}
    if end < len(rows) or (nested is None and trace().is_page_repeated):
        paging["next"] = _address(root, {"after": after, "limit": str(size)}, nested)
    if start > 0:
        paging["previous"] = _address(root, {"before": before, "limit": str(size)}, nested)
    return {**body, "paging": paging}


def page_by_time(posts: list[Item], worded: Callable[[Item], dict[str, Any]], root: str) -> dict[str, Any]:
    """Posts, newest first, with `since`/`until` and `__paging_token` in the addresses and no cursors (§3.1)."""
    size = whole(request.args.get("limit"), DEFAULT_LIMIT, MOST)
    until, since, token = cursor("until"), request.args.get("since"), cursor("__paging_token")
    if until is not None and token is not None:
        edge = (float(until), int(token))
        posts = [one for one in posts if (int(one.authored_at), one.n) < edge]
    elif until is not None:
        posts = [one for one in posts if one.authored_at <= float(until)]
    if since:
        posts = [one for one in posts if one.authored_at >= float(since)]
    page = posts[:size]
    body: dict[str, Any] = {"data": [worded(one) for one in page]}
    if not page:
        return body
    first, last = page[0], page[-1]
    paging = {
        "previous": _address(
            root,
            {
                "since": str(int(first.authored_at)),
                "__paging_token": str(first.n),
                "__previous": "1",
                "limit": str(size),
            },
        )
    }
    if len(posts) > size or trace().is_page_repeated:
        paging["next"] = _address(
            root,
            {
                "until": str(int(last.authored_at)),
                "__paging_token": str(last.n),
                "limit": str(size),
            },
        )
    return {**body, "paging": paging}


def _between(names: list[str], size: int) -> tuple[int, int]:
    after, before = cursor("after"), cursor("before")
    if after is not None:
        start = _place(names, after) + 1
        return start, min(start + size, len(names))
    if before is not None:
        end = max(0, _place(names, before))
        return max(0, end - size), end
    return 0, min(size, len(names))


def _place(names: list[str], wrapped: str) -> int:
    """Where the named row stands, or the row before where it stood; rows sort by name when it has gone."""
    wanted = _unwrap(wrapped)
    if wanted in names:
        return names.index(wanted)
    is_rising = len(names) < 2 or names[0] < names[-1]
    passed = [name for name in names if (name < wanted if is_rising else name > wanted)]
    return len(passed) - 1


def _address(root: str, more: dict[str, str], nested: Field | None = None) -> str:
    """facebook.md §2 NOTE: `paging.next` embeds the access token."""
    kept = {name: value for name, value in request.args.items() if name not in (*PAGING, "limit", "access_token")}
    if nested is not None:
        kept = {**nested.limits, "fields": unparse_fields(nested.inside)}
    token = request.args.get("access_token") or request.headers.get("Authorization", "").removeprefix("Bearer ")
    return f"{root}?{urlencode({'access_token': token, **kept, **more})}"


def _wrap(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _unwrap(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (ValueError, UnicodeDecodeError):
        return ""
