"""A second accepted reply of one delivery: deleted while the first stands, kept where it may be another one."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Message
from inbox.outbox.models import Delivery
from inbox.platforms.contract import Refused, Unclear
from inbox.platforms.outgoing import Sent
from inbox.replies.frozen import thaw
from inbox.replies.removing import note_double
from inbox.replies.settle import settle
from inbox.replies.vanish import vanished
from tests.factories.conversations import write_ours
from tests.factories.fake_platform import FakeConnection, Killed
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench


def test_a_second_accepted_reply_of_one_delivery_is_deleted(bench: Bench) -> None:
    delivery = queue_doubled(bench)
    bench.send()
    assert bench.state(delivery) == "sent"
    assert list(bench.platform.ledger) == ["ours-1"]
    assert bench.message(delivery).external_id == "ours-1"
    assert told(bench, delivery) == ["found", "deleted"]


def test_a_second_one_that_is_not_shown_yet_is_deleted_once_it_is(bench: Bench) -> None:
    delivery = queue_doubled(bench)
    bench.platform.hides_new = True
    bench.send()
    assert list(bench.platform.ledger) == ["ours-1", "ours-2"]
    bench.platform.hides_new = False
    bench.clock.move(59)
    bench.sweep()
    assert list(bench.platform.ledger) == ["ours-1", "ours-2"]
    bench.clock.move(1)
    bench.sweep()
    assert list(bench.platform.ledger) == ["ours-1"]
    assert (bench.state(delivery), bench.fresh(delivery).due_at, bench.fresh(delivery).candidates) == (
        "sent",
        None,
        [],
    )


def test_a_second_one_that_can_not_be_deleted_is_tried_again(bench: Bench) -> None:
    delivery = queue_doubled(bench)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inbox.replies.removing._delete", lambda *_: Unclear("HTTP 500"))
        bench.send()
    assert told(bench, delivery) == ["found"]
    bench.clock.move(60)
    assert bench.sweep() == 0
    bench.clock.move(60)
    bench.sweep()
    assert list(bench.platform.ledger) == ["ours-1"]
    assert told(bench, delivery) == ["found", "deleted"]


def test_a_second_one_and_a_misplaced_first_are_both_deleted(bench: Bench) -> None:
    delivery = queue_doubled(bench, parent_id="another-root")
    bench.send()
    assert bench.platform.ledger == {}
    assert (bench.state(delivery), bench.fresh(delivery).due_at) == ("gone", None)


def test_the_note_of_a_second_one_outlives_a_worker_that_deleted_the_misplaced_first(bench: Bench) -> None:
    delivery = queue_doubled(bench, parent_id="another-root")
    deletions = 0

    def delete(connection: FakeConnection, external_id: str, ref: Mapping[str, Any]) -> bool:
        nonlocal deletions
        deletions += 1
        if deletions == 2:
            raise Killed
        return connection.delete_own(external_id, ref)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inbox.replies.removing._delete", delete)
        with pytest.raises(Killed):
            bench.send()
    bench.clock.move(120)
    bench.sweep()
    assert bench.platform.ledger == {}
    assert bench.state(delivery) == "gone"


def test_what_became_the_reply_of_another_delivery_is_not_deleted(bench: Bench) -> None:
    """A stale look may have taken the second of two replies of the same words for a copy of the first."""
    scene = make_scene(bench.session)
    first = bench.queue(scene)
    bench.send()
    bench.session.refresh(scene.thread)
    second = bench.queue(scene)
    sent = bench.platform.accept(thaw(second.outgoing))
    note(bench, first, sent)
    bench.sweep()
    assert sent.external_id in bench.platform.ledger  # the second is on its way, and may be this one
    second_id = second.id
    bench.session.commit()
    with bench.sender.make_session() as other, other.begin():
        become_sending(other, second_id)
        settle(other, second_id, sent, pace=bench.sender.pace)
    bench.clock.move(600)
    bench.sweep()
    assert sent.external_id in bench.platform.ledger
    assert told(bench, first) == ["found", "kept"]
    assert (bench.state(second), bench.fresh(first).due_at) == ("sent", None)


def test_a_second_one_stays_once_the_first_is_gone(bench: Bench) -> None:
    delivery = queue_doubled(bench)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inbox.replies.removing._delete", lambda *_: Unclear("HTTP 500"))
        bench.send()
    message_id = bench.message(delivery).id
    bench.session.commit()
    with bench.sender.make_session() as other, other.begin():
        vanished(other, other.get_one(Message, message_id), pace=bench.sender.pace)
    bench.clock.move(600)
    bench.sweep()
    assert "ours-2" in bench.platform.ledger
    assert told(bench, delivery) == ["found", "kept"]


def test_a_second_one_that_the_platform_keeps_is_said_and_left(bench: Bench) -> None:
    delivery = queue_doubled(bench)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inbox.replies.removing._delete", lambda *_: Refused("private"))
        bench.send()
    assert told(bench, delivery) == ["found", "refused"]
    assert bench.fresh(delivery).due_at is None


def test_there_is_none_counts_from_when_it_was_asked(bench: Bench) -> None:
    delivery = queue_doubled(bench)

    def slow(*_: object) -> bool:
        bench.clock.move(61)
        return False

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inbox.replies.removing._delete", slow)
        bench.send()
    assert told(bench, delivery) == ["found"]
    bench.sweep()
    assert list(bench.platform.ledger) == ["ours-1"]


def test_a_second_one_that_a_poll_had_brought_is_looked_at_again(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    sent = bench.platform.accept(thaw(delivery.outgoing))
    stored = write_ours(bench.session, scene.thread, "We open at nine.", external_id=sent.external_id)
    note(bench, delivery, sent)
    bench.sweep()
    assert sent.external_id not in bench.platform.ledger
    bench.session.refresh(stored)
    assert stored.recheck_due_at is not None


def note(bench: Bench, delivery: Delivery, sent: Sent) -> None:
    """Let a look have taken a reply for the second copy of another."""
    delivery_id = delivery.id
    bench.session.commit()
    with bench.sender.make_session() as other, other.begin():
        note_double(other, other.get_one(Delivery, delivery_id), sent)


def become_sending(session: Session, delivery_id: int) -> None:
    """Claim a queued reply, as its worker had when the platform took it."""
    delivery = session.get_one(Delivery, delivery_id)
    delivery.state, delivery.attempt_count = "sending", 1
    session.flush()


def queue_doubled(bench: Bench, **changes: object) -> Delivery:
    """Queue a reply of which an earlier try turns up while this one is on its way; `changes`: of the earlier."""
    delivery = bench.queue(make_scene(bench.session))
    platform, delivery_id = bench.platform, delivery.id

    def settle_by_poll() -> None:
        with bench.sender.make_session() as other, other.begin():
            row = other.get_one(Delivery, delivery_id)
            settle(other, row.id, platform.accept(thaw(row.outgoing), **changes), pace=bench.sender.pace)

    platform.before_send = settle_by_poll
    return delivery


def told(bench: Bench, delivery: Delivery) -> list[str]:
    """Return what the conversation says of the second copies of a reply."""
    query = select(Activity.after).where(
        Activity.kind == "reply_doubled", Activity.conversation_id == delivery.conversation_id
    )
    return [str(after["came_of_it"]) for after in bench.session.scalars(query.order_by(Activity.id)) if after]
