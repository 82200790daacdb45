"""The connector against a Bot API that speaks HTTP: confirming, conflicts, errors, what is sent."""

import json
from typing import Any

import pytest

from inbox.platforms.contract import (
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
    Unclear,
)
from inbox.platforms.items import Message
from inbox.platforms.outgoing import CannotLook, Outgoing
from inbox.platforms.telegram.connector import TelegramConnector
from tests.fixtures.app import MovingClock
from tests.platforms.telegram.conftest import ANA, Scene, connect, given, http_for
from tests.platforms.telegram.fake_bot_api import TOKEN, FakeBotApi, Refusal


def no(code: int, words: str) -> bytes:
    """Return the Bot API's own refusal."""
    return json.dumps({"ok": False, "error_code": code, "description": words}).encode()


def answer_to(scene: Scene, text: str = "Sí.", **more: Any) -> Outgoing:
    said = scene.api.say(scene.group, ANA, "¿Abren?", **more)
    found = [item for item in scene.connection.fetch("updates", None).items if isinstance(item, Message)][-1]
    assert found.ref["id"] == said["message_id"]
    return Outgoing(text=text, parent_id=found.external_id, parent_ref=found.ref, audience="public")


def test_pages_are_confirmed_by_the_next_call_alone(scene: Scene) -> None:
    for number in range(7):
        scene.api.say(scene.group, ANA, f"Number {number}")
    connection = connect(scene.api, page_size=3)
    cursor, seen = None, []
    for left in (7, 4, 1):
        page = connection.fetch("updates", cursor)
        assert len(scene.api.queue) == left
        seen += [item.text for item in page.items if isinstance(item, Message)]
        assert page.is_complete == (left == 1)
        again = connection.fetch("updates", cursor)  # whoever lost it reads the same again
        assert list(again.items) == list(page.items)
        cursor = page.cursor_after
    assert seen == [f"Number {number}" for number in range(7)]
    assert connection.fetch("updates", cursor).items == []
    assert scene.api.queue == []


def test_numbers_that_begin_anew_after_a_week_are_found(scene: Scene, moving_clock: MovingClock) -> None:
    scene.api.say(scene.group, ANA, "Before")
    cursor = scene.connection.fetch("updates", None).cursor_after
    cursor = scene.connection.fetch("updates", cursor).cursor_after
    moving_clock.move(8 * 86400)
    scene.api.next_update = 12
    scene.api.say(scene.group, ANA, "After")
    page = scene.connection.fetch("updates", cursor)
    assert [item.text for item in page.items if isinstance(item, Message)] == ["After"]
    assert page.cursor_after["offset"] == 13


def test_what_waited_a_day_is_lost_at_the_platform(scene: Scene, moving_clock: MovingClock) -> None:
    scene.api.say(scene.group, ANA, "Too old")
    moving_clock.move(25 * 3600)
    scene.api.say(scene.group, ANA, "Young")
    assert [i.text for i in scene.connection.fetch("updates", None).items if isinstance(i, Message)] == ["Young"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, no(401, "Unauthorized"), TokenExpired, "token_expired"),
        (409, no(409, "Conflict: terminated by other getUpdates request"),
         PermissionMissing, "other_consumer"),
        (409, no(409, "Conflict: can't use getUpdates method while webhook is active"),
         PermissionMissing, "webhook_set"),
        (429, b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":9}}',
         RateLimited, "rate_limited"),
        (500, no(500, "Internal Server Error: restart"), Unavailable, "server_error"),
        (502, b"<html>Bad Gateway</html>", Unavailable, "server_error"),
        (200, b"<html>It works!</html>", Unavailable, "not_this_platform"),
        (200, b'{"ok":true,"result":{}}', Malformed, "malformed"),
    ],
)  # fmt: skip
def test_what_errors_of_reading_mean(
    scene: Scene, status: int, body: bytes, kind: type[PlatformError], code: str
) -> None:
    scene.api.faults.raw.append(("getUpdates", status, body))
    with pytest.raises(kind) as caught:
        scene.connection.fetch("updates", None)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, no(400, "Bad Request: message is too long"), Refused, "text_too_long"),
        (403, no(403, "Forbidden: bot was blocked by the user"), Refused, "blocked"),
        (403, no(403, "Forbidden: something new"), Refused, "not_allowed"),
        (429, b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":9}}',
         RateLimited, "rate_limited"),
        (500, no(500, "Internal Server Error: restart"), Unclear, "unclear"),
        (429, b"slow down, says a proxy", Unclear, "unclear"),
        (403, b"<html>Forbidden</html>", Unclear, "unclear"),
        (200, b'{"ok":true,"result":{}}', Unclear, "unclear"),
        (200, b'{"ok":true,"res', Unclear, "unclear"),
    ],
)  # fmt: skip
def test_only_the_platforms_own_no_is_surely_a_no(
    scene: Scene, status: int, body: bytes, kind: type[PlatformError], code: str
) -> None:
    outgoing = answer_to(scene)
    scene.api.faults.raw.append(("sendMessage", status, body))
    with pytest.raises(kind) as caught:
        scene.connection.send(outgoing, "key")
    assert (caught.value.code, caught.value.is_surely_not_accepted) == (code, kind is not Unclear)


