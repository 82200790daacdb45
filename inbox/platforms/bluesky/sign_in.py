"""Signing in with a handle and an app password, and saying which of the five things was wrong (bluesky.md §2)."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from inbox.platforms.bluesky.errors import error_of, read_error
from inbox.platforms.bluesky.profile import Profile
from inbox.platforms.bluesky.session import make_secret
from inbox.platforms.bluesky.values import Json, text
from inbox.platforms.bluesky.xrpc import Calls, got
from inbox.platforms.contract import (
    Answered,
    Http,
    Malformed,
    PermissionMissing,
    PlatformError,
    Refresher,
    Refused,
    Secret,
    TokenExpired,
    Unavailable,
)
from inbox.platforms.outgoing import Verified

DEFAULT_SERVICE = "https://bsky.social"
WITHIN_SECONDS = 10.0
RESOLVE_SECONDS = 3.0
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_DEAD = {"deactivated": "account_deactivated", "takendown": "account_takendown", "suspended": "account_suspended"}


@dataclass(frozen=True)
class Given:
    """A contract.SecretKeeper for a session that is not kept yet."""

    secret: Secret

    def current(self) -> Secret:
        """Return what was given."""
        return self.secret

    def refresh(self, refresher: Refresher, stale: Secret) -> Secret:
        """A session of this minute is not refreshed."""
        raise TokenExpired("a fresh session is expired already")


def sign_in(given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
    """Make a session of {handle, app_password, service_url?, public_only?}; ends within ten seconds.

    Raises PlatformError with one of the codes: host_not_found, connection_refused, tls_failed, timeout,
    plain_http_refused, address_refused, not_this_platform, handle_unknown, sign_in_refused,
    two_factor_needed, account_deactivated, account_takendown, account_suspended, rate_limited,
    and unless public_only is "1": permission_missing_direct, direct_not_offered (bluesky.md §5).
    """
    ends_at = time.monotonic() + WITHIN_SECONDS
    attempt = _Attempt(http, clean_service(given.get("service_url", "")), ends_at)
    body = attempt.create(clean_handle(given.get("handle", "")), given.get("app_password", "").strip())
    try:
        secret = make_secret(body, attempt.service_url)
    except Malformed as error:
        raise Unavailable(error.detail, code="not_this_platform") from None
    if body.get("active") is False:
        raise TokenExpired(text(body, "status"), code=_DEAD.get(text(body, "status"), "account_inactive"))
    verified = Profile(Calls(http, Given(secret)), within_seconds=max(ends_at - time.monotonic(), 0.5)).verify()
    if not verified.is_alive:
        raise TokenExpired(code=verified.dead_reason)
    lacks = verified.limits.private.reason
    if lacks in ("permission_missing_direct", "direct_not_offered") and given.get("public_only") != "1":
        raise PermissionMissing(code=lacks)
    return secret, verified


def clean_handle(typed: str) -> str:
    """Return a handle, DID or e-mail address as typed or pasted, without what nobody sees."""
    bare = _INVISIBLE.sub("", typed).removeprefix("https://bsky.app/profile/").removeprefix("@").rstrip("/.")
    return bare if bare.startswith("did:") else bare.lower()


def clean_service(typed: str) -> str:
    """Return a server's address with its scheme and without a path; Bluesky's own where none is given."""
    bare = _INVISIBLE.sub("", typed).rstrip("/")
    if not bare:
        return DEFAULT_SERVICE
    if "://" not in bare:
        bare = f"https://{bare}"
    scheme, _, rest = bare.partition("://")
    return f"{scheme.lower()}://{rest.split('/')[0]}"


@dataclass(frozen=True)
class _Attempt:
    """One try to sign in at one server, before there is any token."""

    http: Http
    service_url: str
    ends_at: float

    def create(self, handle: str, password: str) -> Json:
        """Ask for a session; raises PlatformError."""
        if not handle:
            raise Refused("no handle was given", code="handle_unknown")
        if not password:
            raise Refused("no app password was given", code="sign_in_refused")
        answered = self._ask(handle, password)
        if 200 <= answered.status < 300:
            return self._session(answered)
        name, detail = read_error(answered)
        if name == "AuthenticationRequired":
            raise Refused(detail, code="sign_in_refused" if self._is_known(handle) else "handle_unknown")
        if name in ("InvalidRequest", "InvalidHandle"):
            raise Refused(detail, code="handle_unknown")
        raise _without_token(answered)

    def _ask(self, handle: str, password: str) -> Answered:
        return self.http.read(
            f"{self.service_url}/xrpc/com.atproto.server.createSession",
            method="POST",
            headers={"content-type": "application/json"},
            body=json.dumps({"identifier": handle, "password": password}).encode(),
            timeout_seconds=max(self.ends_at - time.monotonic() - 2, 0.5),
            is_for_send=True,
        )

    def _session(self, answered: Answered) -> Json:
        try:
            return got(answered).body
        except Malformed:
            raise Unavailable("the answer is no session", code="not_this_platform") from None

    def _is_known(self, handle: str) -> bool:
        """Tell whether the handle exists; where that can't be found out, the password is what is doubted."""
        if handle.startswith("did:") or "@" in handle:
            return True
        seconds = min(RESOLVE_SECONDS, max(self.ends_at - time.monotonic(), 0.1))
        url = f"{self.service_url}/xrpc/com.atproto.identity.resolveHandle"
        try:
            answered = self.http.read(url, params=[("handle", handle)], timeout_seconds=seconds, is_for_send=True)
        except PlatformError:
            return True
        return answered.status != 400


def _without_token(answered: Answered) -> PlatformError:
    """Return what an error means where no token was used: nothing that a server says can be about one."""
    error = error_of(answered)
    if isinstance(error, TokenExpired) and not error.code.startswith("account_"):
        return Refused(error.detail, code="sign_in_refused")
    if isinstance(error, Malformed):
        return Unavailable(error.detail, code="not_this_platform")
    return error
