"""A reply on its way meets its undo, its lease, its own poll, a twin, a native answer (RULES D2 to D6, D9).

What the sender, the sweep and the poll do alone is tested in tests/replies; here they meet in real transactions.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Answer, Conversation, Message
from inbox.errors import Conflict
from inbox.members.models import Member
from inbox.outbox import claim
from inbox.outbox.models import Delivery
from inbox.outbox.transactions import commit
from inbox.platforms import items
from inbox.platforms.contract import Refused
from inbox.platforms.outgoing import Limits, Outgoing, Sent
from inbox.replies import decide
from inbox.replies.send import claim_one, send_claimed
from inbox.replies.settle import settle
from inbox.settings import Pace
from tests.factories.basics import make_contact
from tests.factories.fake_platform import FakePlatform, Killed
from tests.factories.items import make_stream, take_in, us
from tests.factories.replies import LIMITS, Scene, make_conversation, make_inbound, make_scene
from tests.fixtures.replies import Bench
from tests.races.meeting import in_transaction, overlap

PACE = Pace()
Work = Callable[[Session], object]


def takes_back(delivery: Delivery) -> Work:
    """Return the work of a pressed Undo."""
    delivery_id, member_id = delivery.id, delivery.member_id

    def work(session: Session) -> str:
        found = session.get_one(Delivery, delivery_id)
        return decide.cancel(session, found, session.get_one(Member, member_id)).state

    return work


def polls(scene: Scene, *shown: items.Message) -> Work:
    """Return the work of a poll that brings these items, as intake receives them."""
    channel_id = scene.channel.id

    def work(session: Session) -> object:
        channel = session.get_one(Channel, channel_id)
        return take_in(session, channel, *shown, pace=PACE)

    return work


def shown_by(scene: Scene, sent: Sent, text: str | None = None) -> items.Message:
    """Return a message by us as a poll shows it."""
    item = FakePlatform().polled(sent)
    return replace(item, author=us(scene.channel), text=item.text if text is None else text)


def natively(scene: Scene, text: str = "Somebody answered there.") -> items.Message:
    """Return an answer to the scene's message that somebody gave on the platform just now."""
    return shown_by(scene, Sent("native-1", clock.now(), parent_id=scene.message.external_id, text=text))


def own_rows(bench: Bench) -> list[Message]:
    bench.session.commit()
    query = select(Message).where(Message.direction == "outbound").order_by(Message.id)
    return list(bench.session.scalars(query.execution_options(populate_existing=True)))


def during_send(bench: Bench, act: Callable[[], object]) -> None:
    """Let something happen after the platform accepted and before its 200 is settled."""

    def step(platform: FakePlatform, outgoing: Outgoing) -> Sent:
        sent = platform.accept(outgoing)
        act()
        return sent

    bench.platform.steps = [step]


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


