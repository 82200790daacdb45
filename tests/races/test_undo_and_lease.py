"""A reply that leaves meets its undo, and its worker its lease and the machine's clock (RULES D2, D6, D9)."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox import clock
from inbox.errors import Conflict
from inbox.members.models import Member
from inbox.outbox import claim
from inbox.outbox.models import Delivery
from inbox.outbox.transactions import commit
from inbox.platforms.contract import Refused
from inbox.platforms.outgoing import Limits
from inbox.replies import decide
from inbox.replies.send import claim_one, send_claimed
from inbox.replies.settle import settle
from tests.factories.fake_platform import Killed
from tests.factories.replies import LIMITS, make_scene
from tests.fixtures.replies import Bench
from tests.races.in_flight import PACE, Work, during_send, own_rows, polls, shown_by
from tests.races.meeting import in_transaction, overlap


def takes_back(delivery: Delivery) -> Work:
    """Return the work of a pressed Undo."""
    delivery_id, member_id = delivery.id, delivery.member_id

    def work(session: Session) -> str:
        found = session.get_one(Delivery, delivery_id)
        return decide.cancel(session, found, session.get_one(Member, member_id)).state

    return work


class TestUndo:
    """Undo pressed exactly when the hold ends or the claim happens: one of the two wins, and says so."""

    @pytest.mark.parametrize("is_undo_first", [True, False])
    def test_undo_meets_the_end_of_the_hold(self, bench: Bench, engine: Engine, is_undo_first: bool) -> None:
        delivery = bench.queue(make_scene(bench.session), text="Wait, no", hold_seconds=8)
        undo = takes_back(delivery)
        bench.session.commit()
        bench.clock.move(8)
        if is_undo_first:
            _, released = overlap(engine, undo, lambda: commit(bench.sender.make_session, claim.release_held))
            assert released == 0
        else:
            _, undone = overlap(engine, claim.release_held, lambda: in_transaction(engine, undo))
            assert undone == "cancelled"  # it only stood in the queue: nothing had left
        assert bench.state(delivery) == "cancelled"
        assert not bench.send()
        assert (bench.platform.sends, bench.draft(delivery).text) == (0, "Wait, no")

    @pytest.mark.parametrize("is_undo_first", [True, False])
    def test_undo_meets_the_claim(self, bench: Bench, engine: Engine, is_undo_first: bool) -> None:
        delivery = bench.queue(make_scene(bench.session), text="Wait, no")
        undo = takes_back(delivery)
        bench.session.commit()
        if is_undo_first:
            undone, claimed = overlap(engine, undo, lambda: claim_one(bench.sender))
            assert (undone, claimed) == ("cancelled", None)
            assert bench.draft(delivery).state == "open"
            return
        held, undone = overlap(
            engine, lambda session: claim.claim_next(session, PACE), lambda: in_transaction(engine, undo)
        )
        assert isinstance(held, claim.Claim)
        assert isinstance(undone, Conflict)
        assert undone.code == "already_leaving"
        bench.session.commit()
        send_claimed(bench.sender, held)
        assert bench.state(delivery) == "sent"


class TestLease:
    """A worker that is slower than its lease."""

    def test_it_comes_back_with_a_200_before_anybody_looked(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))
        during_send(bench, lambda: (bench.clock.move(121), bench.sweep()))
        bench.send()
        assert bench.state(delivery) == "sent"
        assert (bench.platform.sends, len(own_rows(bench))) == (1, 1)

    def test_it_comes_back_with_a_200_after_a_look_had_found_it(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))

        def looked_for() -> None:
            bench.clock.move(121)
            bench.sweep()
            bench.clock.move(5)
            assert bench.look()
            assert bench.state(delivery) == "sent"
            bench.session.commit()

        during_send(bench, looked_for)
        bench.send()
        assert bench.state(delivery) == "sent"
        assert (bench.platform.sends, len(own_rows(bench))) == (1, 1)

    def test_its_refusal_comes_while_the_next_try_is_out_and_decides_nothing(self, bench: Bench) -> None:
        bench.platform.has_own_ids, bench.platform.looks = True, "sure"
        bench.platform.steps = [Refused("no")]
        delivery = bench.queue(make_scene(bench.session))
        second: list[claim.Claim | None] = []

        def next_try_begins() -> None:
            bench.clock.move(121)
            bench.sweep()
            bench.clock.move(5)
            bench.look()  # surely absent: queued again
            second.append(claim_one(bench.sender))

        bench.platform.before_send = next_try_begins
        bench.send()
        assert bench.state(delivery) == "sending"
        bench.platform.before_send = lambda: None
        (claimed,) = second
        assert claimed is not None
        send_claimed(bench.sender, claimed)
        assert bench.state(delivery) == "sent"

    @pytest.mark.parametrize("is_settled_first", [True, False])
    def test_its_200_meets_the_sweep_that_takes_it_for_lost(
        self, bench: Bench, engine: Engine, is_settled_first: bool
    ) -> None:
        scene = make_scene(bench.session)
        bench.platform.steps = ["kill"]
        delivery = bench.queue(scene)
        with pytest.raises(Killed):
            bench.send()
        bench.clock.move(121)
        delivery_id, sent = delivery.id, bench.platform.accepted[0]
        bench.session.commit()

        def settles(session: Session) -> object:
            return settle(session, delivery_id, sent, pace=PACE)

        def sweeps(session: Session) -> object:
            return claim.sweep_lost(session, PACE)

        works = (settles, sweeps) if is_settled_first else (sweeps, settles)
        _, second = overlap(engine, works[0], lambda: commit(bench.sender.make_session, works[1]))
        assert not isinstance(second, Exception)
        assert bench.state(delivery) == "sent"
        assert bench.fresh(delivery).lost_count == (0 if is_settled_first else 1)
        assert [row.external_id for row in own_rows(bench)] == ["ours-1"]


def test_a_clock_set_back_by_30_seconds_in_the_hold_lets_it_leave_later_and_once(bench: Bench) -> None:
    delivery = bench.queue(make_scene(bench.session), hold_seconds=8)
    bench.clock.move(7)
    bench.clock.move(-30)
    bench.clock.move(8)
    assert not bench.send()
    bench.clock.move(23)
    assert bench.send()
    assert bench.state(delivery) == "sent"
    assert bench.platform.sends == 1


@pytest.mark.parametrize("step", [-30, 30])
def test_a_clock_that_steps_by_30_seconds_in_the_lease_neither_doubles_nor_loses_it(bench: Bench, step: int) -> None:
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session, limits=replace_lag())
    delivery = bench.queue(scene)
    bench.platform.before_send = lambda: (bench.clock.move(step), None)[1]
    bench.send()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "sent"
    assert (bench.platform.sends, len(bench.platform.accepted)) == (1, 1)


def test_a_clock_that_was_ahead_at_the_send_and_is_set_back_still_finds_the_reply_by_poll(
    bench: Bench, engine: Engine
) -> None:
    """The platform's time of the reply then lies before our attempt."""
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    bench.clock.move(-30)
    sent = replace(bench.platform.accepted[0], created_at=clock.now())
    poll = polls(scene, shown_by(scene, sent))
    bench.session.commit()
    in_transaction(engine, poll)
    assert bench.state(delivery) == "sent"
    assert len(own_rows(bench)) == 1


def replace_lag() -> Limits:
    return replace(LIMITS, lookup_lag_seconds=30.0)
