"""RULES B4 without timers: a sent answer that ceases to exist lets what it alone had answered wait again."""

from typing import Any

import pytest

from inbox import clock
from inbox.conversations.models import Conversation, Message
from inbox.outbox.models import Delivery
from inbox.replies.vanish import REFUSED_LATER, vanished
from inbox.settings import Pace
from tests.factories.replies import Scene, make_inbound, make_scene
from tests.fixtures.replies import Bench


def sent_in(bench: Bench, scene: Scene, **given: Any) -> tuple[Delivery, Message]:
    delivery = bench.queue(scene, **given)
    bench.send()
    assert bench.state(delivery) == "sent"
    bench.session.refresh(scene.thread)
    return delivery, bench.message(delivery)


@pytest.mark.parametrize("reason", ["deleted", REFUSED_LATER])
def test_within_a_day_it_waits_again_with_its_first_clock(bench: Bench, reason: str) -> None:
    scene = make_scene(bench.session)
    began = clock.now()
    bench.clock.move(300)
    delivery, reply = sent_in(bench, scene, is_finishing=True)
    bench.clock.move(86399)
    assert vanished(bench.session, reply, pace=Pace(), reason=reason)
    row = bench.fresh(delivery)
    assert (row.state, row.gone_reason, reply.gone_reason) == ("gone", reason, reason)
    asked = bench.session.get_one(Message, scene.message.id, populate_existing=True)
    assert (asked.awaits, asked.settled, asked.answered_by_message_id, asked.clock_at) == (True, None, None, began)
    conversation = bench.session.get_one(Conversation, scene.conversation.id, populate_existing=True)
    assert (conversation.status, conversation.waiting_since) == ("open", began)


def test_after_a_day_it_is_gone_and_stays_answered(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery, reply = sent_in(bench, scene)
    bench.clock.move(86401)
    vanished(bench.session, reply, pace=Pace())
    assert bench.state(delivery) == "gone"
    assert not bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits


def test_a_later_answer_that_settled_the_same_keeps_it_answered(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first, reply = sent_in(bench, scene)
    make_inbound(bench.session, scene.conversation, "And on Sundays?")
    second, later = sent_in(bench, scene, text="At ten.")
    vanished(bench.session, reply, pace=Pace())
    assert (bench.state(first), bench.state(second)) == ("gone", "sent")
    asked = bench.session.get_one(Message, scene.message.id, populate_existing=True)
    assert (asked.settled, asked.answered_by_message_id) == ("answered", later.id)


def test_what_its_author_deleted_meanwhile_does_not_wait_again(bench: Bench) -> None:
    scene = make_scene(bench.session)
    _delivery, reply = sent_in(bench, scene)
    asked = bench.session.get_one(Message, scene.message.id, populate_existing=True)
    asked.gone_at = clock.now()
    vanished(bench.session, reply, pace=Pace())
    assert not asked.awaits


def test_twice_is_once(bench: Bench) -> None:
    scene = make_scene(bench.session)
    _delivery, reply = sent_in(bench, scene)
    assert vanished(bench.session, reply, pace=Pace())
    assert not vanished(bench.session, reply, pace=Pace())