class TestPoll:
    """The poll between the platform's 200 and settle: one row, one answer, whichever commits first."""

    @pytest.mark.parametrize("text", [None, "We open at nine. (shortened by the platform)"], ids=["same", "changed"])
    @pytest.mark.parametrize("is_poll_first", [True, False])
    def test_the_poll_meets_settle(self, bench: Bench, engine: Engine, is_poll_first: bool, text: str | None) -> None:
        scene = make_scene(bench.session)
        bench.platform.steps = ["hang"]
        delivery = bench.queue(scene)
        bench.send()
        delivery_id, sent = delivery.id, bench.platform.accepted[0]
        poll = polls(scene, shown_by(scene, sent, text))
        bench.session.commit()

        def settles(session: Session) -> object:
            return settle(session, delivery_id, sent, pace=PACE)

        works = (poll, settles) if is_poll_first else (settles, poll)
        _, second = overlap(engine, works[0], lambda: commit(bench.sender.make_session, works[1]))
        assert not isinstance(second, Exception), second
        assert bench.state(delivery) == "sent"
        (row,) = own_rows(bench)
        assert (row.external_id, row.is_held_back, row.is_native) == ("ours-1", False, False)
        assert bench.session.scalar(select(func.count(Answer.id))) == 1
        assert list_wrong_waiting(bench.session) == []

    def test_two_identical_texts_to_two_fans_are_never_confused(self, bench: Bench, engine: Engine) -> None:
        """Both hang, the poll shows them in the other order, and each settles its own."""
        bench.platform.steps = ["hang", "hang"]
        one = make_scene(bench.session)
        other = make_conversation(bench.session, one.thread, make_contact(bench.session))
        asked = make_inbound(bench.session, other, "When does the shop open?")
        two = replace(one, conversation=other, message=asked)
        deliveries = [bench.queue(scene, text="At nine.") for scene in (one, two)]
        bench.send()
        bench.send()
        sent = {found.parent_id: found for found in bench.platform.accepted}
        shown = [shown_by(one, sent[scene.message.external_id]) for scene in (two, one)]
        poll = polls(one, *shown)
        bench.session.commit()
        in_transaction(engine, poll)
        for delivery, scene in zip(deliveries, (one, two), strict=True):
            assert bench.state(delivery) == "sent"
            assert bench.message(delivery).external_id == sent[scene.message.external_id].external_id
            found = bench.session.get_one(Message, scene.message.id, populate_existing=True)
            assert found.answered_by_message_id == bench.fresh(delivery).message_id

    def test_two_identical_texts_to_two_fans_whose_polls_meet(self, bench: Bench, engine: Engine) -> None:
        """Two streams bring one each at the same moment; neither takes the other's."""
        bench.platform.steps = ["hang", "hang"]
        scenes = [make_scene(bench.session), make_scene(bench.session)]
        deliveries = [bench.queue(scene, text="At nine.") for scene in scenes]
        bench.send()
        bench.send()
        sent = {found.parent_id: found for found in bench.platform.accepted}
        first, second = (polls(scene, shown_by(scene, sent[scene.message.external_id])) for scene in scenes)
        bench.session.commit()
        _, met = overlap(engine, first, lambda: commit(bench.sender.make_session, second))
        assert not isinstance(met, Exception), met
        assert [bench.state(delivery) for delivery in deliveries] == ["sent", "sent"]
        parents = [bench.message(delivery).parent_external_id for delivery in deliveries]
        assert parents == [scene.message.external_id for scene in scenes]


