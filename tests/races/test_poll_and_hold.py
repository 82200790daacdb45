"""A reply on its way meets its own poll, a twin, a native answer, one more question (RULES C1, D4, D6).

What the sender, the sweep and the poll do alone is tested in tests/replies; here they meet in real transactions.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.models import Answer, Message
from inbox.outbox.transactions import commit
from inbox.replies.settle import settle
from tests.factories.basics import make_contact
from tests.factories.items import make_stream
from tests.factories.replies import make_conversation, make_inbound, make_scene
from tests.fixtures.replies import Bench
from tests.races.in_flight import (
    PACE,
    check_only_the_newer_waits,
    during_send,
    items_author,
    more,
    natively,
    own_rows,
    polls,
    shown_by,
)
from tests.races.meeting import in_transaction, overlap


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
