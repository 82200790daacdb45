"""The Bot API's calls: the token stands in the address, which therefore nobody may repeat (telegram.md §1)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.contract import Answered, Http, Malformed, SecretKeeper, Unclear
from inbox.platforms.dates import skew
from inbox.platforms.items import Skew
from inbox.platforms.telegram.errors import envelope, error_of
from inbox.platforms.telegram.values import Json

DEFAULT_SERVICE = "https://api.telegram.org"


@dataclass(frozen=True)
class Got:
    """A good answer: its result, and how far the server's clock is ahead of ours."""

    result: Any
    skew: Skew | None = None

    def thing(self) -> Json:
        """Return the result where it is an object; raises Malformed."""
        if not isinstance(self.result, dict):
            raise Malformed("an object was expected", json.dumps(self.result).encode())
        return self.result


@dataclass(frozen=True)
class Calls:
    """One bot's way to its server; every method raises only PlatformError."""

    service_url: str
    http: Http
    keeper: SecretKeeper

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.keeper.current().values["token"]

    def get(
        self,
        method: str,
        params: Sequence[tuple[str, str]] = (),
        *,
        timeout_seconds: float = 10,
        is_for_send: bool = False,
    ) -> Got:
        """Ask; may be repeated."""
        token = self.token
        answered = self.http.read(
            self._url(token, method),
            params=params,
            timeout_seconds=timeout_seconds,
            is_for_send=is_for_send,
            path_secret=token,
        )
        body = _good(answered, is_write=False)
        return Got(body.get("result"), skew(answered))

    def write(self, method: str, body: Mapping[str, Any], *, timeout_seconds: float = 20) -> Any:
        """Call once and return the result; raises Unclear unless the platform surely did not accept it."""
        token = self.token
        answered = self.http.write(
            self._url(token, method),
            headers={"content-type": "application/json"},
            body=json.dumps(body).encode(),
            timeout_seconds=timeout_seconds,
            path_secret=token,
        )
        return _good(answered, is_write=True).get("result")

    def _url(self, token: str, method: str) -> str:
        return f"{self.service_url}/bot{token}/{method}"


def _good(answered: Answered, *, is_write: bool) -> Json:
    body = envelope(answered)
    if body is None or body["ok"] is not True:
        raise error_of(answered, is_write=is_write)
    if not 200 <= answered.status < 300:
        raise Unclear(f"HTTP {answered.status}") if is_write else Malformed(f"ok, with HTTP {answered.status}")
    return body
