"""The webhook as the other way in: stored before it is answered, taken in once, beside polls."""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, ChannelHour, ChannelState
from inbox.conversations.models import Message
from inbox.intake import borders, pushes
from inbox.intake.models import Push, Quarantined
from inbox.members.models import Member
from inbox.platforms.contract import Unavailable
from inbox.platforms.telegram.connection import TelegramConnection
from tests.factories.members import post as post_form
from tests.factories.members import sign_in_as
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.product import Product
from tests.platforms.telegram.conftest import ANA, PUBLIC_URL, Scene, connect, key
from tests.platforms.telegram.fake_bot_api import FakeBotApi, Refusal


@pytest.fixture
def admin(app: Flask, session: Session, product: Product) -> FlaskClient:
    member = session.get_one(Member, product.member_id)
    member.is_admin = True
    session.commit()
    return sign_in_as(app, session, member)


@pytest.fixture
def pushed(product: Product, admin: FlaskClient, scene: Scene) -> str:
    """Choose pushes on the channel's page; returns the path of the address."""
    post_form(admin, f"/channels/{product.channel_id}/push")
    url: str = scene.api.webhook["url"]
    assert url == f"{PUBLIC_URL}/push/telegram/{product.channel.push_key}"
    return url.removeprefix(PUBLIC_URL)


def deliver(api: FakeBotApi, client: FlaskClient, path: str, *, is_kept: bool = False) -> None:
    """Let Telegram push what it has, each confirmed by a 200 without a body."""
    for headers, body in api.pushes():
        answer = client.post(path, data=body, headers=headers)
        assert (answer.status_code, answer.data) == (200, b"")
        if not is_kept:
            api.confirm(json.loads(body)["update_id"])


def take_all(product: Product) -> None:
    while pushes.take_next(product.reader):
        pass


def test_a_push_is_kept_then_answered_then_taken_in_once(
    product: Product, scene: Scene, client: FlaskClient, pushed: str, moving_clock: MovingClock
) -> None:
    said = scene.api.say(scene.group, ANA, "¿Dónde está mi pedido?")
    deliver(scene.api, client, pushed, is_kept=True)
    deliver(scene.api, client, pushed)  # our answer was lost on its way: it comes again
    assert len(product.rows(select(Push))) == 2
    assert product.received() == {}
    moving_clock.move(5)
    take_all(product)
    assert product.rows(select(Push)) == []
    (message,) = product.rows(select(Message))
    assert message.external_id == key(said)
    assert (clock.now() - message.received_at).total_seconds() >= 5  # when it came, not when it was taken in
    assert product.channel.last_message_at is not None
    delivery = product.answer(key(said), "Sale hoy.")
    product.work()
    assert product.state_of(delivery) == "sent"
    assert scene.api.called("getUpdates")[-1:] == scene.api.called("getUpdates")[:1]  # asked for before only


def test_what_no_push_brought_a_poll_finds_and_what_both_bring_is_one(
    product: Product, scene: Scene, client: FlaskClient, admin: FlaskClient, pushed: str
) -> None:
    first = scene.api.say(scene.group, ANA, "¿Abren el lunes?")
    deliver(scene.api, client, pushed, is_kept=True)
    second = scene.api.say(scene.group, ANA, "¿Y el martes?")
    post_form(admin, f"/channels/{product.channel_id}/push/stop")
    assert scene.api.webhook == {}
    assert product.channel.push_key is None
    product.poll()
    take_all(product)
    assert sorted(product.received()) == sorted([key(first), key(second)])
    assert client.post(pushed, data=b"{}").status_code == 404


def test_who_is_not_telegram_leaves_nothing(
    product: Product, scene: Scene, client: FlaskClient, pushed: str, app: Flask
) -> None:
    scene.api.say(scene.group, ANA, "Hola")
    ((headers, body),) = scene.api.pushes()
    wrong = {"X-Telegram-Bot-Api-Secret-Token": "guess"}
    assert client.post(pushed, data=body, headers=wrong).status_code == 401
    assert client.post(pushed, data=body).status_code == 401
    assert client.post(f"{pushed}x", data=body, headers=headers).status_code == 404
    assert client.post(pushed.replace("telegram", "bluesky"), data=body, headers=headers).status_code == 404
    assert client.get(pushed).status_code == 403
    big = client.post(pushed, data=b" " * (pushes.MOST_BYTES + 1), headers=headers)
    assert big.status_code == 413
    assert product.rows(select(Push)) == []
    assert client.post(pushed, data=b"no JSON", headers=headers).status_code == 200
    take_all(product)
    (kept,) = product.rows(select(Quarantined))
    assert (kept.reason_code, kept.is_private) == ("push_unreadable", True)
    assert product.rows(select(Push)) == []


