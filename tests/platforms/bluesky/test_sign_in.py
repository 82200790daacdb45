"""Signing in says which thing was wrong, and verifying notices an account that only looks quiet."""

import time

import pytest

from inbox.fetch import Fetcher
from inbox.platforms.bluesky.connector import BlueskyConnector
from inbox.platforms.bluesky.sign_in import clean_handle, clean_service, sign_in
from inbox.platforms.contract import PermissionMissing, PlatformError, RateLimited
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.outgoing import Verified
from tests.inbox.wire import answering, reply
from tests.platforms.bluesky.conftest import Scene
from tests.platforms.bluesky.desk import APP_PASSWORD, given, http_for


def code_of(scene: Scene, **typed: str) -> str:
    scene.shop.app_passwords.setdefault(APP_PASSWORD, True)
    with pytest.raises(PlatformError) as caught:
        sign_in({**given(scene.network, scene.shop), **typed}, http_for(scene.network))
    return caught.value.code


def test_signing_in_finds_the_account_and_its_home(scene: Scene) -> None:
    scene.shop.app_passwords[APP_PASSWORD] = True
    typed = {**given(scene.network, scene.shop), "handle": "\u202a@Shop.test\u202c "}
    secret, verified = sign_in(typed, http_for(scene.network))
    assert verified == Verified(
        external_id=scene.shop.did,
        scope="",
        handle="shop.test",
        display_name="The Shop",
        avatar_url=None,
        service_url=scene.network.url,
        is_alive=True,
        limits=verified.limits,
        permissions=("public", "direct"),
        token_expires_at=secret.expires_at,
    )
    assert (verified.limits.public.max_length, verified.limits.public.max_bytes) == (300, 3000)
    assert (verified.limits.private.max_length, verified.limits.private.max_bytes) == (1000, 10000)
    assert verified.limits.private.is_available
    assert set(secret.values) == {"accessJwt", "refreshJwt", "did", "service_url"}


def test_what_was_wrong(scene: Scene) -> None:
    assert code_of(scene, app_password="wrong-wrong") == "sign_in_refused"
    assert code_of(scene, handle="nobody.test") == "handle_unknown"
    assert code_of(scene, handle="") == "handle_unknown"
    assert code_of(scene, app_password="") == "sign_in_refused"
    assert code_of(scene, service_url="http://shop.example") == "plain_http_refused"
    assert code_of(scene, service_url="https://10.1.2.3") == "address_refused"
    assert code_of(scene, service_url="https://no-such-host.invalid") == "host_not_found"
    assert code_of(scene, service_url="not a host at all") in ("host_not_found", "connection_refused")
    scene.shop.needs_mailed_code = True
    assert code_of(scene, app_password=scene.shop.password) == "two_factor_needed"
    scene.shop.status = "deactivated"
    assert code_of(scene) == "account_deactivated"
    scene.shop.status = "takendown"
    assert code_of(scene) == "account_takendown"


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>Welcome</html>"),
        reply(b"<html>No such page</html>", "404 Not Found"),
        reply(b"{}", "200 OK"),
        reply(b'{"accessJwt": "a", "did": 5}', "200 OK"),
        reply(b"", "301 Moved", "Location: https://elsewhere.example/"),
        reply(b'{"error": "MethodNotImplemented"}', "501 Not Implemented"),
    ],
)
def test_another_kind_of_server(answer: bytes) -> None:
    with answering(answer) as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "sign-in", BlueskyConnector().read_budget)
        with pytest.raises(PlatformError) as caught:
            sign_in({"handle": "shop.test", "app_password": APP_PASSWORD, "service_url": wire.url}, http)
    assert caught.value.code == "not_this_platform"


def test_a_server_that_never_answers_ends_within_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inbox.platforms.bluesky.sign_in.WITHIN_SECONDS", 2.5)
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") as wire:
        http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "sign-in", BlueskyConnector().read_budget)
        started = time.monotonic()
        with pytest.raises(PlatformError) as caught:
            sign_in({"handle": "shop.test", "app_password": APP_PASSWORD, "service_url": wire.url}, http)
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 2.5


def test_too_many_tries(scene: Scene) -> None:
    scene.network.faults.by_nsid["com.atproto.server.createSession"] = (
        429, b'{"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}',
    )  # fmt: skip
    with pytest.raises(RateLimited):
        sign_in(given(scene.network, scene.shop), http_for(scene.network))


def test_a_password_without_private_messages_must_be_accepted_as_such(scene: Scene) -> None:
    scene.shop.app_passwords[APP_PASSWORD] = False
    with pytest.raises(PermissionMissing) as caught:
        sign_in(given(scene.network, scene.shop), http_for(scene.network))
    assert caught.value.code == "permission_missing_direct"
    _, verified = sign_in(given(scene.network, scene.shop, public_only="1"), http_for(scene.network))
    assert not verified.limits.private.is_available
    assert verified.permissions == ("public",)


def test_a_network_without_private_messages_must_be_accepted_as_such(scene: Scene) -> None:
    scene.shop.app_passwords[APP_PASSWORD] = True
    scene.network.faults.has_chat = False
    with pytest.raises(PermissionMissing) as caught:
        sign_in(given(scene.network, scene.shop), http_for(scene.network))
    assert caught.value.code == "direct_not_offered"
    _, verified = sign_in(given(scene.network, scene.shop, public_only="1"), http_for(scene.network))
    assert verified.limits.private.reason == "direct_not_offered"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("@Shop.Test", "shop.test"),
        ("https://bsky.app/profile/shop.test/", "shop.test"),
        ("did:plc:AbC", "did:plc:AbC"),
        (" shop.test.", "shop.test"),
    ],
)
def test_handles_as_people_paste_them(typed: str, clean: str) -> None:
    assert clean_handle(typed) == clean


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("", "https://bsky.social"),
        ("pds.example", "https://pds.example"),
        ("HTTPS://pds.example/xrpc/", "https://pds.example"),
        ("http://127.0.0.1:2583", "http://127.0.0.1:2583"),
    ],
)
def test_servers_as_people_type_them(typed: str, clean: str) -> None:
    assert clean_service(typed) == clean


@pytest.mark.parametrize("status", ["deactivated", "takendown"])
def test_an_account_that_died_looks_quiet_but_verify_notices(scene: Scene, status: str) -> None:
    scene.world.post(scene.ana, "Hello?", parent=scene.post)
    scene.shop.status = status
    assert scene.desk.read("mentions") == []
    verified = scene.desk.connection.verify()
    assert (verified.is_alive, verified.dead_reason) == (False, f"account_{status}")
    assert verified.external_id == scene.shop.did
    scene.world.expire_access_tokens()
    assert scene.desk.connection.verify().dead_reason == f"account_{status}"


def test_a_young_account_is_unknown_to_the_network_and_alive(scene: Scene) -> None:
    scene.network.faults.by_nsid["app.bsky.actor.getProfile"] = (
        400, b'{"error": "InvalidRequest", "message": "Profile not found"}',
    )  # fmt: skip
    verified = scene.desk.connection.verify()
    assert (verified.is_alive, verified.handle) == (True, "shop.test")


def test_verify_follows_a_new_handle(scene: Scene) -> None:
    scene.shop.handle = "new-shop.test"
    assert scene.desk.connection.verify().handle == "new-shop.test"
