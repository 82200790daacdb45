"""The network's calls: queries are GET, procedures POST JSON; a stale token is refreshed once (bluesky.md §1, §2)."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inbox.platforms.bluesky.errors import StaleToken, error_of
from inbox.platforms.bluesky.session import make_secret
from inbox.platforms.bluesky.values import Json
from inbox.platforms.contract import (
    Answered,
    Http,
    Malformed,
    PlatformError,
    Secret,
    SecretKeeper,
    TokenExpired,
    Unclear,
)
from inbox.platforms.dates import skew
from inbox.platforms.items import Skew

CHAT = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Got:
    """A good answer: its JSON object, the bytes it came as, and how far the server's clock is ahead of ours."""

    body: Json
    raw: bytes = field(repr=False, default=b"")
    skew: Skew | None = None


@dataclass(frozen=True)
class Calls:
    """One account's way to its server; every method raises only PlatformError."""

    http: Http
    keeper: SecretKeeper

    def get(self, nsid: str, params: Params = (), *, timeout_seconds: float = 10, is_for_send: bool = False) -> Got:
        """Ask a query."""

        def ask(secret: Secret) -> Answered:
            return self.http.read(
                _url(secret, nsid),
                params=params,
                headers=_headers(secret, nsid),
                timeout_seconds=timeout_seconds,
                is_for_send=is_for_send,
            )

        return got(self._with_fresh_token(ask, nsid), is_chat=_is_chat(nsid))

    def repeat(self, nsid: str, body: Mapping[str, Any], *, timeout_seconds: float = 10) -> Got:
        """Call a procedure that may be repeated without harm."""

        def ask(secret: Secret) -> Answered:
            return self.http.read(
                _url(secret, nsid),
                method="POST",
                headers=_headers(secret, nsid) | {"content-type": "application/json"},
                body=json.dumps(body).encode(),
                timeout_seconds=timeout_seconds,
                is_for_send=True,
            )

        return got(self._with_fresh_token(ask, nsid), is_chat=_is_chat(nsid))

    def write(self, nsid: str, body: Mapping[str, Any], *, timeout_seconds: float = 20) -> Got:
        """Call a procedure once. A stale token was surely not accepted: then once more within the same time."""
        ends_at = time.monotonic() + timeout_seconds
        sent = json.dumps(body).encode()

        def ask(secret: Secret) -> Answered:
            return self.http.write(
                _url(secret, nsid),
                headers=_headers(secret, nsid) | {"content-type": "application/json"},
                body=sent,
                timeout_seconds=max(ends_at - time.monotonic(), 0.1),
            )

        try:
            return got(self._with_fresh_token(ask, nsid, is_write=True), is_chat=_is_chat(nsid), is_write=True)
        except Malformed as error:  # accepted, it seems, but not in words that we can keep
            raise Unclear(error.detail) from None

    def _with_fresh_token(self, ask: Any, nsid: str, *, is_write: bool = False) -> Answered:
        secret = self.keeper.current()
        answered: Answered = ask(secret)
        if not _is_stale(answered, nsid, is_write=is_write):
            return answered
        try:
            secret = self.keeper.refresh(self._refresh, secret)
        except PlatformError as error:
            error.is_surely_not_accepted = True
            raise
        return ask(secret)  # type: ignore[no-any-return]

    def _refresh(self, old: Secret) -> Secret:
        """Exchange the refresh token; repeating it within two hours gives the same again (bluesky.md §2)."""
        answered = self.http.read(
            f"{old.values['service_url']}/xrpc/com.atproto.server.refreshSession",
            method="POST",
            headers={"authorization": f"Bearer {old.values['refreshJwt']}"},
            is_for_send=True,
        )
        try:
            fresh = make_secret(got(answered).body, old.values["service_url"])
        except StaleToken as error:
            raise TokenExpired(error.detail) from None
        if fresh.values["did"] != old.values["did"]:
            raise TokenExpired("the refreshed session is of another account")
        return fresh


def got(answered: Answered, *, is_chat: bool = False, is_write: bool = False) -> Got:
    """Return a good answer's object; raises what anything else means."""
    if not 200 <= answered.status < 300:
        raise error_of(answered, is_chat=is_chat, is_write=is_write)
    if not answered.body:
        return Got({}, b"", skew(answered))
    body = answered.json()
    if not isinstance(body, dict):
        raise Malformed("an object was expected", answered.body)
    return Got(body, answered.body, skew(answered))


def _is_stale(answered: Answered, nsid: str, *, is_write: bool) -> bool:
    if answered.status not in (400, 401):
        return False
    return isinstance(error_of(answered, is_chat=_is_chat(nsid), is_write=is_write), StaleToken)


def _is_chat(nsid: str) -> bool:
    return nsid.startswith("chat.")


def _url(secret: Secret, nsid: str) -> str:
    return f"{secret.values['service_url']}/xrpc/{nsid}"


def _headers(secret: Secret, nsid: str) -> dict[str, str]:
    bearer = {"authorization": f"Bearer {secret.values['accessJwt']}"}
    return bearer | CHAT if _is_chat(nsid) else bearer
