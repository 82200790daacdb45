"""How connectors reach their platform: the guarded client, within the budgets that the platform's headers tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Protocol
from urllib.parse import urlsplit

from inbox import clock
from inbox.fetch import Answer, Fetcher, FetchError
from inbox.platforms.contract import Answered, BudgetSeen, PlatformError, RateLimited, TooLarge, Unavailable, Unclear
from inbox.platforms.dates import read_sunset
from inbox.security import passwords_sent, secrets_sent

KEPT_FOR_SENDS = 0.1
SHORTEST_SECRET = 6

ReadBudget = Callable[[Mapping[str, str], int], BudgetSeen | None]


class Budgets(Protocol):
    """What may still be asked, kept by key: `channel:<id>` or `app:<name>` for a credential, `host:<name>`."""

    def before(self, key: str, *, is_for_send: bool) -> None:
        """Let a call pass, or raise RateLimited saying until when (see `wait_until`)."""
        ...

    def after(self, key: str, seen: BudgetSeen) -> None:
        """Keep what an answer said; a None in it changes nothing."""
        ...

    def timed_out(self, key: str) -> None:
        """Note that a host did not answer in time."""
        ...

    def answered(self, key: str) -> None:
        """Note that a host answered."""
        ...


def wait_until(kept: BudgetSeen, now: datetime, *, is_for_send: bool) -> datetime | None:
    """Return when asking is allowed again, None: now. Polls leave the last tenth to replies; pure."""
    if kept.paused_until_at is not None and kept.paused_until_at > now:
        return kept.paused_until_at
    if kept.remaining_count is None or kept.resets_at is None or kept.resets_at <= now:
        return None
    left_for_others = 0 if is_for_send else (kept.limit_count or 0) * KEPT_FOR_SENDS
    return kept.resets_at if kept.remaining_count <= left_for_others else None


@dataclass
class MemoryBudgets:
    """Budgets of one process: for signing in, when there is no channel yet."""

    _kept: dict[str, BudgetSeen] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    timed_out_hosts: list[str] = field(default_factory=list)

    def before(self, key: str, *, is_for_send: bool) -> None:
        """Raise RateLimited when nothing is left."""
        with self._lock:
            kept = self._kept.get(key)
        until_at = kept and wait_until(kept, clock.now(), is_for_send=is_for_send)
        if until_at:
            raise RateLimited(until_at, f"budget of {key} is spent")

    def after(self, key: str, seen: BudgetSeen) -> None:
        """Keep what was said."""
        with self._lock:
            self._kept[key] = merged(self._kept.get(key), seen)

    def timed_out(self, key: str) -> None:
        """Remember the host."""
        self.timed_out_hosts.append(key)

    def answered(self, key: str) -> None:
        """Nothing is kept that could be forgotten."""


def merged(kept: BudgetSeen | None, seen: BudgetSeen) -> BudgetSeen:
    """Return what is known after an answer: the new where it said something, else the old; pure."""
    if kept is None:
        return seen
    is_counted = seen.remaining_count is not None
    return BudgetSeen(
        limit_count=seen.limit_count if is_counted else kept.limit_count,
        remaining_count=seen.remaining_count if is_counted else kept.remaining_count,
        resets_at=seen.resets_at if is_counted else kept.resets_at,
        paused_until_at=seen.paused_until_at or kept.paused_until_at,
        sunset_at=seen.sunset_at or kept.sunset_at,
        silent_count=kept.silent_count,
    )


def host_key(url: str) -> str:
    """Return the budget key of the host that an address names."""
    return f"host:{urlsplit(url).netloc.rpartition('@')[2].lower()}"


@dataclass(frozen=True)
class BudgetedHttp:
    """A contract.Http for one credential.

    Writes are counted under a key of their own (`<credential>:writes`): platforms count them apart, and
    their figures would hide how many reads are left. No write takes longer than `longest_write_seconds`: a
    sender's lease outlives it (RULES D2).
    """

    fetcher: Fetcher
    budgets: Budgets
    credential_key: str
    read_budget: ReadBudget
    longest_write_seconds: float = 20
    app_key: str = ""

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
        """Make a call that may be repeated; any HTTP answer is returned. Raises Unavailable or RateLimited."""
        self._before(url, self.credential_key, self.app_key, is_for_send=is_for_send)
        asked_at = clock.now()
        try:
            answer = self.fetcher.read(
                url,
                params=params,
                headers=headers,
                timeout_seconds=timeout_seconds,
                method=method,
                body=body,
                is_path_secret=bool(path_secret),
            )
        except FetchError as error:
            self._note(url, error)
            failed = read_error(error)
            if isinstance(failed, TooLarge):
                failed.head = _without(failed.head, (*secrets_sent(headers or {}, body), path_secret))
            raise failed from None
        # A call that renews a token may be given the same one again, which is then no echo.
        may_renew = method != "GET" and answer.status < 300
        secrets = passwords_sent(body) if may_renew else secrets_sent(headers or {}, body)
        return self._after(answer, self.credential_key, asked_at, (*secrets, path_secret))

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
        """Make a call once; any HTTP answer is returned. Raises Unavailable (surely not accepted) or Unclear."""
        key = f"{self.credential_key}:writes"
        self._before(url, self.credential_key, self.app_key, key, is_for_send=True)
        asked_at = clock.now()
        try:
            seconds = min(timeout_seconds, self.longest_write_seconds)
            answer = self.fetcher.write(
                url,
                method=method,
                headers=headers,
                body=body,
                timeout_seconds=seconds,
                is_path_secret=bool(path_secret),
            )
        except FetchError as error:
            self._note(url, error)
            raise write_error(error) from None
        return self._after(answer, key, asked_at, (*secrets_sent(headers or {}, body), path_secret))

    def _before(self, url: str, *keys: str, is_for_send: bool) -> None:
        for key in (*filter(None, keys), host_key(url)):
            self.budgets.before(key, is_for_send=is_for_send)

    def _note(self, url: str, error: FetchError) -> None:
        if error.code == "timeout":
            self.budgets.timed_out(host_key(url))

    def _after(self, answer: Answer, key: str, asked_at: datetime, secrets: tuple[str, ...]) -> Answered:
        """Return an answer as connectors see it: a secret of ours that a platform says back is taken out."""
        had_at = clock.now()
        self.budgets.answered(host_key(answer.url))
        seen = self.read_budget(answer.headers, answer.status)
        if seen is not None:
            self.budgets.after(self.app_key if seen.is_of_app and self.app_key else key, seen)
        sunset_at = read_sunset(answer.headers)
        if sunset_at is not None:
            self.budgets.after(self.credential_key, BudgetSeen(sunset_at=sunset_at))
        body = _without(answer.body, secrets)
        return Answered(answer.status, answer.headers, body, answer.url, asked_at, had_at)


def _without(body: bytes, secrets: Sequence[str]) -> bytes:
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:  # a shorter one is no secret, and stands in many words
            body = body.replace(secret.encode(), b"[secret]")
    return body


def read_error(error: FetchError) -> PlatformError:
    """Return what a failed read is to a connector."""
    # An answer that breaks off is an outage like any other; only one that is whole and unfit is malformed.
    if error.code == "too_large":
        return TooLarge(error.head)
    code = {
        "connection_lost": "unavailable",
        "broken_answer": "unavailable",
        "too_many_redirects": "not_this_platform",
        "bad_address": "host_not_found",
    }
    return Unavailable(_detail(error), code=code.get(error.code, error.code))


def write_error(error: FetchError) -> PlatformError:
    """Return what a failed write is: surely not accepted only if no byte of it left."""
    if not error.is_before_first_byte:
        return Unclear(f"{error.code} {_detail(error)}".strip())
    failure = Unavailable(_detail(error), code="host_not_found" if error.code == "bad_address" else error.code)
    failure.is_surely_not_accepted = True
    return failure


def _detail(error: FetchError) -> str:
    return str(error.details.get("where", ""))
