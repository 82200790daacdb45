"""One account's way to its server: the address, the token, and what an answer means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from inbox.platforms.contract import (
    Answered,
    Http,
    Malformed,
    PlatformError,
    SecretKeeper,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.mastodon import errors
from inbox.platforms.mastodon.values import ident, load_or_none

ME = "/api/v1/accounts/verify_credentials"
Params = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Calls:
    """Calls of one account; every method raises only PlatformError."""

    service_url: str
    http: Http
    keeper: SecretKeeper

    def get(self, path: str, params: Params = (), *, timeout_seconds: float = 10, for_send: bool = False) -> Answered:
        """Read; once more where the connection broke off. A token is believed dead when it says nothing of itself."""
        answered = self.ask(path, params, timeout_seconds=timeout_seconds, for_send=for_send)
        if answered.status < 300:
            return answered
        if answered.status in errors.DOUBTFUL:
            if path == ME:
                raise _of_me(answered)
            self._confirm(timeout_seconds=timeout_seconds, for_send=for_send)
        raise errors.read_error(answered, path)

    def ask(self, path: str, params: Params = (), *, timeout_seconds: float = 10, for_send: bool = False) -> Answered:
        """Read, and return any answer."""

        def once() -> Answered:
            return self.http.read(
                self.service_url + path,
                params=params,
                headers=self._headers(),
                timeout_seconds=timeout_seconds,
                is_for_send=for_send,
            )

        try:
            return once()
        except Unavailable as error:
            if error.code != "unavailable":  # a name, a certificate, a time limit are no better at once
                raise
        return once()

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answered:
        """Write once; raises Unclear unless the server surely did not accept it."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        sent = self._headers() | kind | dict(headers or {})
        return self._written(self.http.write(self.service_url + path, headers=sent, body=body), path, "POST")

    def delete(self, path: str) -> Answered:
        """Delete; raises like post."""
        answered = self.http.write(self.service_url + path, method="DELETE", headers=self._headers())
        return self._written(answered, path, "DELETE")

    def _written(self, answered: Answered, path: str, method: str) -> Answered:
        if 200 <= answered.status < 300:
            return answered
        if answered.status in errors.DOUBTFUL and (answered.status == 401 or not errors.is_own_body(answered)):
            self._confirm_after_write(answered)
        error = errors.write_error(answered, path, method)
        raise error or Unclear(errors.words(answered))

    def _confirm_after_write(self, answered: Answered) -> None:
        """Raise TokenExpired where the token is dead: who was not known can't have written anything."""
        try:
            self._confirm(timeout_seconds=5, for_send=True)
        except TokenExpired as error:
            error.is_surely_not_accepted = True
            raise
        except PlatformError:
            raise Unclear(errors.words(answered)) from None

    def _confirm(self, *, timeout_seconds: float, for_send: bool) -> None:
        """Ask whose token it is; returns when it lives."""
        answered = self.ask(ME, timeout_seconds=timeout_seconds, for_send=for_send)
        if answered.status < 300:
            if not ident(load_or_none(answered)):
                raise Malformed("an account was expected", answered.body)
            return
        if answered.status in errors.DOUBTFUL:
            error = _of_me(answered)
            if isinstance(error, TokenExpired):
                raise error
            return
        raise errors.read_error(answered, ME)

    def _headers(self) -> dict[str, str]:
        token = self.keeper.current().values["access_token"]
        return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def _of_me(answered: Answered) -> PlatformError:
    """Return what it means that a server does not say whose token it is: the call has nothing else to be wrong."""
    detail = errors.words(answered)
    if errors.is_disabled(answered):
        return TokenExpired(detail, code="account_deactivated")
    if answered.status == 403 and not errors.is_own_body(answered):
        return errors.foreign(answered)
    if answered.status == 403:
        return errors.missing(ME, "GET", detail)
    return TokenExpired(detail)