class TestHold:
    """What comes in while a reply is held."""

    @pytest.mark.parametrize("is_native_first", [True, False])
    def test_somebody_answers_natively_and_the_claim_comes(
        self, bench: Bench, engine: Engine, is_native_first: bool
    ) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, hold_seconds=8)
        poll = polls(scene, natively(scene))
        bench.clock.move(8)
        bench.session.commit()
        if is_native_first:
            in_transaction(engine, poll)
        else:
            during_send(bench, lambda: in_transaction(engine, poll))
        bench.send()
        bench.session.commit()
        found = bench.session.get_one(Message, scene.message.id, populate_existing=True)
        assert (found.awaits, found.settled) == (False, "answered")
        if is_native_first:
            assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("returned", "answered_meanwhile")
            assert bench.platform.sends == 0
            return
        assert bench.state(delivery) == "sent"
        held_back = [row for row in own_rows(bench) if row.is_held_back]
        assert [row.external_id for row in held_back] == ["native-1"]  # shown once it is nobody's reply

    @pytest.mark.parametrize("when", ["in the hold", "in the send"])
    def test_the_person_asks_something_more_and_it_keeps_waiting(self, bench: Bench, engine: Engine, when: str) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, hold_seconds=8, is_finishing=True)
        bench.clock.move(1)
        fan = items_author(bench, scene)
        poll = polls(scene, more(scene, fan, clock.now()))
        bench.session.commit()
        if when == "in the hold":
            in_transaction(engine, poll)
        else:
            during_send(bench, lambda: in_transaction(engine, poll))
        bench.clock.move(7)
        bench.send()
        assert bench.state(delivery) == "sent"
        check_only_the_newer_waits(bench, scene)

    @pytest.mark.parametrize("is_question_first", [True, False])
    def test_a_question_meets_the_settling_of_send_and_done(
        self, bench: Bench, engine: Engine, is_question_first: bool
    ) -> None:
        scene = make_scene(bench.session)
        bench.platform.steps = ["hang"]
        delivery = bench.queue(scene, is_finishing=True)
        bench.send()
        bench.clock.move(1)
        delivery_id, sent = delivery.id, bench.platform.accepted[0]
        poll = polls(scene, more(scene, items_author(bench, scene), clock.now()))
        bench.session.commit()

        def settles(session: Session) -> object:
            return settle(session, delivery_id, sent, pace=PACE)

        works = (poll, settles) if is_question_first else (settles, poll)
        _, second = overlap(engine, works[0], lambda: commit(bench.sender.make_session, works[1]))
        assert not isinstance(second, Exception), second
        check_only_the_newer_waits(bench, scene)

    @pytest.mark.parametrize("is_late_first", [True, False])
    def test_a_late_arrival_that_is_older_than_the_answer_keeps_waiting_with_its_own_clock(
        self, bench: Bench, engine: Engine, is_late_first: bool
    ) -> None:
        """It was on nobody's screen, so no answer settles it, whatever its clock says."""
        scene = make_scene(bench.session)
        bench.clock.move(1200)
        delivery = bench.queue(scene, is_finishing=True)
        written_at = clock.now() - timedelta(seconds=1000)
        poll = polls(scene, replace(more(scene, items_author(bench, scene), written_at), arrived_at=written_at))
        bench.session.commit()
        if is_late_first:
            during_send(bench, lambda: in_transaction(engine, poll))
        bench.send()
        if not is_late_first:
            in_transaction(engine, poll)
        assert bench.state(delivery) == "sent"
        check_only_the_newer_waits(bench, scene, since=written_at)

    @pytest.mark.parametrize("days", [-365, 365])
    @pytest.mark.parametrize("is_question_first", [True, False])
    def test_a_forged_time_neither_hides_a_question_behind_the_answer_nor_before_it(
        self, bench: Bench, engine: Engine, days: int, is_question_first: bool
    ) -> None:
        """Its author's server says a year ago, or in a year; the platform says nothing."""
        polled_at = clock.now()
        scene = make_scene(bench.session, import_done_at=polled_at)
        make_stream(bench.session, scene.channel, complete_started_at=polled_at)
        bench.clock.move(60)
        delivery = bench.queue(scene, is_finishing=True)
        fan = items_author(bench, scene)
        poll = polls(scene, more(scene, fan, clock.now() + timedelta(days=days)))
        bench.session.commit()
        if is_question_first:
            during_send(bench, lambda: in_transaction(engine, poll))
        bench.send()
        if not is_question_first:
            in_transaction(engine, poll)
        assert bench.state(delivery) == "sent"
        check_only_the_newer_waits(bench, scene, since=polled_at if days < 0 else clock.now())


def items_author(bench: Bench, scene: Scene) -> items.Author:
    """Return the scene's person as a platform names them."""
    bench.session.refresh(scene.contact)
    return items.Author(scene.contact.external_id, handle=scene.contact.handle)


def more(scene: Scene, fan: items.Author, at: datetime) -> items.Message:
    """Return one more question of the same person under their first."""
    return items.Message(
        external_id="more-1",
        author=fan,
        kind="comment",
        audience="public",
        text="And on Sundays?",
        parent_id=scene.message.external_id,
        authored_at=at,
    )


def check_only_the_newer_waits(bench: Bench, scene: Scene, since: datetime | None = None) -> None:
    bench.session.commit()
    query = select(Message.external_id).where(Message.awaits)
    assert bench.session.scalars(query).all() == ["more-1"]
    found = bench.session.get_one(Conversation, scene.conversation.id, populate_existing=True)
    assert found.status == "open"
    newer = bench.session.scalars(select(Message).where(Message.awaits)).one()
    assert found.waiting_since == newer.clock_at
    assert since is None or newer.clock_at == since
    assert list_wrong_waiting(bench.session) == []


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
