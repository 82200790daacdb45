"""HTTP to providers: one call through the guarded client, and what its answer means for the letter."""

import json
from collections.abc import Mapping
from typing import Any

from inbox.fetch import Answer, FetchError
from inbox.notifications.contract import NotDelivered, Wire

MOST_BYTES = 256 * 1024
LONGEST_WAIT_SECONDS = 300.0
# Another try would be refused for the same reason: the address itself is at fault.
_FINAL = frozenset({"bad_address", "address_refused", "plain_http_refused"})
# Not accepted, but a later try may be: too early, too often, or the server said that it takes nothing now.
_LATER = frozenset({408, 421, 425, 429, 503})


def post(wire: Wire, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Post once and return an answer of 2xx; raises NotDelivered for everything else."""
    try:
        answer = wire.fetcher.write(
            url, headers=headers, body=body, timeout_seconds=wire.seconds, most_bytes=MOST_BYTES, is_path_secret=True
        )
    except FetchError as error:
        raise _unsent(error) from None
    if not 200 <= answer.status < 300:
        raise refusal(answer)
    return answer


def post_json(wire: Wire, url: str, values: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answer:
    """Post JSON once; raises NotDelivered."""
    body = json.dumps(values, ensure_ascii=False).encode()
    return post(wire, url, body, {"content-type": "application/json"} | dict(headers or {}))


def get(wire: Wire, url: str, headers: Mapping[str, str]) -> Answer:
    """Read once and return an answer of 2xx; raises NotDelivered."""
    try:
        answer = wire.fetcher.read(url, headers=headers, timeout_seconds=wire.seconds, most_bytes=MOST_BYTES)
    except FetchError as error:
        raise _unsent(error) from None
    if not 200 <= answer.status < 300:
        raise refusal(answer)
    return answer


def json_of(answer: Answer) -> dict[str, Any]:
    """Return a JSON object; an empty one where the answer is none, for the status has said what counts."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def word(found: Mapping[str, Any], name: str) -> str | None:
    """Return a short word or number of an answer, None where there is none."""
    value = found.get(name)
    return str(value)[:200] if isinstance(value, str | int) and not isinstance(value, bool) else None


def refusal(answer: Answer) -> NotDelivered:
    """Return what an answer of another status than 2xx means."""
    status = answer.status
    code = f"http_{status}"
    if status in _LATER:
        return NotDelivered(code, is_sure=True, again_seconds=_again(answer))
    if 300 <= status < 400:
        return NotDelivered("redirected", is_sure=True, is_final=True)
    if 400 <= status < 500:
        return NotDelivered(code, is_sure=True, is_final=True)
    return NotDelivered(code, is_sure=False)


def _again(answer: Answer) -> float | None:
    given = answer.headers.get("retry-after", "").strip()
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        return None
    return min(float(given), LONGEST_WAIT_SECONDS)


def _unsent(error: FetchError) -> NotDelivered:
    return NotDelivered(error.code, is_sure=error.is_before_first_byte, is_final=error.code in _FINAL)
