"""What one request collects while it is answered: which versions it carries, which fault it met."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, g, request

from sandbox.faults import Fault


@dataclass
class Trace:
    """Notes about the request being answered; they go to the ledger when it ends."""

    begun_at: float
    personality: str
    carried: set[tuple[str, int]] = field(default_factory=set)
    fault: Fault | None = None
    is_intact: bool = True
    is_delivered: bool = True
    is_page_repeated: bool = False
    is_other_account: bool = False
    is_accepting: bool = False
    headers: dict[str, str] = field(default_factory=dict)


def trace() -> Trace:
    """The notes of the current request."""
    found: Trace = g.trace
    return found


def carry(item_id: str, version_no: int) -> None:
    """Notes that the answer carries this version."""
    trace().carried.add((item_id, version_no))


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer as both platforms send them."""
    answer = Response(
        json.dumps(body, ensure_ascii=False), status=status, content_type="application/json; charset=utf-8"
    )
    answer.headers.update(headers or {})
    return answer


def given() -> dict[str, Any]:
    """Parameters from the query, the form and a JSON body together; a later one wins."""
    values: dict[str, Any] = {}
    for source in (request.args, request.form):
        for name in source:
            found = source.getlist(name)
            values[name] = found if name.endswith("[]") else found[-1]
    body = request.get_json(silent=True) if request.is_json else None
    if isinstance(body, dict):
        values.update(body)
    return values


def cursor(name: str) -> str | None:
    """A paging parameter, None while the fault repeat_page makes the server ignore it."""
    value = request.args.get(name)
    return None if trace().is_page_repeated or not value else value


def is_true(value: Any) -> bool:
    """A flag as forms and JSON write it."""
    return value is True or str(value).lower() in ("true", "1", "on", "t")


def whole(value: Any, otherwise: int, most: int) -> int:
    """A number from 1 to `most`, or `otherwise` when it is none."""
    try:
        return max(1, min(int(value), most))
    except (TypeError, ValueError):
        return min(otherwise, most)
