"""RULES D2: what each error says about a reply: a table."""

from datetime import UTC, datetime

import pytest

from inbox.errors import Invalid
from inbox.platforms import contract
from inbox.platforms.contract import (
    Gone,
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    TooLarge,
    Unavailable,
    Unclear,
)
from inbox.replies.outcomes import Next, judge_before, judge_send

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
JUDGED = [
    (RateLimited(NOON), Next.LATER, "rate_limited"),
    (Unavailable("dns", code="host_not_found", is_surely_not_accepted=True), Next.LATER, "host_not_found"),
    (Unavailable("HTTP 502"), Next.LOOK, "unclear"),
    (Unclear("hung up"), Next.LOOK, "unclear"),
    (Unclear("budget", is_surely_not_accepted=True), Next.LATER, "unclear"),
    (Malformed("html"), Next.LOOK, "unclear"),
    (TooLarge(b"<html>"), Next.LOOK, "unclear"),
    (Refused("too long", code="text_too_long"), Next.REFUSE, "text_too_long"),
    (Refused("same", code="duplicate"), Next.LOOK, "duplicate"),
    (Refused("gone", code="parent_gone"), Next.PARENT_GONE, "parent_gone"),
    (Gone("404"), Next.PARENT_GONE, "parent_gone"),
    (PermissionMissing("scope"), Next.REFUSE, "permission_missing"),
    (TokenExpired("revoked"), Next.RECONNECT, "token_expired"),
    (PlatformError("new kind"), Next.LOOK, "unclear"),
    (TimeoutError(), Next.LOOK, "unclear"),
    (KeyError("a bug"), Next.LOOK, "unclear"),
    (Invalid("secret_key_does_not_fit"), Next.LOOK, "unclear"),
]


@pytest.mark.parametrize(("error", "following", "code"), JUDGED, ids=lambda one: type(one).__name__)
def test_after_the_first_byte_only_a_clear_answer_is_believed(error: Exception, following: Next, code: str) -> None:
    judged = judge_send(error)
    assert (judged.next, judged.code) == (following, code)


@pytest.mark.parametrize("error", [error for error, _, _ in JUDGED], ids=lambda one: type(one).__name__)
def test_before_the_first_byte_nothing_was_sent(error: Exception) -> None:
    assert judge_before(error).next in (Next.LATER, Next.RECONNECT)


def test_a_wait_has_its_end() -> None:
    assert judge_send(RateLimited(NOON)).until_at == judge_before(RateLimited(NOON)).until_at == NOON


def test_every_error_of_the_contract_has_its_line() -> None:
    kinds = {kind for kind in vars(contract).values() if isinstance(kind, type) and issubclass(kind, PlatformError)}
    assert kinds == {type(error) for error, _, _ in JUDGED if isinstance(error, PlatformError)}
