"""The client that connectors talk through: budgets, and what its failures mean for a reply."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from inbox.fetch import CODES, Fetcher, FetchError
from inbox.platforms import registry
from inbox.platforms.contract import BudgetSeen, Malformed, PlatformError, RateLimited, Unavailable, Unclear
from inbox.platforms.http import BudgetedHttp, MemoryBudgets, merged, read_error, wait_until, write_error
from tests.fixtures.app import MovingClock
from tests.inbox.wire import answering, reply

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=300)


@pytest.mark.parametrize(
    ("remaining", "is_for_send", "waits"),
    [(301, False, False), (300, False, True), (300, True, False), (1, True, False), (0, True, True)],
)
def test_polls_leave_the_last_tenth_to_replies(remaining: int, is_for_send: bool, waits: bool) -> None:
    kept = BudgetSeen(3000, remaining, LATER)
    assert wait_until(kept, NOW, is_for_send=is_for_send) == (LATER if waits else None)
    assert wait_until(kept, LATER, is_for_send=is_for_send) is None


def test_a_pause_holds_for_everything() -> None:
    paused = BudgetSeen(3000, 2000, LATER, paused_until_at=NOW + timedelta(seconds=30))
    assert wait_until(paused, NOW, is_for_send=True) == NOW + timedelta(seconds=30)


def test_an_answer_without_figures_changes_none() -> None:
    kept = BudgetSeen(3000, 7, LATER)
    paused = merged(kept, BudgetSeen(paused_until_at=LATER))
    assert paused == BudgetSeen(3000, 7, LATER, LATER)
    assert merged(paused, BudgetSeen(3000, 2999, LATER)) == BudgetSeen(3000, 2999, LATER, LATER)


def read_budget(headers: Mapping[str, str], status: int) -> BudgetSeen | None:
    if "x-left" not in headers:
        return None
    return BudgetSeen(100, int(headers["x-left"]), LATER)


def test_reads_and_writes_have_budgets_of_their_own(moving_clock: MovingClock) -> None:
    with answering(reply(b"", "200 OK", "X-Left: 50"), reply(b"", "200 OK", "X-Left: 5")) as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "channel:1", read_budget)
        http.read(wire.url)
        http.write(wire.url)
        http.write(wire.url)
        http.read(wire.url)
        assert len(wire.requests) == 4
        with pytest.raises(RateLimited) as caught:
            http.read(wire.url)  # five left of a hundred: for replies
        assert caught.value.until_at == LATER
        http.read(wire.url, is_for_send=True)
        http.write(wire.url)
        assert len(wire.requests) == 6


def test_every_status_is_an_answer() -> None:
    with answering(reply(b"{}", "500 Oh"), reply(b"{}", "429 Slow"), reply(b"{}", "404 No")) as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "channel:1", read_budget)
        assert [http.read(wire.url).status, http.write(wire.url).status, http.read(wire.url).status] == [500, 429, 404]


def test_a_host_that_does_not_answer_in_time_is_noted() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") as wire:
        budgets = MemoryBudgets()
        http = BudgetedHttp(Fetcher([wire.url]), budgets, "channel:1", read_budget)
        with pytest.raises(Unavailable) as caught:
            http.read(wire.url, timeout_seconds=0.1)
    assert caught.value.code == "timeout"
    assert budgets.timed_out_hosts == [f"host:127.0.0.1:{wire.port}"]


ALL_CODES = [
    *sorted(set(CODES.values())), "address_refused", "plain_http_refused", "host_not_found", "connection_refused",
    "tls_failed", "too_large",
]  # fmt: skip


@pytest.mark.parametrize("code", ALL_CODES)
def test_each_failure_is_a_platform_error(code: str) -> None:
    documented = Unavailable.__doc__ or ""
    found = read_error(FetchError(code, "brand.example"))
    assert isinstance(found, Malformed) or (isinstance(found, Unavailable) and found.code in documented)
    late: PlatformError = write_error(FetchError(code, "brand.example", is_before_first_byte=False))
    assert isinstance(late, Unclear)
    assert not late.is_surely_not_accepted
    early = write_error(FetchError(code, "brand.example", is_before_first_byte=True))
    assert isinstance(early, Unavailable)
    assert early.is_surely_not_accepted


def test_the_registry_knows_its_platforms() -> None:
    assert registry.list_platforms()[0] == "bluesky"
    assert registry.get_connector("bluesky").platform == "bluesky"


def test_no_write_takes_longer_than_the_lease_allows() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "channel:1", read_budget, longest_write_seconds=0.1)
        started = time.monotonic()
        with pytest.raises(Unclear):
            http.write(wire.url)
    assert time.monotonic() - started < 10


TOKEN, PASSWORD = "planted-0f9e8d7c6b5a", "plan-ted2-pass-word"


@pytest.mark.parametrize(
    ("method", "status", "is_token_said", "is_password_said"),
    [
        ("GET", "200 OK", False, False),
        ("GET", "401 Unauthorized", False, False),
        ("POST", "400 Bad Request", False, False),
        # it may be the same token, given anew
        ("POST", "200 OK", True, False),
    ],
)
def test_a_secret_that_an_answer_says_back_is_taken_out(
    method: str, status: str, is_token_said: bool, is_password_said: bool
) -> None:
    body = json.dumps({"password": PASSWORD, "refresh_token": TOKEN}).encode()
    said = f"you said {TOKEN} and {PASSWORD}".encode()
    with answering(reply(said, status)) as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "channel:1", read_budget)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        got = http.read(wire.url, method=method, headers=headers, body=body).body.decode()
    assert (TOKEN in got, PASSWORD in got) == (is_token_said, is_password_said)


def test_a_secret_that_a_write_is_answered_with_is_taken_out() -> None:
    with answering(reply(f"{TOKEN} may not".encode(), "403 Forbidden")) as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "channel:1", read_budget)
        assert http.write(wire.url, headers={"Authorization": f"Bearer {TOKEN}"}).body == b"[secret] may not"