def test_nobody_listening_is_surely_not_accepted(scene: Scene) -> None:
    outgoing = answer_to(scene)
    scene.api.close()
    with pytest.raises(Unavailable) as caught:
        scene.connection.send(outgoing, "key")
    assert caught.value.is_surely_not_accepted


def test_an_answer_stays_in_its_topic_and_hangs_where_it_should(scene: Scene) -> None:
    outgoing = answer_to(scene, "  <b>Sí</b> & *más*  ", message_thread_id=33, is_topic_message=True)
    sent = scene.connection.send(outgoing, "key")
    assert scene.api.called("sendMessage")[0]["message_thread_id"] == 33
    assert (sent.parent_id, sent.text) == (outgoing.parent_id, "<b>Sí</b> & *más*")
    assert sent.text == scene.connection.as_stored(outgoing.text)
    assert sent.ref["topic"] == 33
    assert scene.connection.find_sent(outgoing, scene.api.now()) == CannotLook("no_history", is_final=True)


def test_an_old_server_that_hangs_the_answer_nowhere_is_noticed(scene: Scene) -> None:
    outgoing = answer_to(scene)
    loose = b'{"ok":true,"result":{"message_id":99,"date":1795600000,"chat":{"id":-1001234500001},"text":"S\\u00ed."}}'
    scene.api.faults.raw.append(("sendMessage", 200, loose))
    assert scene.connection.send(outgoing, "key").parent_id == ""


def test_nothing_private_is_answered_in_public_words(scene: Scene) -> None:
    outgoing = answer_to(scene)
    with pytest.raises(Refused, match="wider_audience"):
        scene.connection.send(
            Outgoing(outgoing.text, outgoing.parent_id, outgoing.parent_ref, "private", mode="private"), "key"
        )
    assert scene.api.called("sendMessage") == []


def test_likes_and_deletions(scene: Scene, moving_clock: MovingClock) -> None:
    outgoing = answer_to(scene)
    where = (outgoing.parent_ref["chat"], outgoing.parent_ref["id"])
    liked = scene.connection.like(outgoing.parent_id, outgoing.parent_ref, "key")
    assert scene.api.reactions[where] == [{"type": "emoji", "emoji": "👍"}]
    scene.connection.unlike(outgoing.parent_id, outgoing.parent_ref, liked)
    assert scene.api.reactions[where] == []
    sent = scene.connection.send(outgoing, "key")
    assert scene.connection.delete_own(sent.external_id, sent.ref)
    assert not scene.connection.delete_own(sent.external_id, sent.ref)
    late = scene.connection.send(outgoing, "key")
    moving_clock.move(49 * 3600)
    with pytest.raises(Refused):
        scene.connection.delete_own(late.external_id, late.ref)


def test_signing_in_says_what_was_wrong(api: FakeBotApi) -> None:
    def code_of(typed: dict[str, str]) -> str:
        with pytest.raises(PlatformError) as caught:
            TelegramConnector().sign_in(typed, http_for(api))
        return caught.value.code

    assert code_of(given(api, "my bot")) == "token_malformed"
    assert code_of(given(api, TOKEN[:-1] + "x")) == "token_refused"
    api.faults.raw.append(("getMe", 200, b"<html>hello</html>"))
    assert code_of(given(api)) == "not_this_platform"
    assert code_of({"access_token": TOKEN, "service_url": "http://127.0.0.1:1"}) in (
        "plain_http_refused",
        "address_refused",
    )
    api.webhook = {"url": "https://other.example/hook/s3cr3t", "secret_token": "x"}
    with pytest.raises(Refused) as caught:
        TelegramConnector().sign_in(given(api), http_for(api))
    assert (caught.value.code, caught.value.detail) == ("webhook_set", "other.example")
    assert api.webhook
    pasted = f"Use this token to access the HTTP API:\n{TOKEN}\nKeep your token secure"
    secret, verified = TelegramConnector().sign_in(given(api, pasted, take_over="1"), http_for(api))
    assert (secret.values["token"], api.webhook) == (TOKEN, {})
    assert (verified.external_id, verified.handle) == ("8123456789", "acme_ayuda_bot")
    assert verified.permissions == ("private", "addressed_group_messages")
    api.bot |= {"can_read_all_group_messages": True, "can_connect_to_business": True}
    _, verified = TelegramConnector().sign_in(given(api), http_for(api))
    assert verified.permissions == ("private", "all_group_messages", "business")


def test_a_conflict_while_another_long_poll_ends_ours(scene: Scene) -> None:
    scene.api.faults.refusals.append(("getUpdates", Refusal(409, "Conflict: terminated by other getUpdates request")))
    with pytest.raises(PermissionMissing, match="other_consumer"):
        scene.connection.fetch("updates", None)
    assert scene.connection.fetch("updates", None).items == []