def test_a_worker_that_is_lost_leaves_the_push_to_another(
    product: Product, scene: Scene, client: FlaskClient, pushed: str, monkeypatch: pytest.MonkeyPatch,
    moving_clock: MovingClock,
) -> None:  # fmt: skip
    said = scene.api.say(scene.group, ANA, "¿Abren?")
    deliver(scene.api, client, pushed)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(pushes, "_keep", _interrupt)
        take_all(product)
    take_all(product)
    assert product.received() == {}  # it is not its turn yet
    moving_clock.move(product.settings.pace.stream_lease_seconds + 1)
    take_all(product)
    assert set(product.received()) == {key(said)}


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_words_that_look_like_secrets_come_the_same_by_either_way(
    product: Product, scene: Scene, client: FlaskClient, admin: FlaskClient
) -> None:
    words = "I have the basic subscription, my password: hunter2 … see acme.example"
    link = {"type": "url", "offset": words.index("acme"), "length": len("acme.example")}
    polled = scene.api.say(scene.group, ANA, words, entities=[link])
    product.poll()
    product.poll()  # confirmed
    post_form(admin, f"/channels/{product.channel_id}/push")
    pushed = scene.api.say(scene.group, ANA, words, entities=[link])
    deliver(scene.api, client, scene.api.webhook["url"].removeprefix(PUBLIC_URL))
    take_all(product)
    had = product.received()
    assert [had[key(one)].text for one in (polled, pushed)] == [words, words]
    assert had[key(polled)].marks == had[key(pushed)].marks != []
    assert [hour.count for hour in product.rows(select(ChannelHour))] == [2]  # what is pushed counts as well


@pytest.mark.parametrize("how", ["raises", "ends its worker"])
def test_a_push_that_nobody_gets_through_with_is_set_aside(
    product: Product, scene: Scene, client: FlaskClient, pushed: str, monkeypatch: pytest.MonkeyPatch,
    moving_clock: MovingClock, how: str,
) -> None:  # fmt: skip
    error: type[BaseException] = MemoryError if how == "raises" else KeyboardInterrupt
    scene.api.say(scene.group, ANA, "¿Abren?")
    deliver(scene.api, client, pushed)
    with monkeypatch.context() as patched:
        patched.setattr(TelegramConnection, "parse_push", _raiser(error))
        for _ in range(pushes.MOST_TRIES):
            with suppress(error):
                take_all(product)
            moving_clock.move(product.settings.pace.stream_lease_seconds + 1)
        take_all(product)
    (kept,) = product.rows(select(Quarantined))
    assert (kept.reason_code, kept.is_private) == ("push_unreadable", True)
    assert product.rows(select(Push)) == []
    following = scene.api.say(scene.group, ANA, "¿Y hoy?")
    deliver(scene.api, client, pushed)
    take_all(product)
    assert set(product.received()) == {key(following)}


def test_a_push_waits_for_a_platform_that_must_be_asked_about_it(
    product: Product, scene: Scene, client: FlaskClient, pushed: str, moving_clock: MovingClock
) -> None:
    scene.group.linked_to = -1001234500009
    channel = {"id": scene.group.linked_to, "type": "channel", "title": "Acme"}
    scene.api.say(scene.group, ANA, "Abrimos a las diez.", sender_chat=channel)
    deliver(scene.api, client, pushed)
    scene.api.faults.raw = [("getChat", 502, b"")] * 4
    for _ in range(5):
        assert product.outbound() == []
        take_all(product)
        moving_clock.move(product.settings.pace.stream_lease_seconds + 1)
    assert ([one.text for one in product.outbound()], product.received()) == (["Abrimos a las diez."], {})
    assert product.rows(select(Quarantined)) == []


def _raiser(error: type[BaseException]) -> Callable[..., Any]:
    def raises(*_: object) -> Any:
        raise error

    return raises


def test_what_was_accepted_before_the_channel_left_is_not_lost(
    product: Product, scene: Scene, client: FlaskClient, admin: FlaskClient, pushed: str
) -> None:
    scene.api.say(scene.group, ANA, "¿Abren?")
    deliver(scene.api, client, pushed)
    post_form(admin, f"/channels/{product.channel_id}/disconnect")
    take_all(product)
    assert product.rows(select(Push)) == []
    (kept,) = product.rows(select(Quarantined))
    assert "¿Abren?" in json.dumps(json.loads(borders.unpack(kept.compressed)), ensure_ascii=False)


