"""Calls that end together by a time: a member waits for all of them, and a worker of ours with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from inbox.platforms.contract import Answered, Http, Unavailable


@dataclass(frozen=True)
class Within:
    """A contract.Http whose calls are all over by `ends_at`, as time.monotonic tells it."""

    http: Http
    ends_at: float

    def read(
        self,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 10,
        method: str = "GET",
        body: bytes | None = None,
        is_for_send: bool = False,
        path_secret: str = "",
    ) -> Answered:
        """Make a call that may be repeated, in the time that is left; raises Unavailable where none is."""
        return self.http.read(
            url,
            params=params,
            headers=headers,
            timeout_seconds=self._left(timeout_seconds),
            method=method,
            body=body,
            is_for_send=is_for_send,
            path_secret=path_secret,
        )

    def write(
        self,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_seconds: float = 20,
        path_secret: str = "",
    ) -> Answered:
        """Make a call once, in the time that is left; raises Unavailable where none is."""
        return self.http.write(
            url,
            method=method,
            headers=headers,
            body=body,
            timeout_seconds=self._left(timeout_seconds),
            path_secret=path_secret,
        )

    def _left(self, wanted: float) -> float:
        left = self.ends_at - monotonic()
        if left <= 0:
            raise Unavailable(code="timeout", is_surely_not_accepted=True)
        return min(wanted, left)


def within(http: Http, seconds: float) -> Within:
    """Return a client whose calls take no longer than this together."""
    return Within(http, monotonic() + seconds)
