"""What is answered changes or vanishes while the answer is held or on its way (RULES A6, B1, D6)."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from inbox.conversations.edits import Wording, edited
from inbox.conversations.gone import look_said_gone
from inbox.conversations.models import Conversation, Message
from inbox.outbox.models import Delivery
from inbox.platforms.contract import Gone
from inbox.platforms.outgoing import Outgoing, ParentGone, Sent
from inbox.replies.settle import settle
from inbox.settings import Pace
from tests.factories.fake_platform import FakePlatform
from tests.factories.replies import Scene, make_scene
from tests.fixtures.replies import Bench
from tests.races.meeting import in_transaction, overlap

PACE = Pace()
LONGER = "When does the shop open? And do you repair bicycles as well?"


def edit(message_id: int, text: str) -> Callable[[Session], object]:
    """Return the work of intake that finds other words."""
    return lambda session: edited(session, session.get_one(Message, message_id), Wording(text), pace=PACE)


def delete(message_id: int) -> Callable[[Session], object]:
    """Return the work of intake that is told of a deletion by the author."""
    return lambda session: look_said_gone(session, session.get_one(Message, message_id), pace=PACE, is_event=True)


def during_send(bench: Bench, act: Callable[[], object]) -> None:
    """Let something happen when the platform has accepted the reply and we have not heard of it."""

    def step(platform: FakePlatform, outgoing: Outgoing) -> Sent:
        sent = platform.accept(outgoing)
        act()
        return sent

    bench.platform.steps = [step]


def apart(bench: Bench, engine: Engine, work: Callable[[Session], object]) -> None:
    """Do work in a transaction of its own, with none of the test's open."""
    bench.session.commit()
    in_transaction(engine, work)


def asked(bench: Bench, scene: Scene) -> Message:
    bench.session.commit()
    return bench.session.get_one(Message, scene.message.id, populate_existing=True)


def check_edited_after_answer(bench: Bench, scene: Scene, waits: bool) -> None:
    message = asked(bench, scene)
    conversation = bench.session.get_one(Conversation, scene.conversation.id, populate_existing=True)
    assert (message.awaits, message.is_edited_after_answer) == (waits, True)
    assert (conversation.has_edit_after_answer, conversation.status) == (True, "open")
    assert (conversation.waiting_since is not None) == waits


@pytest.mark.parametrize("when", ["in the hold", "in the send", "after it"])
@pytest.mark.parametrize(("text", "waits"), [(LONGER, True), ("When does the shop open, please?", False)])
def test_an_edit_that_the_writer_had_not_seen_counts_as_edited_after_the_answer(
    bench: Bench, engine: Engine, when: str, text: str, waits: bool
) -> None:
    scene = make_scene(bench.session)
    held = bench.queue(scene, hold_seconds=8)
    bench.clock.move(1)
    act = edit(scene.message.id, text)
    if when == "in the hold":
        apart(bench, engine, act)
    if when == "in the send":
        during_send(bench, lambda: in_transaction(engine, act))
    bench.clock.move(8)
    bench.send()
    assert bench.state(held) == "sent"
    if when == "after it":
        apart(bench, engine, act)
    check_edited_after_answer(bench, scene, waits)


@pytest.mark.parametrize("is_edit_first", [True, False])
def test_an_edit_meets_the_settling_and_the_new_question_waits_either_way(
    bench: Bench, engine: Engine, is_edit_first: bool
) -> None:
    scene = make_scene(bench.session)
    bench.platform.steps, bench.platform.looks = ["hang"], "cannot"
    delivery = bench.queue(scene)
    bench.send()
    bench.clock.move(1)
    delivery_id, sent = delivery.id, bench.platform.accepted[0]
    act = edit(scene.message.id, LONGER)
    bench.session.commit()

    def settling(session: Session) -> object:
        return settle(session, delivery_id, sent, pace=PACE)

    works = (act, settling) if is_edit_first else (settling, act)
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert not isinstance(second, Exception)
    assert bench.state(delivery) == "sent"
    check_edited_after_answer(bench, scene, waits=True)


def test_send_and_done_does_not_close_over_a_question_that_came_as_an_edit(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    bench.queue(scene, hold_seconds=8, is_finishing=True)
    bench.clock.move(8)
    apart(bench, engine, edit(scene.message.id, LONGER))
    bench.send()
    check_edited_after_answer(bench, scene, waits=True)


def test_an_edit_that_was_there_before_send_was_pressed_is_answered(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    bench.session.commit()
    apart(bench, engine, edit(scene.message.id, LONGER))
    bench.clock.move(1)
    bench.queue(scene)
    bench.send()
    message = asked(bench, scene)
    assert (message.awaits, message.settled, message.is_edited_after_answer) == (False, "answered", False)


def test_the_parent_is_deleted_during_the_hold_and_nothing_leaves(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene, text="My words.", hold_seconds=8)
    apart(bench, engine, delete(scene.message.id))
    bench.clock.move(8)
    bench.send()
    assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", "parent_gone")
    assert (bench.platform.sends, bench.draft(delivery).text) == (0, "My words.")
    assert asked(bench, scene).settled == "withdrawn"


def test_the_parent_is_deleted_between_preflight_and_the_write_and_the_platform_says_so(
    bench: Bench, engine: Engine
) -> None:
    scene = make_scene(bench.session)
    bench.platform.steps = [Gone("no such parent")]
    bench.platform.before_send = lambda: (in_transaction(engine, delete(scene_id)), None)[1]
    scene_id = scene.message.id
    delivery = bench.queue(scene, text="My words.")
    bench.send()
    bench.platform.preflights = [ParentGone()]
    bench.clock.move(60)
    bench.send()
    assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", "parent_gone")
    assert (bench.platform.accepted, bench.draft(delivery).text) == ([], "My words.")


def test_the_parent_is_deleted_after_the_platform_accepted_and_the_reply_is_sent_all_the_same(
    bench: Bench, engine: Engine
) -> None:
    scene = make_scene(bench.session)
    message_id = scene.message.id
    delivery = bench.queue(scene)
    during_send(bench, lambda: in_transaction(engine, delete(message_id)))
    bench.send()
    assert bench.state(delivery) == "sent"
    message = asked(bench, scene)
    assert (message.settled, message.awaits) == ("withdrawn", False)
    assert bench.session.get_one(Conversation, scene.conversation.id, populate_existing=True).waiting_since is None


@pytest.mark.parametrize("is_deletion_first", [True, False])
def test_a_deletion_meets_the_settling_and_nobody_waits_either_way(
    bench: Bench, engine: Engine, is_deletion_first: bool
) -> None:
    scene = make_scene(bench.session)
    bench.platform.steps = ["hang"]
    delivery = bench.queue(scene)
    bench.send()
    delivery_id, sent, act = delivery.id, bench.platform.accepted[0], delete(scene.message.id)
    bench.session.commit()

    def settling(session: Session) -> object:
        return settle(session, delivery_id, sent, pace=PACE)

    works = (act, settling) if is_deletion_first else (settling, act)
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert not isinstance(second, Exception)
    message = asked(bench, scene)
    assert message.settled == ("withdrawn" if is_deletion_first else "answered")
    assert message.gone_at is not None
    assert bench.session.scalars(select(Delivery.state)).all() == ["sent"]
    assert bench.session.get_one(Conversation, scene.conversation.id, populate_existing=True).waiting_since is None
