"""Relevo with a guest book behind the example's bridge, from what somebody wrote to the settled answer."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox.settings import Pace
from tests.fixtures.app import MovingClock
from tests.platforms.bluesky.product import Product, connect_product
from tests.platforms.generic.bridges import SECRET, Running


@pytest.fixture
def product(bridge: Running, app: Flask, session: Session) -> Product:
    given = {"service_url": bridge.url, "secret": SECRET}
    made = connect_product(app, session, given, [bridge.url], Pace(), platform="generic")
    made.poll()
    return made


def test_somebody_writes_and_is_answered_once(product: Product, bridge: Running, moving_clock: MovingClock) -> None:
    moving_clock.move(60)
    bridge.writes("1", "¿Abren el domingo?")
    product.poll()
    assert product.conversation_of("1").waiting_since is not None
    delivery = product.answer("1", "Sí, de nueve a dos.")
    product.send_all()
    assert product.state_of(delivery) == "sent"
    assert product.conversation_of("1").waiting_since is None
    product.poll()
    assert [reply["text"] for reply in bridge.replies.values()] == ["Sí, de nueve a dos."]


@pytest.mark.parametrize("fault", ["before", "after"])
def test_an_answer_whose_line_broke_off_arrives_exactly_once(
    product: Product, bridge: Running, moving_clock: MovingClock, fault: str
) -> None:
    moving_clock.move(60)
    bridge.writes("1", "¿Abren el domingo?")
    product.poll()
    delivery = product.answer("1", "Sí, de nueve a dos.")
    setattr(bridge.faults, fault, 1)
    product.send_all()
    assert product.state_of(delivery) == "unclear"
    for _ in range(60):
        moving_clock.move(5)
        product.look_all()
        product.send_all()
    assert product.state_of(delivery) == "sent"
    assert len(bridge.replies) == 1


def test_our_own_reply_that_the_bridge_shows_is_no_second_one(
    product: Product, bridge: Running, moving_clock: MovingClock
) -> None:
    moving_clock.move(60)
    bridge.writes("1", "¿Abren el domingo?")
    product.poll()
    product.answer("1", "Sí, de nueve a dos.")
    product.send_all()
    (key,) = bridge.replies
    shop = {"id": "1", "name": "Guest book"}
    bridge.writes(key, "Sí, de nueve a dos.", author=shop, parent_id="1")
    bridge.writes("3", "And closed on Monday.", author=shop, parent_id="1")
    product.poll()
    assert sorted(message.text for message in product.outbound()) == ["And closed on Monday.", "Sí, de nueve a dos."]


def test_an_edit_and_a_deletion_reach_the_conversation(
    product: Product, bridge: Running, moving_clock: MovingClock
) -> None:
    moving_clock.move(60)
    first = bridge.writes("1", "¿Abren el domingo?")
    bridge.items.append(first | {"type": "edited", "text": "¿Abren el lunes?", "edited_at": "2030-01-01T00:00:00Z"})
    product.poll()
    assert product.received()["1"].text == "¿Abren el lunes?"
    bridge.items.append({"type": "deleted", "id": "1"})
    product.poll()
    assert product.received()["1"].gone_at is not None
    assert product.conversation_of("1").waiting_since is None
