"""RULES D3: what may have been accepted is looked for; sent again only when absence is proved; else a person."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from inbox import clock
from inbox.members.models import Member
from inbox.outbox.claim import LookClaim
from inbox.outbox.models import Attempt
from inbox.platforms.contract import Unavailable
from inbox.platforms.outgoing import Absent, Found, LookUp, Outgoing, Sent
from inbox.replies.decide import resend
from inbox.replies.look import write_look
from inbox.settings import Pace
from tests.factories.conversations import answer_there
from tests.factories.fake_platform import FakeConnection
from tests.factories.replies import LIMITS, make_scene
from tests.fixtures.replies import Bench

LAGGING = replace(LIMITS, lookup_lag_seconds=30.0)


def test_a_reply_that_is_found_is_sent_and_settled(bench: Bench) -> None:
    bench.platform.steps = ["hang"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    assert not bench.look()  # not before 5 s
    bench.clock.move(5)
    assert bench.look()
    assert bench.state(delivery) == "sent"
    assert bench.message(delivery).external_id == "ours-1"
    assert bench.platform.sends == 1


def test_looks_are_made_at_5_s_30_s_2_min_and_5_min_and_then_a_person_decides(bench: Bench) -> None:
    bench.platform.steps = ["drop"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    at: list[float] = []
    begun = clock.now()
    while bench.state(delivery) == "unclear":
        bench.clock.move(1)
        if bench.look():
            at.append((clock.now() - begun).total_seconds())
    assert at == [5, 30, 120, 300]
    assert bench.state(delivery) == "needs_person"
    assert bench.platform.sends == 1


def test_a_sure_absence_sends_again_once_by_itself_after_another_look(bench: Bench) -> None:
    bench.platform.has_own_ids, bench.platform.looks = True, "sure"
    bench.platform.steps = ["drop", "ok"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.clock.move(5)
    bench.look()
    assert bench.state(delivery) == "queued"
    bench.platform.calls.clear()
    bench.send()
    assert bench.state(delivery) == "sent"
    assert bench.platform.calls == ["preflight", "send"]  # the sure look was the look before this one
    assert len(bench.platform.accepted) == 1


def test_it_is_sent_again_once_and_not_twice(bench: Bench) -> None:
    bench.platform.has_own_ids, bench.platform.looks = True, "sure"
    bench.platform.steps = ["drop", "drop"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.clock.move(5)
    bench.look()
    bench.send()
    bench.clock.move(5)
    bench.look()
    assert bench.state(delivery) == "needs_person"
    assert bench.platform.sends == 2


def test_what_was_accepted_after_the_sure_look_is_not_doubled(bench: Bench) -> None:
    bench.platform.has_own_ids, bench.platform.looks = True, "sure"
    bench.platform.steps = ["hang"]
    bench.platform.looks = "cannot"
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.platform.looks = "sure"
    bench.clock.move(5)
    bench.look()
    assert bench.state(delivery) == "sent"
    assert (bench.platform.sends, len(bench.platform.accepted)) == (1, 1)


def test_two_absences_120_s_apart_send_again_where_the_connector_promises_a_lag_below(bench: Bench) -> None:
    bench.platform.steps = ["drop", "ok"]
    delivery = bench.queue(make_scene(bench.session, limits=LAGGING))
    bench.send()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "queued"
    assert clock.now() - (bench.fresh(delivery).first_absent_at or clock.now()) >= timedelta(seconds=120)
    bench.platform.calls.clear()
    bench.send()
    assert bench.platform.calls[0] == "look"  # look first, always
    assert bench.state(delivery) == "sent"
    assert len(bench.platform.accepted) == 1


@pytest.mark.parametrize("lag", [None, 120.0, 600.0])
def test_without_a_promise_or_with_a_long_lag_it_is_never_sent_again_by_itself(bench: Bench, lag: float | None) -> None:
    bench.platform.steps = ["drop"]
    delivery = bench.queue(make_scene(bench.session, limits=replace(LIMITS, lookup_lag_seconds=lag)))
    bench.send()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "needs_person"
    assert bench.platform.sends == 1


def test_a_platforms_lag_is_as_fast_as_the_rules(bench: Bench) -> None:
    bench.sender = replace(bench.sender, pace=Pace().at(10))
    bench.platform.steps = ["drop"]
    delivery = bench.queue(make_scene(bench.session, limits=LAGGING))
    bench.send()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "queued"


def test_looks_that_fail_are_not_absences(bench: Bench) -> None:
    bench.platform.steps, bench.platform.looks = ["drop"], "cannot"
    delivery = bench.queue(make_scene(bench.session, limits=LAGGING))
    bench.send()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "needs_person"
    assert bench.fresh(delivery).first_absent_at is None


def test_an_error_while_looking_leaves_it_unclear(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.platform.steps = ["hang"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()

    def fail(*_: object) -> None:
        raise Unavailable("HTTP 503")

    with monkeypatch.context() as patch:
        patch.setattr("tests.factories.fake_platform.FakeConnection.find_sent", fail)
        bench.clock.move(5)
        assert bench.look()
    assert bench.state(delivery) == "unclear"
    bench.clock.move(30)
    bench.look()
    assert bench.state(delivery) == "sent"


def test_one_late_absence_gets_the_second_look_that_proves_it(bench: Bench) -> None:
    bench.platform.steps, bench.platform.looks = ["drop", "ok"], "cannot"
    delivery = bench.queue(make_scene(bench.session, limits=LAGGING))
    bench.send()
    for _ in range(3):
        bench.clock.move(100)
        bench.look()
    bench.platform.looks = "plain"
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "queued"


def test_ids_bound_to_other_messages_are_no_candidates(bench: Bench) -> None:
    scene = make_scene(bench.session)
    first = bench.queue(scene, text="Gracias")
    bench.send()
    bench.session.refresh(scene.thread)
    bench.platform.steps = ["drop"]
    second = bench.queue(scene, text="Gracias")  # the same words under the same comment
    bench.send()
    bench.look_until_decided(second)
    assert bench.state(second) == "needs_person"
    assert bench.fresh(second).candidates == []
    assert bench.message(first).external_id == "ours-1"


def test_both_texts_stand_side_by_side_for_the_person(bench: Bench) -> None:
    scene = make_scene(bench.session)
    bench.platform.steps = ["drop"]
    delivery = bench.queue(scene)
    bench.send()
    like_it = Sent("ours-7", parent_id=scene.message.external_id, audience="public", text="We open at nine!")
    bench.platform.ledger["ours-7"] = like_it
    bench.look_until_decided(delivery)
    row = bench.fresh(delivery)
    assert row.state == "needs_person"
    assert [(one["external_id"], one["text"]) for one in row.candidates] == [("ours-7", "We open at nine!")]


def test_our_words_in_another_shape_are_no_absence(bench: Bench) -> None:
    """A platform that stores a reply otherwise than it was sent must not be given it twice."""
    scene = make_scene(bench.session, limits=LAGGING)
    bench.platform.steps = ["drop"]
    delivery = bench.queue(scene)
    bench.send()
    reshaped = Sent("ours-7", parent_id=scene.message.external_id, audience="public", text="We open at nine…")
    bench.platform.ledger["ours-7"] = reshaped
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "needs_person"
    assert [one["external_id"] for one in bench.fresh(delivery).candidates] == ["ours-7"]
    assert bench.platform.sends == 1


def test_what_turned_out_to_be_another_message_stands_in_the_way_no_longer(bench: Bench) -> None:
    scene = make_scene(bench.session, limits=LAGGING)
    bench.platform.steps = ["drop", "ok"]
    delivery = bench.queue(scene)
    bench.send()
    bench.platform.ledger["ours-7"] = Sent("ours-7", parent_id=scene.message.external_id, text="Ask in the shop")
    bench.clock.move(5)
    bench.look()
    assert [one["external_id"] for one in bench.fresh(delivery).candidates] == ["ours-7"]
    answer_there(bench.session, scene.thread, "Ask in the shop", external_id="ours-7", is_automatic=True)
    bench.session.commit()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "queued"
    assert bench.fresh(delivery).candidates == []


def test_what_appears_between_the_second_absence_and_the_second_try_stops_it(bench: Bench) -> None:
    scene = make_scene(bench.session, limits=LAGGING)
    bench.platform.steps = ["drop"]
    delivery = bench.queue(scene)
    bench.send()
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "queued"
    reshaped = Sent("ours-7", parent_id=scene.message.external_id, audience="public", text="We open at nine…")
    bench.platform.ledger["ours-7"] = reshaped
    bench.send()
    assert bench.state(delivery) == "unclear"
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "needs_person"
    assert bench.platform.sends == 1


def test_a_person_who_says_send_again_causes_one_more_look_before(bench: Bench) -> None:
    bench.platform.steps, bench.platform.looks = ["hang"], "blind"
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.look_until_decided(delivery)
    row = bench.fresh(delivery)
    assert row.state == "needs_person"
    resend(bench.session, row, bench.session.get_one(Member, row.member_id))
    bench.platform.looks = "plain"  # now it can be seen
    bench.send()
    assert bench.state(delivery) == "sent"
    assert bench.platform.sends == 1


def test_a_look_that_comes_back_too_late_decides_nothing(bench: Bench) -> None:
    bench.platform.steps = ["drop"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.clock.move(5)
    bench.look()
    write_look(bench.session, LookClaim(delivery.id, 0), Absent(is_sure=True), bench.sender.pace)
    assert bench.state(delivery) == "unclear"


def test_but_a_find_counts_whenever_it_comes(bench: Bench) -> None:
    bench.platform.steps = ["drop"]
    delivery = bench.queue(make_scene(bench.session))
    bench.send()
    bench.look_until_decided(delivery)
    write_look(bench.session, LookClaim(delivery.id, 0), Found(Sent("ours-9")), bench.sender.pace)
    assert bench.state(delivery) == "sent"


def test_a_sure_absence_closes_the_open_attempts(bench: Bench) -> None:
    bench.platform.has_own_ids, bench.platform.looks = True, "sure"
    bench.platform.steps = ["drop"]
    bench.queue(make_scene(bench.session))
    bench.send()
    bench.clock.move(5)
    bench.look()
    assert bench.session.scalars(select(Attempt.outcome)).all() == ["absent"]


@pytest.mark.parametrize("skew", [-600.0, 0.0, 600.0])
def test_the_platform_is_asked_in_its_own_time(bench: Bench, skew: float) -> None:
    bench.platform.steps = ["drop"]
    begun = clock.now()
    bench.queue(make_scene(bench.session, skew_seconds=skew))
    bench.send()
    bench.clock.move(5)
    bench.look()
    assert bench.platform.looked_from == begun + timedelta(seconds=skew)


@pytest.mark.parametrize("skew_seconds", [600.0, -600.0])
def test_a_clock_that_is_set_between_try_and_look_hides_no_reply(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, skew_seconds: float
) -> None:
    """As platforms look whose lists tell times: what is older than the first try is none of ours."""
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session, limits=LAGGING)
    scene.channel.skew_seconds = 0.0 if skew_seconds > 0 else skew_seconds
    delivery = bench.queue(scene)
    told_at = clock.now() + timedelta(seconds=scene.channel.skew_seconds)
    bench.send()
    scene.channel.skew_seconds = skew_seconds if skew_seconds > 0 else 0.0
    bench.session.commit()
    seen: list[datetime] = []
    find_sent = FakeConnection.find_sent

    def find(self: FakeConnection, outgoing: Outgoing, not_before: datetime) -> LookUp:
        seen.append(not_before)
        return find_sent(self, outgoing, not_before) if told_at >= not_before else Absent(is_sure=False)

    monkeypatch.setattr(FakeConnection, "find_sent", find)
    bench.clock.move(5)
    assert bench.look()
    assert seen == [told_at]
    assert bench.state(delivery) == "sent"
    assert bench.platform.sends == 1
