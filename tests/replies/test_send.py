"""RULES D2 and D6: one claim, one write call, and what each end of it means; on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.models import Conversation, Message
from inbox.fetch import Fetcher
from inbox.members.models import Member
from inbox.outbox.models import Attempt, Delivery
from inbox.platforms.contract import (
    Malformed,
    PermissionMissing,
    RateLimited,
    Refused,
    TokenExpired,
    Unavailable,
)
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.outgoing import Outgoing, Sent
from inbox.replies import send
from inbox.replies.decide import resend
from inbox.replies.send import claim_one, send_claimed
from tests.factories.fake_platform import FakePlatform, Killed
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench
from tests.inbox.wire import answering, reply


def surely(error: type[Unavailable] = Unavailable) -> Unavailable:
    return error("connection refused", is_surely_not_accepted=True)


def outcomes(bench: Bench) -> list[str | None]:
    return list(bench.session.scalars(select(Attempt.outcome).order_by(Attempt.id)))


class TestD2:
    """One write call; only a clear answer is believed."""

    def test_an_accepted_reply_is_sent_and_settles_its_conversation(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        assert bench.send()
        assert bench.state(delivery) == "sent"
        message = bench.message(delivery)
        assert (message.external_id, message.seq, message.permalink) == ("ours-1", 2, "https://social.example/ours-1")
        asked = bench.session.get_one(Message, scene.message.id)
        assert (asked.awaits, asked.settled, asked.answered_by_message_id) == (False, "answered", message.id)
        assert bench.session.get_one(Conversation, scene.conversation.id).waiting_since is None
        assert bench.draft(delivery).state == "sent"
        assert outcomes(bench) == ["sent"]
        assert not bench.send()
        assert bench.platform.sends == 1

    def test_the_claim_is_committed_before_the_network_and_no_transaction_is_open(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))
        delivery_id = delivery.id
        seen: list[tuple[str, int]] = []

        def look_from_outside() -> None:
            with bench.sender.make_session() as other, other.begin():  # SQLite: waits if anybody else writes
                row = other.get_one(Delivery, delivery_id)
                row.reason_detail = "written meanwhile"
                seen.append((row.state, row.attempt_count))

        bench.platform.before_send = look_from_outside
        bench.send()
        assert seen == [("sending", 1)]
        assert bench.state(delivery) == "sent"

    @pytest.mark.parametrize("step", ["hang", "drop", Malformed("html"), Unavailable("HTTP 502"), ValueError("a bug")])
    def test_whatever_is_not_a_clear_answer_is_unclear(self, bench: Bench, step: object) -> None:
        bench.platform.steps = [step]  # type: ignore[list-item]  # of each kind
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert bench.state(delivery) == "unclear"
        assert outcomes(bench) == ["unclear"]
        assert bench.fresh(delivery).due_at == clock.now() + timedelta(seconds=5)
        assert not bench.send()

    def test_a_worker_killed_after_accepting_leaves_it_sending_until_the_lease_ends(self, bench: Bench) -> None:
        bench.platform.steps = ["kill"]
        delivery = bench.queue(make_scene(bench.session))
        with pytest.raises(Killed):
            bench.send()
        assert bench.state(delivery) == "sending"
        bench.clock.move(119)
        bench.sweep()
        assert bench.state(delivery) == "sending"
        assert not bench.send()
        bench.clock.move(1)
        bench.sweep()
        assert bench.state(delivery) == "unclear"
        bench.look_until_decided(delivery)
        assert bench.state(delivery) == "sent"
        assert bench.platform.sends == 1

    def test_errors_before_the_first_byte_are_tried_again_later(self, bench: Bench) -> None:
        bench.platform.steps = [surely(), surely()]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert bench.state(delivery) == "queued"
        assert bench.fresh(delivery).due_at == clock.now() + timedelta(seconds=15)
        assert not bench.send()
        bench.clock.move(15)
        bench.send()
        bench.clock.move(30)
        bench.send()
        assert bench.state(delivery) == "sent"
        assert outcomes(bench) == ["not_accepted", "not_accepted", "sent"]

    def test_after_15_minutes_of_errors_it_is_returned_and_not_left_hanging(self, bench: Bench) -> None:
        bench.platform.steps = [surely() for _ in range(30)]
        delivery = bench.queue(make_scene(bench.session))
        for _ in range(12):
            bench.send()
            bench.clock.move(120)
        assert bench.state(delivery) == "returned"
        assert bench.fresh(delivery).reason_code == "unavailable"
        assert bench.draft(delivery).state == "open"

    def test_a_rate_limit_waits_until_it_ends(self, bench: Bench) -> None:
        until = clock.now() + timedelta(seconds=200)
        bench.platform.steps = [RateLimited(until)]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).due_at) == ("queued", until)
        bench.clock.move(200)
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_a_rate_limit_beyond_15_minutes_returns_it_at_once(self, bench: Bench) -> None:
        bench.platform.steps = [RateLimited(clock.now() + timedelta(hours=1))]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("returned", "rate_limited")

    @pytest.mark.parametrize("error", [Refused("too long", code="text_too_long"), PermissionMissing("no scope")])
    def test_a_refusal_is_final_and_the_text_comes_back(self, bench: Bench, error: Exception) -> None:
        bench.platform.steps = [error]
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, text="My words.")
        old_key = delivery.reply_key
        bench.send()
        assert bench.state(delivery) == "refused"
        draft = bench.draft(delivery)
        assert (draft.state, draft.text, draft.returned_code) == ("open", "My words.", error.code)  # type: ignore[attr-defined]
        assert draft.reply_key != old_key
        assert bench.session.get_one(Message, scene.message.id).awaits

    def test_a_dead_token_waits_for_a_person_and_leaves_when_the_channel_lives_again(self, bench: Bench) -> None:
        bench.platform.steps = [TokenExpired("revoked")]
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        bench.send()
        assert bench.state(delivery) == "queued"
        channel = bench.session.get_one(Channel, scene.channel.id, populate_existing=True)
        assert (channel.state, channel.state_reason) == ("needs_you", "token_expired")
        bench.clock.move(60)
        assert not bench.send()
        channel.state = "active"
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_a_duplicate_is_looked_for_before_anything_is_believed(self, bench: Bench) -> None:
        bench.platform.steps = [Refused("506", code="duplicate")]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert bench.state(delivery) == "unclear"

    def test_60_seconds_of_lease_must_remain_before_the_first_byte(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))
        claimed = claim_one(bench.sender)
        assert claimed is not None
        bench.clock.move(61)  # the worker stood still
        send_claimed(bench.sender, claimed)
        assert bench.platform.sends == 0
        assert bench.state(delivery) == "queued"
        assert outcomes(bench) == ["not_tried"]

    def test_exactly_60_seconds_are_enough(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))
        claimed = claim_one(bench.sender)
        assert claimed is not None
        bench.clock.move(60)
        send_claimed(bench.sender, claimed)
        assert bench.state(delivery) == "sent"

    def test_a_worker_that_stood_still_beyond_its_lease_does_not_send(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))
        claimed = claim_one(bench.sender)
        assert claimed is not None
        bench.clock.move(130)
        bench.sweep()
        send_claimed(bench.sender, claimed)
        assert bench.platform.calls == []
        assert bench.state(delivery) == "unclear"

    @pytest.mark.parametrize("stood_still_seconds", [0, 81, 130])
    def test_a_worker_that_stood_still_just_before_its_write_speaks_no_byte(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch, stood_still_seconds: float
    ) -> None:
        look_ahead = send._look_ahead

        def then_stand_still(*given: Any) -> object:
            verdict = look_ahead(*given)
            bench.clock.move(stood_still_seconds)
            return verdict

        monkeypatch.setattr(send, "_look_ahead", then_stand_still)
        with answering(reply(b"{}")) as wire:
            http = BudgetedHttp(Fetcher([wire.url]), MemoryBudgets(), "test", lambda headers, status: None)

            def write(platform: FakePlatform, outgoing: Outgoing) -> Sent:
                http.write(wire.url, body=b"{}")
                return platform.accept(outgoing)

            bench.platform.steps = [write]
            delivery = bench.queue(make_scene(bench.session))
            bench.send()
            assert len(wire.requests) == (0 if stood_still_seconds else 1)
        assert bench.state(delivery) == ("queued" if stood_still_seconds else "sent")

    @pytest.mark.parametrize("passed", [130, 700])
    def test_sent_is_accepted_from_an_attempt_whose_lease_ended(self, bench: Bench, passed: float) -> None:
        bench.platform.looks = "blind"
        delivery = bench.queue(make_scene(bench.session))

        def stand_still() -> None:
            bench.clock.move(passed)
            bench.sweep()
            for _ in range(10):
                bench.clock.move(60)
                bench.look()

        bench.platform.before_send = stand_still
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_a_refusal_from_an_attempt_whose_lease_ended_decides_nothing(self, bench: Bench) -> None:
        bench.platform.steps = [Refused("no")]
        delivery = bench.queue(make_scene(bench.session))

        def stand_still() -> None:
            bench.clock.move(130)
            bench.sweep()

        bench.platform.before_send = stand_still
        bench.send()
        assert bench.state(delivery) == "unclear"

    def test_a_worker_that_comes_back_and_knows_that_nothing_left_clears_the_doubt(self, bench: Bench) -> None:
        bench.platform.steps, bench.platform.looks = [surely()], "cannot"
        delivery = bench.queue(make_scene(bench.session))

        def stand_still() -> None:
            bench.clock.move(130)
            bench.sweep()

        bench.platform.before_send = stand_still
        bench.send()
        assert bench.state(delivery) == "unclear"
        assert outcomes(bench) == ["not_accepted"]
        bench.platform.before_send = lambda: None
        bench.clock.move(5)
        bench.look()
        assert bench.state(delivery) == "queued"
        bench.send()
        assert bench.state(delivery) == "sent"

    @pytest.mark.parametrize("error", [Refused("no"), surely(), RateLimited(clock.now()), PermissionMissing("x")])
    def test_the_word_of_a_lost_worker_does_not_touch_the_next_try(self, bench: Bench, error: Exception) -> None:
        bench.platform.has_own_ids, bench.platform.looks = True, "sure"
        bench.platform.steps = [error]
        delivery = bench.queue(make_scene(bench.session))

        def stand_still() -> None:
            bench.clock.move(130)
            bench.sweep()
            bench.clock.move(5)
            bench.look()  # surely absent: queued again
            assert bench.state(delivery) == "queued"
            bench.session.commit()

        bench.platform.before_send = stand_still
        bench.send()
        assert bench.state(delivery) == "queued"
        bench.platform.before_send = lambda: None
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_a_refusal_of_a_second_try_does_not_hide_that_the_first_may_be_out(self, bench: Bench) -> None:
        bench.platform.steps = ["hang", Refused("10900 already replied")]
        bench.platform.looks = "cannot"
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        bench.look_until_decided(delivery)
        assert bench.state(delivery) == "needs_person"
        row = bench.fresh(delivery)
        resend(bench.session, row, bench.session.get_one(Member, row.member_id))
        bench.send()
        assert bench.state(delivery) == "unclear"
        bench.look_until_decided(delivery)
        assert bench.state(delivery) == "needs_person"
