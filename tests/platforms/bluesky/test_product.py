"""Relevo with a Bluesky channel from poll to settled answer, private messages too, on both databases."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import ChannelState
from inbox.conversations.models import Message
from inbox.intake.models import Quarantined
from inbox.outbox.models import Delivery
from inbox.settings import Pace
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.conftest import Scene
from tests.platforms.bluesky.desk import APP_PASSWORD, given
from tests.platforms.bluesky.fake_world import FakeConvo
from tests.platforms.bluesky.product import Product, connect_product


@pytest.fixture
def product(scene: Scene, app: Flask, session: Session) -> Product:
    scene.shop.app_passwords[APP_PASSWORD] = True
    return connect_product(app, session, given(scene.network, scene.shop), [scene.network.url], Pace())


@pytest.fixture
def convo(scene: Scene) -> FakeConvo:
    return scene.world.begin_convo(scene.shop, scene.ana, requested_of=scene.shop)


def asks(product: Product, scene: Scene, convo: FakeConvo, text: str = "¿Dónde está mi pedido?") -> str:
    """Let Ana ask in private and poll; returns the message's id."""
    said = scene.world.say(convo, scene.ana, text)
    product.poll()
    return f"chat:{convo.id}:{said['id']}"


def pass_time(product: Product, moving_clock: MovingClock, seconds: float, step: float = 5) -> None:
    """Let workers work while time passes."""
    for _ in range(int(seconds / step)):
        moving_clock.move(step)
        product.look_all()


def test_a_strangers_private_message_is_answered_once(
    product: Product, scene: Scene, convo: FakeConvo, moving_clock: MovingClock
) -> None:
    asked = asks(product, scene, convo)
    conversation = product.conversation_of(asked)
    assert (conversation.is_private, conversation.kind) == (True, "direct")
    assert conversation.waiting_since is not None
    delivery = product.answer(asked, "Sale hoy.", mode="private")
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert product.conversation_of(asked).waiting_since is None
    moving_clock.move(minutes=10)
    product.poll()
    product.poll(is_deep=True)
    assert [message.text for message in product.outbound()] == ["Sale hoy."]
    assert [message["text"] for message in convo.messages] == ["¿Dónde está mi pedido?", "Sale hoy."]
    assert scene.world.people[scene.ana.did].handle == "ana.test"


@pytest.mark.parametrize("is_polled_first", [True, False])
def test_a_private_answer_that_was_lost_is_found_by_its_words(
    product: Product, scene: Scene, convo: FakeConvo, moving_clock: MovingClock, is_polled_first: bool
) -> None:
    asked = asks(product, scene, convo)
    delivery = product.answer(asked, "Sale hoy.", mode="private")
    scene.network.faults.hang_ups_after_write = 1
    product.send_all()
    assert product.state_of(delivery) == "unclear"
    if is_polled_first:
        product.poll()
        assert product.conversation_of(asked).waiting_since is None
    pass_time(product, moving_clock, 10)
    product.poll()
    assert product.state_of(delivery) == "sent"
    assert len(product.outbound()) == 1
    assert [message["text"] for message in convo.messages].count("Sale hoy.") == 1


def test_a_private_answer_that_cant_be_found_is_for_a_person(
    product: Product, scene: Scene, convo: FakeConvo, moving_clock: MovingClock
) -> None:
    asked = asks(product, scene, convo)
    delivery = product.answer(asked, "Sale hoy.", mode="private")
    scene.network.faults.hang_ups_before_write = 1
    product.send_all()
    scene.world.say(convo, scene.shop, "Something else, from the app")
    pass_time(product, moving_clock, 700)
    assert product.state_of(delivery) == "needs_person"
    (row,) = product.rows(select(Delivery))
    assert [one["text"] for one in row.candidates] == ["Something else, from the app"]
    assert not any(message["text"] == "Sale hoy." for message in convo.messages)


def test_an_answer_from_the_app_takes_a_private_exchange_off_the_list(
    product: Product, scene: Scene, convo: FakeConvo, moving_clock: MovingClock
) -> None:
    asked = asks(product, scene, convo)
    moving_clock.move(60)
    scene.world.say(convo, scene.shop, "Answered in the app")
    product.poll()
    assert product.conversation_of(asked).waiting_since is None
    assert product.received()[asked].settled == "answered"


def test_a_private_message_that_was_deleted_leaves_a_tombstone(
    product: Product, scene: Scene, convo: FakeConvo
) -> None:
    asked = asks(product, scene, convo)
    scene.world.unsay(convo, asked.rpartition(":")[2])
    product.poll()
    message = product.received()[asked]
    assert message.gone_at is not None
    assert message.settled == "withdrawn"
    assert product.conversation_of(asked).waiting_since is None


def test_a_public_reply_that_was_lost_is_found_by_its_key(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    asked = scene.world.post(scene.ana, "¿Abren el domingo?", parent=scene.post)
    product.poll()
    delivery = product.answer(asked.uri, "Sí, de nueve a dos.")
    scene.network.faults.hang_ups_after_write = 1
    product.send_all()
    product.poll()
    pass_time(product, moving_clock, 10)
    product.send_all()
    assert product.state_of(delivery) == "sent"
    ours = [record for record in scene.world.posts() if record.did == scene.shop.did and record.uri != scene.post.uri]
    assert [record.uri for record in ours] == [message.external_id for message in product.outbound()]
    assert len(ours) == 1


def test_a_public_reply_that_surely_did_not_arrive_is_sent_again_by_itself(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    asked = scene.world.post(scene.ana, "¿Abren el domingo?", parent=scene.post)
    product.poll()
    delivery = product.answer(asked.uri, "Sí, de nueve a dos.")
    scene.network.faults.hang_ups_before_write = 1
    product.send_all()
    assert product.state_of(delivery) == "unclear"
    pass_time(product, moving_clock, 10)
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert sum(record.value["text"] == "Sí, de nueve a dos." for record in scene.world.posts()) == 1


def test_everything_that_a_page_shows_lands_and_the_rest_is_kept(product: Product, scene: Scene) -> None:
    good = scene.world.post(scene.ana, "Good?", parent=scene.post)
    bad = scene.world.post(scene.ben, "Bad?", parent=scene.post)
    bad.value = {**bad.value, "text": 5}
    for _ in range(2):
        product.poll()
    assert set(product.received()) == {good.uri}
    kept = product.rows(select(Quarantined))
    assert {row.reason_code for row in kept} == {"item_unreadable"}
    assert len(product.rows(select(Message))) == 1


def test_a_dead_password_needs_a_person_and_nothing_is_lost(
    product: Product, scene: Scene, moving_clock: MovingClock
) -> None:
    asked = scene.world.post(scene.ana, "¿Abren?", parent=scene.post)
    product.poll()
    scene.world.expire_access_tokens()
    scene.world.revoke_all()
    later = scene.world.post(scene.ben, "¿Y el lunes?", parent=scene.post)
    product.poll()
    channel = product.channel
    assert (channel.state, channel.state_reason) == (ChannelState.NEEDS_YOU, "token_expired")
    assert set(product.received()) == {asked.uri}
    pair = scene.world.open_session(scene.shop, "com.atproto.appPassPrivileged")
    product.change_secret(accessJwt=pair.access, refreshJwt=pair.refresh)
    moving_clock.move(timedelta(minutes=5).total_seconds())
    product.poll()
    assert set(product.received()) == {asked.uri, later.uri}
