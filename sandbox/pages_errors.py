"""The pages personality's error answers (facebook.md §8 and §9)."""

import json
import math
import time

from flask import Response
from werkzeug.exceptions import HTTPException

from sandbox.answers import json_answer
from sandbox.faults import Fault
from sandbox.feed_errors import HTML_503
from sandbox.identity import GRAPH_VERSION

TRACE_ID = "AxSandbox0000000000"
APP_CODES = (4, 17)
THROTTLED_TEXT = {
    4: "(#4) Application request limit reached",
    17: "(#17) User request limit reached",
    32: "(#32) Page request limit reached",
    613: "(#613) Calls to this api have exceeded the rate limit.",
    80001: "(#80001) There have been too many calls to this Page account. Wait a bit and try again.",
    80006: "(#80006) There have been too many calls to this Messenger account. Wait a bit and try again.",
}


class GraphError(Exception):
    """An error answer of the pages personality."""

    def __init__(
        self,
        code: int,
        text: str,
        subcode: int | None = None,
        status: int = 400,
        kind: str = "OAuthException",
        is_transient: bool = False,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.body = {"message": text, "type": kind, "code": code}
        if subcode is not None:
            self.body["error_subcode"] = subcode
        if is_transient:
            self.body["is_transient"] = True
        self.body["fbtrace_id"] = TRACE_ID


def error_answer(error: GraphError) -> Response:
    """`{"error": {message, type, code, error_subcode?, is_transient?, fbtrace_id}}` (facebook.md §8)."""
    return json_answer({"error": error.body}, error.status)


def gone(item_id: str, verb: str = "get") -> GraphError:
    """Vanished or not visible: 100 subcode 33, with the start that the platform gives (facebook.md §9)."""
    text = (
        f"Unsupported {verb} request. Object with ID '{item_id}' does not exist, cannot be loaded due to missing "
        "permissions, or does not support this operation"
    )
    return GraphError(100, text, 33, kind="GraphMethodException")


def bad(text: str) -> GraphError:
    """A bad parameter: 100, do not retry (facebook.md §9)."""
    return GraphError(100, f"(#100) {text}")


def outside_window() -> GraphError:
    """Messaging window closed: 10 / 2018278 (facebook.md §9)."""
    return GraphError(10, "(#10) This message is sent outside of allowed window.", 2018278, status=403)


def token_is_dead(subcode: int = 467, status: int = 400) -> Response:
    """190 with a subcode as HTTP 400 or 401 (facebook.md §2)."""
    texts = {
        458: "Error validating access token: The user has not authorized application.",
        460: "Error validating access token: The session has been invalidated because the password was changed.",
        463: "Error validating access token: Session has expired.",
    }
    text = texts.get(subcode, "Invalid OAuth access token - Cannot parse access token")
    return error_answer(GraphError(190, text, subcode, status))


def no_token() -> Response:
    """Nobody signed in."""
    return error_answer(GraphError(2500, "An active access token must be used to query information.", status=400))


def faulty(fault: Fault) -> Response:
    """The answer of a fault that strikes before or instead of the real one."""
    if fault.kind in ("error_503_html", "error_503_after_accept"):
        return Response(HTML_503, status=503, content_type="text/html")
    if fault.kind in ("error_500", "error_500_after_accept"):
        # facebook.md §9: 1, 2 are transient
        code = int(fault.params.get("code", 2))
        return error_answer(
            GraphError(
                code,
                "An unexpected error has occurred. Please retry your request later.",
                status=500,
                is_transient=True,
            )
        )
    if fault.kind == "revoke_token":
        return token_is_dead(int(fault.params.get("subcode", 458)), int(fault.params.get("status", 401)))
    if fault.kind == "dead_token":
        return token_is_dead(int(fault.params.get("subcode", 460)), int(fault.params.get("status", 400)))
    if fault.kind == "missing_permission":
        # facebook.md §9: 10, 200-299
        code = int(fault.params.get("code", 200))
        return error_answer(GraphError(code, f"(#{code}) Requires pages_manage_engagement permission", status=403))
    if fault.kind == "rate_limited":
        return _throttled(fault)
    code = int(fault.params.get("code", 100))
    reason = str(fault.params.get("reason", "The message can not be published"))
    return error_answer(
        GraphError(code, f"(#{code}) {reason}", fault.params.get("subcode"), int(fault.params.get("status", 400)))
    )


def no_look() -> Response:
    """The fault no_lookup: transient, code 2 (facebook.md §9)."""
    return error_answer(GraphError(2, "Service temporarily unavailable", status=500, is_transient=True))


def unknown_path(error: HTTPException) -> Response:
    """Unknown paths and methods."""
    return error_answer(GraphError(2500, f"Unknown path components ({error.name})", status=error.code or 400))


def usage(percent: int, page_id: str) -> dict[str, str]:
    """Headers that come only once use is noticeable (facebook.md §7); slow down at 80 % and more."""
    used = {"call_count": percent, "total_time": 25, "total_cputime": 25}
    business = [{"type": "pages", **used, "estimated_time_to_regain_access": 0}]
    return {"X-App-Usage": json.dumps(used), "X-Business-Use-Case-Usage": json.dumps({page_id: business})}


def _throttled(fault: Fault) -> Response:
    """HTTP 400 with the code; minutes in a header, no Retry-After (facebook.md §7)."""
    code = int(fault.params.get("code", 80001))
    left = fault.until - time.time() if fault.until is not None else fault.number("seconds", 300.0)
    minutes = int(fault.number("minutes", math.ceil(max(1.0, left) / 60)))
    answer = error_answer(
        GraphError(
            code, THROTTLED_TEXT.get(code, f"(#{code}) Too many calls"), status=int(fault.params.get("status", 400))
        )
    )
    if code in APP_CODES:
        answer.headers["X-App-Usage"] = json.dumps({"call_count": 100, "total_time": 25, "total_cputime": 25})
    kind = "messenger" if code == 80006 else "pages"
    answer.headers["X-Business-Use-Case-Usage"] = json.dumps(
        {
            str(fault.params.get("object", "109000000000001")): [
                {
                    "type": kind,
                    "call_count": 100,
                    "total_cputime": 25,
                    "total_time": 25,
                    "estimated_time_to_regain_access": minutes,
                }
            ]
        }
    )
    answer.headers["facebook-api-version"] = GRAPH_VERSION
    return answer
