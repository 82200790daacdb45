"""RULES D5: "send after it" leaves a draft that a sweep queues after D6's checks, or returns."""

import pytest

from inbox import clock
from inbox.conversations.models import Message
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.replies.models import Draft
from inbox.replies.queue import Waiting, Wanted, queue_reply
from tests.factories.basics import make_responder
from tests.factories.fake_platform import FakeConnection
from tests.factories.replies import Scene, make_draft, make_scene
from tests.fixtures.replies import Bench


def wait_after(bench: Bench, scene: Scene, first: Delivery, text: str = "And ten on Sundays.") -> Draft:
    """Let a second writer press Send and choose to send after the first."""
    second = make_responder(bench.session, scene.channel)
    draft = make_draft(bench.session, scene, member=second)
    wanted = Wanted(draft.reply_key, text, draft.seen_seq, after_delivery_id=first.id)
    connection = FakeConnection(bench.platform)
    result = queue_reply(
        bench.session, second, scene.conversation, wanted, connection=connection, pace=bench.sender.pace
    )
    assert isinstance(result, Waiting)
    bench.session.commit()
    return result.draft


def again(bench: Bench, draft: Draft) -> Draft:
    bench.session.commit()
    return bench.session.get_one(Draft, draft.id, populate_existing=True)


def test_it_leaves_once_the_first_is_sent(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    draft = wait_after(bench, scene, first)
    bench.sweep()
    assert again(bench, draft).state == "waiting"
    bench.send()
    bench.sweep()
    bench.send()
    assert again(bench, draft).state == "sent"
    assert [one.text for one in bench.platform.accepted] == ["We open at nine.", "And ten on Sundays."]
    second = bench.session.get_one(Delivery, again(bench, draft).delivery_id)
    assert second.state == "sent"
    assert second.reply_key == draft.reply_key


@pytest.mark.parametrize("state", ["refused", "cancelled", "returned", "gone"])
def test_it_comes_back_if_the_first_never_stood_there(bench: Bench, state: str) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    draft = wait_after(bench, scene, first)
    bench.session.get_one(Delivery, first.id).state = state
    bench.sweep()
    back = again(bench, draft)
    assert (back.state, back.returned_code, back.send_after_delivery_id) == ("open", "awaited_not_sent", None)
    assert back.text == "And ten on Sundays."


def test_it_comes_back_if_somebody_else_answered_after_the_first(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    draft = wait_after(bench, scene, first)
    bench.send()
    bench.session.refresh(scene.thread)
    scene.thread.last_seq += 1
    native = Message(
        thread_id=scene.thread.id,
        channel_id=scene.channel.id,
        conversation_id=scene.conversation.id,
        direction="outbound",
        kind="comment",
        audience="public",
        external_id="native-1",
        seq=scene.thread.last_seq,
        received_at=clock.now(),
        clock_at=clock.now(),
        is_native=True,
    )
    bench.session.add(native)
    bench.sweep()
    assert (again(bench, draft).state, again(bench, draft).returned_code) == ("open", "answered_meanwhile")


def test_it_comes_back_if_its_writer_lost_the_right(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    draft = wait_after(bench, scene, first)
    bench.session.get_one(Member, draft.member_id).deactivated_at = clock.now()
    bench.send()
    bench.sweep()
    assert (again(bench, draft).state, again(bench, draft).returned_code) == ("open", "may_not_answer")


def test_a_third_writer_waits_for_the_second(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    second = wait_after(bench, scene, first)
    third = wait_after(bench, scene, first, text="Third.")
    bench.send()
    bench.sweep()
    bench.sweep()
    delivery_id = again(bench, second).delivery_id
    assert (again(bench, third).state, again(bench, third).send_after_delivery_id) == ("waiting", delivery_id)
    for _ in range(2):
        bench.send()
        bench.sweep()
    bench.send()
    assert [one.text for one in bench.platform.accepted] == ["We open at nine.", "And ten on Sundays.", "Third."]


def test_a_second_press_while_it_waits_changes_nothing(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    draft = wait_after(bench, scene, first)
    wanted = Wanted(draft.reply_key, "Other words", draft.seen_seq, after_delivery_id=first.id)
    member = bench.session.get_one(Member, draft.member_id)
    connection = FakeConnection(bench.platform)
    result = queue_reply(
        bench.session, member, scene.conversation, wanted, connection=connection, pace=bench.sender.pace
    )
    assert isinstance(result, Waiting)
    assert result.draft.text == "And ten on Sundays."
