"""RULES D4: our own reply may be polled before its settling commits; it is one row in the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.models import Answer, Message, RawPayload
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.platforms import items
from inbox.platforms.contract import Refused
from inbox.platforms.outgoing import Sent
from inbox.replies.decide import was_sent
from inbox.replies.frozen import thaw
from inbox.replies.match import HoldBack, Matched, Native, Settled, match_own
from inbox.replies.settle import settle
from inbox.settings import Pace
from tests.factories.replies import LIMITS, Scene, make_scene
from tests.fixtures.replies import Bench


def poll(bench: Bench, channel_id: int, item: items.Message) -> Matched:
    """Do what intake does with a message by us that it does not know."""
    bench.session.commit()  # whatever naming the channel began
    with bench.sender.make_session() as session, session.begin():
        channel = session.get_one(Channel, channel_id)
        matched = match_own(session, channel, item, pace=Pace())
        session.flush()
        session.expunge_all()
        return matched


def store_held_back(bench: Bench, scene: Scene, item: items.Message, **given: Any) -> Message:
    """Store a message by us as intake does that was held back."""
    session = bench.session
    session.refresh(scene.thread)
    scene.thread.last_seq += 1
    row = Message(
        thread_id=scene.thread.id,
        channel_id=scene.channel.id,
        direction="outbound",
        kind="comment",
        audience="public",
        external_id=item.external_id,
        parent_external_id=item.parent_id,
        text=item.text,
        seq=scene.thread.last_seq,
        received_at=clock.now(),
        clock_at=clock.now(),
        is_native=True,
        is_held_back=True,
        look_at=clock.now() + timedelta(seconds=600),
        **given,
    )
    session.add(row)
    session.flush()
    session.add(RawPayload(message_id=row.id, compressed=b"x", received_at=clock.now(), expires_at=clock.now()))
    session.commit()
    return row


def during_send(bench: Bench, act: Callable[[], None]) -> None:
    """Run `act` after the platform accepted and before the sender hears of it."""

    def step(platform: Any, outgoing: Any) -> Sent:
        sent: Sent = platform.accept(outgoing)
        act()
        return sent

    bench.platform.steps = [step]


def own_rows(bench: Bench) -> list[Message]:
    query = select(Message).where(Message.direction == "outbound").execution_options(populate_existing=True)
    return list(bench.session.scalars(query))


def test_polled_before_settle_commits_matches_by_parent_and_text(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    channel_id, delivery_id = scene.channel.id, delivery.id
    matched: list[Matched] = []
    states: list[str] = []

    def act() -> None:
        matched.append(poll(bench, channel_id, bench.platform.polled(bench.platform.accepted[0])))
        with bench.sender.make_session() as other:
            states.append(other.get_one(Delivery, delivery_id).state)

    during_send(bench, act)
    bench.send()
    assert isinstance(matched[0], Settled)
    assert states == ["sent"]  # before the sender heard of it
    assert bench.state(delivery) == "sent"
    assert [row.external_id for row in own_rows(bench)] == ["ours-1"]
    assert bench.session.scalar(select(func.count(Answer.id))) == 1


def test_an_id_fixed_beforehand_matches_whatever_the_text_became(bench: Bench) -> None:
    bench.platform.has_own_ids = True
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    item = bench.platform.polled(bench.platform.accepted[0], text="shortened…")
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.state(delivery) == "sent"


@pytest.mark.parametrize("text", ["We  open at nine. ", "We open\nat nine."])
def test_text_is_compared_as_people_read_it(bench: Bench, text: str) -> None:
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    item = bench.platform.polled(bench.platform.accepted[0], text=text)
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.state(delivery) == "sent"


def test_another_text_to_the_same_parent_is_held_back_and_becomes_a_candidate(bench: Bench) -> None:
    bench.platform.steps = ["drop"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    other = Sent("native-1", clock.now(), parent_id=scene.message.external_id, text="Open at 9", audience="public")
    matched = poll(bench, scene.channel.id, bench.platform.polled(other))
    assert matched == HoldBack(clock.now() + timedelta(seconds=600))
    assert bench.state(delivery) == "unclear"
    assert [one["external_id"] for one in bench.fresh(delivery).candidates] == ["native-1"]


@pytest.mark.parametrize(
    "change",
    [{"parent_id": "somewhere-else"}, {"parent_id": None}, {"authored_at": "before", "text": "Yes, we do."}],
    ids=str,
)
def test_another_place_or_other_words_of_an_earlier_time_are_native(bench: Bench, change: dict[str, Any]) -> None:
    bench.platform.steps = ["drop"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    if change.get("authored_at"):
        change = change | {"authored_at": clock.now() - timedelta(minutes=5)}
    item = bench.platform.polled(
        Sent("native-1", clock.now(), parent_id=scene.message.external_id, text="We open at nine.")
    )
    assert poll(bench, scene.channel.id, replace(item, **change)) == Native()
    assert bench.state(delivery) == "unclear"


def test_our_words_with_an_earlier_time_are_for_a_person_and_nothing_goes_out_again(bench: Bench) -> None:
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session, limits=replace(LIMITS, lookup_lag_seconds=30.0))
    delivery = bench.queue(scene)
    bench.send()
    # a platform whose clock went wrong by eight minutes, which nobody knows yet
    item = bench.platform.polled(bench.platform.accepted[0], authored_at=clock.now() - timedelta(minutes=8))
    assert isinstance(poll(bench, scene.channel.id, item), HoldBack)
    bench.platform.looks = "blind"
    bench.look_until_decided(delivery)
    assert (bench.state(delivery), bench.platform.sends) == ("needs_person", 1)
    assert [one["external_id"] for one in bench.fresh(delivery).candidates] == [item.external_id]


def test_an_id_fixed_beforehand_is_ours_however_early_its_time(bench: Bench) -> None:
    bench.platform.steps, bench.platform.has_own_ids = ["hang"], True
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    item = bench.platform.polled(bench.platform.accepted[0], authored_at=clock.now() - timedelta(minutes=8))
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.state(delivery) == "sent"


def test_a_platform_two_levels_deep_shows_the_parents_parent(bench: Bench) -> None:
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session)
    scene.message.parent_external_id = "root-comment"
    delivery = bench.queue(scene)
    bench.send()
    item = bench.platform.polled(bench.platform.accepted[0], parent_id="root-comment")
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    row = bench.fresh(delivery)
    assert (row.state, row.reason_code) == ("sent", None)  # not misplaced: it is recognised where it stands


def test_nothing_in_flight_means_native(bench: Bench) -> None:
    scene = make_scene(bench.session)
    sent = Sent("native-1", clock.now(), parent_id=scene.message.external_id, text="Hello")
    bench.session.commit()
    assert poll(bench, scene.channel.id, bench.platform.polled(sent)) == Native()


def test_a_reply_that_is_only_queued_can_not_be_the_one(bench: Bench) -> None:
    scene = make_scene(bench.session)
    bench.queue(scene, text="Hello")
    sent = Sent("native-1", clock.now(), parent_id=scene.message.external_id, text="Hello")
    assert poll(bench, scene.channel.id, bench.platform.polled(sent)) == Native()


@pytest.mark.parametrize("skew", [-600.0, 600.0])
def test_a_platform_whose_clock_is_wrong_is_still_understood(bench: Bench, skew: float) -> None:
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session, skew_seconds=skew)
    delivery = bench.queue(scene)
    bench.send()
    at = clock.now() + timedelta(seconds=skew)
    item = bench.platform.polled(bench.platform.accepted[0], authored_at=at)
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.state(delivery) == "sent"


def test_a_held_back_row_is_folded_into_the_deliverys_message_when_it_settles(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    kept: list[Message] = []

    def act() -> None:
        item = bench.platform.polled(bench.platform.accepted[0], text="We open at nine. [edited by the platform]")
        assert isinstance(poll(bench, scene.channel.id, item), HoldBack)
        kept.append(store_held_back(bench, scene, item))

    during_send(bench, act)
    bench.send()
    assert bench.state(delivery) == "sent"
    (row,) = own_rows(bench)
    assert row.id == bench.fresh(delivery).message_id
    assert (row.external_id, row.seq, row.is_held_back, row.is_native) == ("ours-1", 2, False, False)
    assert bench.session.scalars(select(RawPayload.message_id)).all() == [row.id]


def test_a_native_answer_that_turns_out_to_be_ours_is_folded_with_what_it_settled(bench: Bench) -> None:
    bench.platform.steps, bench.platform.looks = ["hang"], "blind"
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    item = bench.platform.polled(bench.platform.accepted[0], text="changed")
    native = store_held_back(bench, scene, item)
    native.is_held_back = False
    scene.message.awaits, scene.message.settled, scene.message.answered_by_message_id = False, "answered", native.id
    bench.session.add(
        Answer(reply_message_id=native.id, conversation_id=scene.conversation.id, up_to_seq=1, created_at=clock.now())
    )
    bench.session.commit()
    bench.look_until_decided(delivery)
    settle(bench.session, delivery.id, bench.platform.accepted[0], pace=Pace())
    assert bench.state(delivery) == "sent"
    (row,) = own_rows(bench)
    asked = bench.session.get_one(Message, scene.message.id, populate_existing=True)
    assert (asked.settled, asked.answered_by_message_id) == ("answered", row.id)
    assert bench.session.scalars(select(Answer.reply_message_id)).all() == [row.id]


@pytest.mark.parametrize("state", ["refused", "cancelled", "returned"])
def test_proof_that_arrives_late_makes_it_sent_and_keeps_the_draft(bench: Bench, state: str) -> None:
    bench.platform.steps, bench.platform.looks = ["hang"], "cannot"
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    row = bench.fresh(delivery)
    row.state = state
    draft = bench.draft(delivery)
    draft.state = "open"
    bench.session.commit()
    item = bench.platform.polled(bench.platform.accepted[0])
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.state(delivery) == "sent"
    draft = bench.draft(delivery)
    assert (draft.state, draft.returned_code) == ("open", "sent_after_all")
    assert not bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits


def test_a_reply_that_the_platform_clearly_refused_is_not_confused_with_a_copy_by_hand(bench: Bench) -> None:
    bench.platform.steps = [Refused("no links", code="not_allowed")]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    by_hand = Sent("native-1", clock.now(), parent_id=scene.message.external_id, text="We open at nine.")
    assert poll(bench, scene.channel.id, bench.platform.polled(by_hand)) == Native()
    assert bench.state(delivery) == "refused"


def test_an_id_that_we_know_is_settled_already(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    matched = poll(bench, scene.channel.id, bench.platform.polled(bench.platform.accepted[0]))
    assert isinstance(matched, Settled)
    assert bench.state(delivery) == "sent"


def test_in_a_private_exchange_the_exchange_stands_for_the_parent(bench: Bench) -> None:
    bench.platform.steps = ["hang"]
    scene = make_scene(bench.session, audience="private")
    delivery = bench.queue(scene, mode="private")
    bench.send()
    sent = bench.platform.accepted[0]
    item = bench.platform.polled(sent, parent_id=None, thread_key=scene.thread.external_key, audience="private")
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.state(delivery) == "sent"


def test_a_person_said_sent_and_the_poll_brings_its_id_later(bench: Bench) -> None:
    bench.platform.steps, bench.platform.looks = ["hang"], "cannot"
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    bench.send()
    bench.look_until_decided(delivery)
    row = bench.fresh(delivery)
    was_sent(bench.session, row, bench.session.get_one(Member, row.member_id), None, pace=Pace())
    assert bench.state(delivery) == "sent"
    assert bench.message(delivery).external_id is None
    item = bench.platform.polled(bench.platform.accepted[0])
    bench.session.commit()
    assert isinstance(poll(bench, scene.channel.id, item), Settled)
    assert bench.message(delivery).external_id == "ours-1"
    assert len(own_rows(bench)) == 1


def test_the_frozen_reply_is_the_same_each_time(bench: Bench) -> None:
    bench.platform.has_own_ids = True
    delivery = bench.queue(make_scene(bench.session))
    frozen = thaw(bench.fresh(delivery).outgoing)
    assert frozen.preset == {"id": f"fixed-{delivery.reply_key}"}
    assert delivery.wanted_external_id == frozen.preset["id"]
    assert frozen.recipient is not None
