"""RULES C1: what is said after our answer is told by one clock, whatever the platform's own shows."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from inbox.conversations.arrive import arrived
from inbox.platforms.outgoing import Sent
from inbox.replies.settle import settle
from inbox.settings import Pace
from tests.factories.replies import make_delivery, make_inbound, make_scene
from tests.fixtures.app import MovingClock


@pytest.mark.parametrize(
    ("skew", "taken_off"), [(0.0, 0.0), (-600.0, -600.0), (600.0, 600.0), (30.0, 0.0), (-30.0, 0.0)]
)
def test_a_reply_was_said_when_our_clock_had_it(
    session: Session, moving_clock: MovingClock, skew: float, taken_off: float
) -> None:
    scene = make_scene(session, skew_seconds=skew)
    delivery = make_delivery(session, scene, "sending")
    told = moving_clock() + timedelta(seconds=skew)
    settle(session, delivery.id, Sent("ours-1", created_at=told, text="We open at nine."), pace=Pace())
    message = session.get_one(type(scene.message), delivery.message_id)
    assert message.authored_at == told
    assert message.clock_at == min(told - timedelta(seconds=taken_off), moving_clock())


def test_thanks_that_came_before_our_answer_waits_though_the_platforms_clock_is_slow(
    session: Session, moving_clock: MovingClock
) -> None:
    scene = make_scene(session, skew_seconds=-600.0)
    moving_clock.move(minutes=2)
    thanks = make_inbound(session, scene.conversation, "Thank you so much!")
    moving_clock.move(minutes=3)
    delivery = make_delivery(session, scene, "sending", seen_seq=scene.message.seq)
    told = moving_clock() - timedelta(seconds=600)
    settle(session, delivery.id, Sent("ours-1", created_at=told, text="We open at nine."), pace=Pace())
    assert thanks.awaits
    moving_clock.move(minutes=1)
    later = make_inbound(session, scene.conversation, "Thank you so much!")
    arrived(session, later, pace=Pace())
    assert not later.awaits
