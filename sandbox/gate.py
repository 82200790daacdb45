"""What happens around every platform request: faults before it, faults after it, and its line in the ledger."""

import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request

from sandbox import faults
from sandbox.answers import Trace, trace
from sandbox.faults import Fault
from sandbox.world import World

Worded = Callable[[Fault], Response]
SECRET_PARAMETERS = ("access_token", "input_token", "appsecret_proof", "verify_token", "client_secret")


def begin(personality: str) -> None:
    """Opens the notes about this request."""
    g.trace = Trace(begun_at=time.time(), personality=personality)


def strike_first(world: World, worded: Worded) -> Response | None:
    """Faults that come before anything is looked at: outage, hang, slow, 5xx."""
    fault = _take(world, faults.GATE)
    if fault is None:
        return None
    if fault.kind == "slow":
        world.stopping.wait(fault.number("seconds", 2.0))
        return None
    if fault.kind in ("outage", "hang"):
        if fault.kind == "hang":
            world.stopping.wait(fault.number("seconds", 30.0))
        return _drop()
    return worded(fault)


def strike_token(world: World, worded: Worded) -> Response | None:
    """A token that died; the answer of the platform, None when all is well."""
    fault = _take(world, ("dead_token", "revoke_token"))
    return worded(fault) if fault else None


def strike_signed_in(world: World, worded: Worded) -> Response | None:
    """Faults that a valid token meets: permission, throttling, refusal; remembers a repeating page."""
    fault = _take(world, ("missing_permission", *faults.LIMIT, *faults.WRITE))
    if fault is not None:
        return worded(fault)
    trace().is_page_repeated = request.method == "GET" and _take(world, faults.PAGING) is not None
    return None


def finish(world: World, answer: Response, worded: Worded) -> Response:
    """Faults on the answer, the platform's clock in `Date`, and the line in the ledger."""
    notes = trace()
    if answer.status_code < 300:
        answer = _spoil(world, answer, worded)
    told = datetime.fromtimestamp(world.told_now(notes.personality), UTC)
    answer.headers["Date"] = format_datetime(told, usegmt=True)
    for name, value in notes.headers.items():
        answer.headers[name] = value
    is_fine = answer.status_code < 300
    world.ledger.record_request(
        notes.personality,
        {
            "begun_at": notes.begun_at,
            "method": request.method,
            "path": request.path,
            "query": safe_query(),
            "status": answer.status_code,
            "fault": notes.fault.kind if notes.fault else None,
            "is_delivered": int(notes.is_delivered),
        },
        notes.carried if is_fine and notes.is_delivered else (),
        notes.is_intact,
    )
    if not notes.is_delivered:
        _close_connection()
    return answer


def safe_query() -> str:
    """The query without tokens."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in SECRET_PARAMETERS]
    return urlencode(kept)


def _take(world: World, kinds: tuple[str, ...]) -> Fault | None:
    notes = trace()
    fault = world.faults.take(notes.personality, kinds, request.method, request.path)
    if fault is not None:
        notes.fault = fault
    return fault


def _spoil(world: World, answer: Response, worded: Worded) -> Response:
    notes = trace()
    if notes.is_accepting:
        fault = _take(world, faults.AFTER_ACCEPT)
        if fault is not None:
            return _after_accept(world, fault, worded)
    if request.method != "GET" or not answer.is_json:
        return answer
    body = json.loads(answer.get_data())
    # A fault of rows waits for an answer that has some: one that met none was no fault.
    fault = _take(world, faults.ANSWER if any(_lists(body)) else faults.WHOLE_ANSWER)
    if fault is None:
        return answer
    if fault.kind == "malformed_json":
        notes.is_intact = False
        text = answer.get_data()
        answer.set_data(text[: max(1, len(text) * 2 // 3)])
    else:
        _change_lists(fault.kind, body)
        notes.is_intact = fault.kind != "malformed_item"
        answer.set_data(json.dumps(body, ensure_ascii=False))
    return answer


def _after_accept(world: World, fault: Fault, worded: Worded) -> Response:
    if fault.kind == "hang_after_accept":
        world.stopping.wait(fault.number("seconds", 60.0))
    if fault.kind in ("hang_after_accept", "drop_after_accept"):
        return _drop()
    return worded(fault)


def _change_lists(kind: str, body: Any) -> None:
    for rows in filter(None, _lists(body)):
        if kind == "duplicates":
            rows.extend(list(rows))
        elif kind == "reorder":
            rows.sort(key=lambda row: zlib.crc32(json.dumps(row, sort_keys=True).encode()))
        else:
            rows[0] = _spoilt(rows[0])


def _lists(body: Any) -> Iterator[list[Any]]:
    if isinstance(body, list):
        yield body
    elif isinstance(body, dict):
        for name in ("data", "descendants"):
            if isinstance(body.get(name), list):
                yield body[name]


def _spoilt(row: Any) -> Any:
    """The same item as no parser expects it: a date that is none, an id that is a list, the text a number."""
    if not isinstance(row, dict):
        return row
    wrong = {"created_at": "not a date", "created_time": "not a date", "message": 7, "content": 7, "status": "gone"}
    return {name: wrong.get(name, value) for name, value in row.items()}


def _drop() -> Response:
    """No answer: `finish` closes the connection once the ledger knows of it."""
    trace().is_delivered = False
    return Response(status=599)


def _close_connection() -> None:
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client was faster
