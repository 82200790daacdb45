"""Our own replies may be polled before their settling commits (RULES D4, intake's side)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.conversations.models import Conversation, Message
from inbox.intake.own import held_back_due
from inbox.platforms import items
from inbox.settings import Pace
from tests.factories.items import message, take_in, us
from tests.factories.replies import Scene, make_delivery, make_scene
from tests.fixtures.app import MovingClock

PACE = Pace()


def ours(scene: Scene, external_id: str, text: str, **given: object) -> items.Message:
    values: dict[str, object] = {"parent_id": scene.message.external_id, "authored_at": clock.now()} | given
    return message(external_id, by=us(scene.channel), text=text, **values)


def find(session: Session, external_id: str) -> Message | None:
    session.expire_all()
    return session.scalar(select(Message).where(Message.external_id == external_id))


def test_a_reply_in_flight_that_is_polled_settles_its_delivery_and_makes_no_second_row(
    session: Session, moving_clock: MovingClock
) -> None:
    scene = make_scene(session)
    delivery = make_delivery(session, scene, "unclear")
    moving_clock.move(20)
    received = take_in(session, scene.channel, ours(scene, "r1", "We open at nine."))
    assert (received.new, received.own) == (0, 1)
    row = find(session, "r1")
    assert row is not None
    assert (row.id, row.seq, row.is_native) == (delivery.message_id, 2, False)
    session.refresh(delivery)
    assert delivery.state == "sent"
    assert not session.get_one(Message, scene.message.id).awaits
    assert take_in(session, scene.channel, ours(scene, "r1", "We open at nine.")).is_quiet


def test_another_own_message_while_one_is_in_flight_is_held_back_and_settles_nothing(
    session: Session, moving_clock: MovingClock
) -> None:
    scene = make_scene(session)
    make_delivery(session, scene, "unclear")
    told = session.scalar(select(func.count()).select_from(Activity))
    moving_clock.move(20)
    received = take_in(session, scene.channel, ours(scene, "r1", "We open at 9!"))
    row = find(session, "r1")
    assert row is not None
    assert (received.new, row.is_held_back, row.is_native, row.seq) == (0, True, False, None)
    assert row.look_at == clock.now() + timedelta(minutes=10)
    assert session.get_one(Message, scene.message.id).awaits
    assert session.scalar(select(func.count()).select_from(Activity)) == told
    assert take_in(session, scene.channel, ours(scene, "r1", "We open at 9!")).is_quiet


def test_what_nobody_claimed_is_a_native_answer_after_ten_minutes(session: Session, moving_clock: MovingClock) -> None:
    scene = make_scene(session)
    make_delivery(session, scene, "unclear")
    moving_clock.move(20)
    take_in(session, scene.channel, ours(scene, "r1", "We open at 9!"))
    moving_clock.move(599)
    assert held_back_due(session, pace=PACE) == 0
    moving_clock.move(1)
    assert held_back_due(session, pace=PACE) == 1
    assert held_back_due(session, pace=PACE) == 0
    row = find(session, "r1")
    assert row is not None
    assert (row.is_held_back, row.is_native, row.seq, row.look_at) == (False, True, 2, None)
    asked = session.get_one(Message, scene.message.id)
    assert (asked.settled, asked.answered_by_message_id) == ("answered", row.id)
    assert session.get_one(Conversation, scene.conversation.id).waiting_since is None


def test_without_a_reply_in_flight_an_own_message_is_a_native_answer_at_once(
    session: Session, moving_clock: MovingClock
) -> None:
    scene = make_scene(session)
    moving_clock.move(20)
    assert take_in(session, scene.channel, ours(scene, "r1", "We open at 9!")).new == 1
    assert session.get_one(Message, scene.message.id).settled == "answered"


@pytest.mark.parametrize("fan_first", [True, False])
def test_a_fan_who_answers_a_reply_of_ours_that_is_not_settled_yet_ends_in_its_thread(
    session: Session, moving_clock: MovingClock, fan_first: bool
) -> None:
    scene = make_scene(session)
    make_delivery(session, scene, "unclear")
    moving_clock.move(20)
    page = [message("fan", by="omar", parent_id="r1"), ours(scene, "r1", "We open at nine.")]
    if fan_first:
        take_in(session, scene.channel, page[0])
        take_in(session, scene.channel, page[1])
    else:
        take_in(session, scene.channel, *page)
    fan = find(session, "fan")
    assert fan is not None
    assert fan.thread_id == scene.thread.id
