"""The pages' HTTP calls: versioned addresses, the token in a header, and what an answer means."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from inbox.platforms.contract import Answered, Http, Malformed, SecretKeeper
from inbox.platforms.sandbox.pages.errors import check_read, check_write

VERSION = "v25.0"
_NEVER_KEPT = {"access_token", "appsecret_proof"}


@dataclass(frozen=True)
class Listed:
    """One page of a list; `next_params` asks for the one after it, without the token."""

    rows: Sequence[Any]
    next_params: list[list[str]] | None
    answered: Answered


@dataclass(frozen=True)
class Calls:
    """One page's way to its server."""

    service_url: str
    http: Http
    keeper: SecretKeeper

    def _headers(self, token: str = "") -> dict[str, str]:
        # In a header, for an address ends up in logs (facebook.md §2).
        return {"Authorization": f"Bearer {token or self.keeper.current().values['access_token']}"}

    def _url(self, path: str) -> str:
        return f"{self.service_url}/{VERSION}/{path}"

    def get(
        self, path: str, params: Sequence[tuple[str, str]] = (), *, timeout_seconds: float = 10, for_send: bool = False
    ) -> Answered:
        """Read; raises PlatformError."""
        return check_read(
            self.http.read(
                self._url(path),
                params=params,
                headers=self._headers(),
                timeout_seconds=timeout_seconds,
                is_for_send=for_send,
            )
        )

    def object(self, path: str, params: Sequence[tuple[str, str]] = (), **how: Any) -> dict[str, Any]:
        """Read one object; raises PlatformError."""
        answered = self.get(path, params, **how)
        found = answered.json()
        if not isinstance(found, dict):
            raise Malformed("an object was expected", answered.body)
        return found

    def list(self, path: str, params: Sequence[tuple[str, str]], more: Any = None, **how: Any) -> Listed:
        """Read one page of a list; `more` is the next_params of the page before it."""
        kept = [(str(key), str(value)) for key, value in more] if more else []
        names = {key for key, _ in kept}
        answered = self.get(path, [pair for pair in params if pair[0] not in names] + kept, **how)
        found = answered.json()
        if not isinstance(found, dict) or not isinstance(found.get("data"), list):
            raise Malformed("a list was expected", answered.body)
        return Listed(found["data"], next_params(found), answered)

    def post(self, path: str, body: Mapping[str, Any], *, token: str = "") -> dict[str, Any]:
        """Write once; raises Unclear unless the platform surely did not accept it. `token`: not the page's."""
        headers = self._headers(token) | {"Content-Type": "application/json"}
        answered = check_write(self.http.write(self._url(path), headers=headers, body=json.dumps(body).encode()))
        return _written(answered)

    def delete(self, path: str) -> None:
        """Delete; raises like post."""
        check_write(self.http.write(self._url(path), method="DELETE", headers=self._headers()))


def next_params(found: Mapping[str, Any]) -> list[list[str]] | None:
    """Return what asks for the next page, None at the end: only a missing `next` ends a walk (facebook.md §3)."""
    paging = found.get("paging")
    url = paging.get("next") if isinstance(paging, dict) else None
    if not isinstance(url, str):
        return None
    return [[key, value] for key, value in parse_qsl(urlsplit(url).query) if key not in _NEVER_KEPT]


def _written(answered: Answered) -> dict[str, Any]:
    try:
        found = json.loads(answered.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
