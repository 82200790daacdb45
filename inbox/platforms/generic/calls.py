"""The one call that a bridge knows: signed JSON to its one address, and what its answer means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from inbox import clock
from inbox.platforms.contract import (
    Answered,
    Gone,
    Http,
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    SecretKeeper,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.generic.signing import signed
from inbox.platforms.generic.values import text
from inbox.security import scrub

WAIT_SECONDS = 60
LONGEST_WAIT_SECONDS = 3600
_LONGEST_NUMBER = 6
# What a bridge may say in `error`; anything else counts as refused.
REASONS = frozenset({"text_too_long", "window_closed", "not_allowed", "blocked", "duplicate", "parent_gone"})


@dataclass(frozen=True)
class Calls:
    """The way to one bridge."""

    service_url: str
    http: Http
    keeper: SecretKeeper

    def ask(
        self, do: str, *, timeout_seconds: float = 10, for_send: bool = False, **given: Any
    ) -> tuple[Mapping[str, Any], Answered]:
        """Make a call that may be repeated; raises PlatformError."""
        body = _body(do, given)
        answered = self.http.read(
            self.service_url,
            method="POST",
            headers=self._headers(body),
            body=body,
            timeout_seconds=timeout_seconds,
            is_for_send=for_send,
        )
        if answered.status >= 300:
            raise _meaning(answered) or Unavailable(words(answered), code="server_error")
        return _object(answered), answered

    def tell(self, do: str, **given: Any) -> Mapping[str, Any]:
        """Write once; raises Unclear unless the bridge says in its own words that it did not accept it."""
        body = _body(do, given)
        answered = self.http.write(self.service_url, headers=self._headers(body), body=body)
        if answered.status < 300:
            try:
                return _object(answered)
            except Malformed as error:
                raise Unclear(f"accepted, but its answer can't be read: {error.detail}") from None
        refusal = _meaning(answered)
        if refusal is None or not _error(answered):  # a proxy may answer 4xx for something that went through
            raise Unclear(words(answered))
        refusal.is_surely_not_accepted = True
        raise refusal

    def _headers(self, body: bytes) -> dict[str, str]:
        return signed(self.keeper.current().values["secret"], clock.now(), body)


def _body(do: str, given: Mapping[str, Any]) -> bytes:
    return json.dumps({"do": do} | dict(given), ensure_ascii=False).encode()


def _object(answered: Answered) -> Mapping[str, Any]:
    found = answered.json()
    if not isinstance(found, dict):
        raise Malformed("an object was expected", answered.body)
    return found


def _error(answered: Answered) -> Mapping[str, Any]:
    try:
        found = json.loads(answered.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("error"), str) else {}


def _meaning(answered: Answered) -> PlatformError | None:
    """Return what an answer above 299 means; None where that is not clear."""
    code, detail = text(_error(answered), "error"), words(answered)
    if answered.status == 429:
        return RateLimited(until(answered.headers), detail)
    if answered.status == 401:
        return TokenExpired(detail)
    if not 400 <= answered.status < 500 or answered.status == 408:
        return None
    if code in ("unknown_message", "gone"):
        return Gone(detail)
    if code == "not_offered":
        return Refused(detail, code="not_offered")
    if answered.status == 403 and code not in REASONS:
        return PermissionMissing(detail)
    return Refused(detail, code=code if code in REASONS else None)


def until(headers: Mapping[str, str]) -> datetime:
    """Return until when to ask nothing: Retry-After in seconds, a minute without it, an hour at most."""
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    is_number = said.isascii() and said.isdecimal() and len(said) < _LONGEST_NUMBER
    seconds = int(said) if is_number else WAIT_SECONDS
    return clock.now() + timedelta(seconds=max(1, min(seconds, LONGEST_WAIT_SECONDS)))


def words(answered: Answered) -> str:
    """Return the bridge's own words, without secrets, 300 characters at most."""
    error = _error(answered)
    return scrub(text(error, "detail") or text(error, "error") or f"HTTP {answered.status}")[:300]