def test_pushes_that_do_not_arrive_are_said(
    product: Product, scene: Scene, pushed: str, moving_clock: MovingClock
) -> None:
    product.poll()
    assert product.channel.failing_since_at is None
    scene.api.say(scene.group, ANA, "¿Hay alguien?")
    failed_at = int(clock.now().timestamp())
    scene.api.webhook |= {"last_error_date": failed_at, "last_error_message": "Wrong response from the webhook: 502"}
    moving_clock.move(60)
    product.poll()
    stream = product.streams()["updates"]
    assert stream.failure_code == "push_failing"
    assert stream.failure_detail == "Wrong response from the webhook: 502 (1)"
    scene.api.webhook["url"] = "https://other.example/hook"
    moving_clock.move(60)
    product.poll()
    assert (product.channel.state, product.channel.state_reason) == (ChannelState.NEEDS_YOU, "webhook_set")
    scene.api.webhook = {}  # somebody took it away: then it is asked
    moving_clock.move(60)
    product.poll()
    assert len(product.received()) == 1
    assert product.channel.state == ChannelState.ACTIVE


def test_a_failed_start_takes_no_address_away_that_the_platform_may_push_to(
    product: Product, scene: Scene, admin: FlaskClient
) -> None:
    path, faults = f"/channels/{product.channel_id}/push", scene.api.faults
    faults.refusals = [("setWebhook", Refusal(400, "Bad Request: bad webhook: Failed to resolve host"))]
    post_form(admin, path)
    assert product.channel.push_key is None
    faults.hang_ups_after_write = 1
    post_form(admin, path)
    assert scene.api.webhook["url"] == f"{PUBLIC_URL}/push/telegram/{product.channel.push_key}"
    faults.refusals = [("setWebhook", Refusal(400, "Bad Request: bad webhook: Failed to resolve host"))]
    post_form(admin, path)  # pressed again while it is pushed to
    assert scene.api.webhook["url"] == f"{PUBLIC_URL}/push/telegram/{product.channel.push_key}"


@pytest.mark.parametrize("minutes", [-20, 20])
def test_when_a_push_failed_is_told_by_the_platforms_own_clock(
    api: FakeBotApi, moving_clock: MovingClock, minutes: int
) -> None:
    connection = connect(api, push_url=f"{PUBLIC_URL}/push/telegram/key")
    api.now = lambda: moving_clock() + timedelta(minutes=minutes)
    api.webhook = {"url": connection.account.push_url, "secret_token": "x", "last_error_message": "502"}
    api.show({"message": {}})
    api.webhook["last_error_date"] = int(api.now().timestamp()) - 60
    with pytest.raises(Unavailable) as caught:
        connection.fetch("updates", None)
    assert caught.value.code == "push_failing"
    api.webhook["last_error_date"] -= 660
    assert connection.fetch("updates", None).items == []


def test_pages_of_a_bot(product: Product, scene: Scene, admin: FlaskClient, session: Session) -> None:
    page = admin.get(f"/channels/{product.channel_id}").text
    assert "Privacy mode is on" in page
    assert "Let the platform push" in page
    answer = post_form(
        admin, "/channels/connect", platform="telegram", access_token="nonsense", service_url=scene.api.url
    )
    assert answer.status_code == 400
    assert "That is no bot token." in answer.text
    same = post_form(
        admin, "/channels/connect", platform="telegram", access_token=scene.api.token, service_url=scene.api.url
    )
    assert (same.status_code, "is connected already" in same.text) == (409, True)
    scene.api.webhook = {"url": "https://other.example/hook", "secret_token": "x"}
    taken = post_form(
        admin, "/channels/connect", platform="telegram", access_token=scene.api.token, service_url=scene.api.url
    )
    assert "pushed to another program at other.example" in taken.text
    assert "Take the bot over" in taken.text
    assert scene.api.token not in taken.text + same.text + page
    path = f"/channels/{product.channel_id}/reconnect"
    assert "Bot token" in admin.get(path).text
    again = post_form(admin, path, access_token=scene.api.token, service_url="", take_over="1")
    assert again.status_code == 303
    assert scene.api.webhook == {}
    post_form(admin, f"/channels/{product.channel_id}/push")
    post_form(admin, f"/channels/{product.channel_id}/disconnect")
    assert scene.api.webhook == {}
    assert session.scalar(select(func.count(Channel.id)).where(Channel.push_key.is_not(None))) == 0
