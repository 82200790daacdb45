"""RULES D6: a platform that tells only an id is asked where the reply stands until that is known."""

from dataclasses import replace

import pytest

from inbox.conversations.models import Message
from inbox.platforms.outgoing import Outgoing, Sent
from inbox.settings import Pace
from tests.factories.fake_platform import FakePlatform
from tests.factories.replies import Scene, make_scene
from tests.fixtures.replies import Bench

MINUTE = Pace().gone_confirm_seconds


def tell_no_place(platform: FakePlatform, outgoing: Outgoing) -> Sent:
    return replace(platform.accept(outgoing), parent_id=None)


def hang_elsewhere(platform: FakePlatform, outgoing: Outgoing) -> Sent:
    return replace(platform.accept(outgoing, parent_id="another-root"), parent_id=None)


def awaits(bench: Bench, scene: Scene) -> bool:
    bench.session.commit()
    return bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits


def test_a_reply_whose_place_is_told_later_and_right_stays(bench: Bench) -> None:
    bench.platform.steps = [tell_no_place]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    assert bench.state(delivery) == "sent"
    bench.clock.move(MINUTE)
    bench.sweep()
    row = bench.fresh(delivery)
    assert (row.state, row.reason_code, row.reason_detail, row.due_at) == ("sent", None, None, None)
    bench.clock.move(days=2)
    bench.sweep()
    assert bench.platform.calls.count("read_back") == 1
    assert len(bench.platform.ledger) == 1
    assert not awaits(bench, scene)


@pytest.mark.parametrize("failures", [0, 3])
def test_one_that_stands_elsewhere_is_found_out_and_taken_back(bench: Bench, failures: int) -> None:
    bench.platform.steps, bench.platform.hides_new = [hang_elsewhere], failures > 0
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    assert (bench.state(delivery), awaits(bench, scene)) == ("sent", False)
    for _ in range(failures):
        bench.clock.move(Pace().failure_backoff_longest_seconds)
        bench.sweep()
        assert bench.state(delivery) == "sent"
    bench.platform.hides_new = False
    bench.clock.move(Pace().failure_backoff_longest_seconds)
    bench.sweep()
    row = bench.fresh(delivery)
    assert (row.state, row.gone_reason, row.reason_code, row.due_at) == ("gone", "misplaced", "misplaced", None)
    assert bench.platform.ledger == {}
    assert awaits(bench, scene)
    draft = bench.draft(delivery)
    assert (draft.state, draft.returned_code) == ("open", "misplaced")


def test_what_is_not_told_within_a_day_is_asked_no_more(bench: Bench) -> None:
    bench.platform.steps, bench.platform.hides_new = [hang_elsewhere], True
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.clock.move(days=1, minutes=1)
    bench.sweep()
    row = bench.fresh(delivery)
    assert (row.state, row.reason_detail, row.due_at) == ("sent", None, None)
