"""The feed's HTTP calls: the address, the token, and what an answer means."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inbox.platforms.contract import Answered, Http, SecretKeeper
from inbox.platforms.sandbox.feed.errors import check_read, check_write


@dataclass(frozen=True)
class Calls:
    """One account's way to its server."""

    service_url: str
    http: Http
    keeper: SecretKeeper

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keeper.current().values['access_token']}"}

    def get(
        self, path: str, params: Sequence[tuple[str, str]] = (), *, timeout_seconds: float = 10, for_send: bool = False
    ) -> Answered:
        """Read; raises PlatformError."""
        url = self.service_url + path
        return check_read(
            self.http.read(
                url, params=params, headers=self._headers(), timeout_seconds=timeout_seconds, is_for_send=for_send
            )
        )

    def post(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Answered:
        """Write once; raises Unclear unless the platform surely did not accept it."""
        sent = self._headers() | {"Content-Type": "application/json"} | dict(headers or {})
        return check_write(self.http.write(self.service_url + path, headers=sent, body=json.dumps(body).encode()))

    def delete(self, path: str) -> Answered:
        """Delete; raises like post."""
        return check_write(self.http.write(self.service_url + path, method="DELETE", headers=self._headers()))
