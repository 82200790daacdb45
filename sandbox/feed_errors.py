"""The feed personality's error answers (mastodon.md §2, §7, §8)."""

from flask import Response
from werkzeug.exceptions import HTTPException

from sandbox.answers import json_answer
from sandbox.faults import Fault

HTML_503 = (
    "<!DOCTYPE html><html><head><title>503 Service Temporarily Unavailable</title></head>"
    "<body><center><h1>503 Service Temporarily Unavailable</h1></center><hr><center>nginx</center></body></html>"
)


class FeedError(Exception):
    """An error answer of the feed personality."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def error_answer(error: FeedError) -> Response:
    """`{"error": text}` (mastodon.md §8)."""
    return json_answer({"error": error.text}, error.status)


def not_found() -> FeedError:
    """mastodon.md §5 Deleted: 404, also for what is not visible to us."""
    return FeedError(404, "Record not found")


def token_is_dead(text: str = "The access token is invalid") -> Response:
    """401 with error="invalid_token" in WWW-Authenticate (mastodon.md §2)."""
    challenge = f'Bearer realm="Doorkeeper", error="invalid_token", error_description="{text}"'
    return json_answer({"error": text}, 401, {"WWW-Authenticate": challenge})


def faulty(fault: Fault) -> Response:
    """The answer of a fault that strikes before or instead of the real one."""
    if fault.kind in ("error_503_html", "error_503_after_accept"):
        # mastodon.md §8: 5xx often HTML from the proxy
        return Response(HTML_503, status=503, content_type="text/html")
    if fault.kind in ("error_500", "error_500_after_accept"):
        return json_answer({"error": "Something went wrong on our end"}, 500)
    if fault.kind == "revoke_token":
        return token_is_dead("The access token was revoked")
    if fault.kind == "dead_token":
        return token_is_dead()
    if fault.kind == "missing_permission":
        # mastodon.md §2: 403 with this text
        return json_answer({"error": "This action is outside the authorized scopes"}, 403)
    if fault.kind == "rate_limited":
        # mastodon.md §7: no Retry-After; the reset stands in the headers that every answer has
        return json_answer({"error": "Too many requests"}, 429)
    reason = str(fault.params.get("reason", "Validation failed: Text is not allowed"))
    return json_answer({"error": reason}, int(fault.params.get("status", 422)))


def account_is_off() -> Response:
    """mastodon.md §2: 403 `Your login is currently disabled`."""
    return json_answer({"error": "Your login is currently disabled"}, 403)


def other_error(error: HTTPException) -> Response:
    """Unknown paths and methods."""
    return json_answer({"error": "Not Found" if error.code == 404 else error.name}, error.code or 500)
