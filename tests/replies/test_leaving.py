"""RULES D6: what is checked before a reply leaves, and where it stands afterwards; on both databases."""

import pytest

from inbox import clock
from inbox.conversations.models import Answer, Conversation, Message
from inbox.platforms.contract import (
    Gone,
    Unavailable,
    Unclear,
)
from inbox.platforms.outgoing import Forbidden, ParentGone, WindowClosed
from inbox.replies.send import claim_one, send_claimed
from tests.factories.basics import make_contact
from tests.factories.fake_platform import Killed
from tests.factories.replies import make_conversation, make_inbound, make_scene
from tests.fixtures.replies import Bench


class TestD6:
    """What is checked at claim, before the network."""

    def test_answered_meanwhile_goes_back_with_who_and_when(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        scene.thread.last_seq += 1
        diego = Message(
            thread_id=scene.thread.id,
            channel_id=scene.channel.id,
            conversation_id=scene.conversation.id,
            member_id=None,
            direction="outbound",
            kind="comment",
            audience="public",
            external_id="native-1",
            seq=scene.thread.last_seq,
            received_at=clock.now(),
            clock_at=clock.now(),
            is_native=True,
        )
        bench.session.add(diego)
        bench.send()
        assert bench.state(delivery) == "returned"
        assert bench.platform.calls == []
        row = bench.fresh(delivery)
        assert row.reason_code == "answered_meanwhile"
        assert clock.now().isoformat() in (row.reason_detail or "")
        assert bench.draft(delivery).returned_code == "answered_meanwhile"

    def test_an_answer_that_the_writer_had_seen_does_not_stop_it(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        first = bench.queue(scene)
        bench.send()
        assert bench.state(first) == "sent"
        bench.session.refresh(scene.thread)
        second = bench.queue(scene, text="And on Sundays at ten.")
        bench.send()
        assert bench.state(second) == "sent"

    def test_being_ticked_in_anothers_reply_counts_as_answered(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        other = make_conversation(bench.session, scene.thread, make_contact(bench.session))
        make_inbound(bench.session, other, "Me too")
        delivery = bench.queue(scene)
        scene.thread.last_seq += 1
        reply = Message(
            thread_id=scene.thread.id,
            channel_id=scene.channel.id,
            conversation_id=other.id,
            member_id=scene.member.id,
            direction="outbound",
            kind="comment",
            audience="public",
            external_id="ours-x",
            seq=scene.thread.last_seq,
            received_at=clock.now(),
            clock_at=clock.now(),
        )
        bench.session.add(reply)
        bench.session.flush()
        bench.session.add(
            Answer(
                reply_message_id=reply.id, conversation_id=scene.conversation.id, up_to_seq=2, created_at=clock.now()
            )
        )
        bench.send()
        assert bench.state(delivery) == "returned"
        assert scene.member.name in (bench.fresh(delivery).reason_detail or "")

    def test_new_words_of_the_same_person_do_not_stop_it_and_keep_waiting(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        newer = make_inbound(bench.session, scene.conversation, "And on Sundays?")
        bench.send()
        assert bench.state(delivery) == "sent"
        assert bench.session.get_one(Message, newer.id, populate_existing=True).awaits
        assert not bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits
        assert bench.session.get_one(Conversation, scene.conversation.id).waiting_since == newer.clock_at

    def test_more_than_15_minutes_late_asks_whether_to_send_still(self, bench: Bench) -> None:
        delivery = bench.queue(make_scene(bench.session))
        bench.clock.move(901)
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("returned", "late")
        assert bench.platform.calls == []

    @pytest.mark.parametrize(("seconds", "confirmed"), [(900, False), (5000, True)])
    def test_in_time_or_confirmed_it_leaves(self, bench: Bench, seconds: float, confirmed: bool) -> None:
        delivery = bench.queue(make_scene(bench.session), is_confirmed_late=confirmed)
        bench.clock.move(seconds)
        bench.send()
        assert bench.state(delivery) == "sent"

    @pytest.mark.parametrize("state", ["paused", "needs_you"])
    def test_a_paused_channel_holds_it_15_minutes_then_it_goes_back(self, bench: Bench, state: str) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        scene.channel.state = state
        assert not bench.send()
        bench.clock.move(900)
        bench.sweep()
        assert bench.state(delivery) == "queued"
        bench.clock.move(1)
        bench.sweep()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("returned", f"channel_{state}")

    def test_a_channel_that_resumes_in_time_sends_it(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        scene.channel.state = "paused"
        bench.send()
        bench.clock.move(800)
        scene.channel.state = "active"
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_a_disconnected_channel_gives_it_back_at_once(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        scene.channel.state = "disconnected"
        bench.sweep()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("returned", "channel_disconnected")

    def test_a_channel_paused_between_claim_and_check_sends_nothing(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        claimed = claim_one(bench.sender)
        assert claimed is not None
        scene.channel.state = "paused"
        bench.session.commit()
        send_claimed(bench.sender, claimed)
        assert bench.state(delivery) == "queued"
        assert bench.platform.calls == []

    def test_a_writer_who_lost_the_right_is_refused(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        scene.member.deactivated_at = clock.now()
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", "right_lost")
        assert bench.platform.calls == []

    @pytest.mark.parametrize(
        ("found", "code"), [(WindowClosed("window_closed"), "window_closed"), (Forbidden("blocked"), "blocked")]
    )
    def test_preflight_refuses_with_its_reason(self, bench: Bench, found: WindowClosed, code: str) -> None:
        bench.platform.preflights = [found]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", code)
        assert bench.platform.sends == 0

    def test_a_parent_that_is_gone_twice_60_seconds_apart_refuses_it(self, bench: Bench) -> None:
        bench.platform.preflights = [ParentGone(), ParentGone()]
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, text="Kept words.")
        bench.send()
        assert bench.state(delivery) == "queued"
        assert bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits
        bench.clock.move(59)
        assert not bench.send()
        bench.clock.move(1)
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", "parent_gone")
        asked = bench.session.get_one(Message, scene.message.id, populate_existing=True)
        assert (asked.awaits, asked.settled) == (False, "withdrawn")
        assert bench.draft(delivery).text == "Kept words."
        assert bench.platform.sends == 0

    def test_a_parent_that_is_back_at_the_second_look_is_answered(self, bench: Bench) -> None:
        bench.platform.preflights = [ParentGone()]
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        bench.send()
        bench.clock.move(60)
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_gone_from_the_write_call_itself_is_confirmed_too(self, bench: Bench) -> None:
        bench.platform.steps = [Gone("not found"), Gone("not found")]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert bench.state(delivery) == "queued"
        bench.clock.move(60)
        bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", "parent_gone")

    def test_a_preflight_that_can_not_be_made_does_not_stop_it(self, bench: Bench) -> None:
        bench.platform.preflights = [Unavailable("timeout")]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_but_a_doubt_about_the_parent_must_be_cleared(self, bench: Bench) -> None:
        bench.platform.preflights = [ParentGone(), Unavailable("timeout")]
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        bench.clock.move(60)
        bench.send()
        assert bench.state(delivery) == "queued"
        assert bench.platform.sends == 0

    @pytest.mark.parametrize(
        ("step", "code"), [("misplace", "misplaced"), ("lift", "misplaced"), ("widen", "wider_audience")]
    )
    def test_what_stands_in_the_wrong_place_is_deleted_at_once_and_its_writer_told(
        self, bench: Bench, step: str, code: str
    ) -> None:
        bench.platform.steps = [step]
        scene = make_scene(bench.session, audience="followers" if step == "widen" else "public")
        delivery = bench.queue(scene)
        bench.send()
        row = bench.fresh(delivery)
        assert (row.state, row.gone_reason, row.reason_code) == ("gone", "misplaced", code)
        assert bench.platform.ledger == {}
        assert bench.session.get_one(Message, scene.message.id, populate_existing=True).awaits
        draft = bench.draft(delivery)
        assert (draft.state, draft.returned_code) == ("open", code)
        assert bench.message(delivery).gone_reason == "misplaced"

    def test_a_deletion_that_was_cut_short_is_made_up_for_by_the_sweep(self, bench: Bench) -> None:
        bench.platform.steps = ["misplace"]
        delivery = bench.queue(make_scene(bench.session))
        delete_own = "inbox.replies.removing._delete"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delete_own, lambda *_: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                bench.send()
        assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("sent", "misplaced")
        bench.sweep()
        assert bench.state(delivery) == "gone"
        assert bench.platform.ledger == {}

    def test_a_deletion_that_fails_says_so_and_is_tried_again(self, bench: Bench) -> None:
        bench.platform.steps = ["misplace"]
        delivery = bench.queue(make_scene(bench.session))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("inbox.replies.removing._delete", lambda *_: Unclear("HTTP 500"))
            bench.send()
        assert bench.state(delivery) == "sent"
        assert "HTTP 500" in (bench.fresh(delivery).reason_detail or "")
        bench.clock.move(120)
        bench.sweep()
        assert bench.state(delivery) == "gone"

    def test_what_is_not_shown_yet_is_deleted_once_it_is(self, bench: Bench) -> None:
        bench.platform.steps, bench.platform.hides_new = ["misplace"], True
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        assert bench.state(delivery) == "sent"
        bench.platform.hides_new = False
        bench.clock.move(59)
        bench.sweep()
        assert bench.state(delivery) == "sent"
        bench.clock.move(1)
        bench.sweep()
        assert bench.state(delivery) == "gone"
        assert bench.platform.ledger == {}

    def test_what_is_not_there_a_minute_later_is_gone(self, bench: Bench) -> None:
        bench.platform.steps, bench.platform.hides_new = ["misplace"], True
        delivery = bench.queue(make_scene(bench.session))
        bench.send()
        bench.platform.ledger.clear()
        bench.clock.move(60)
        bench.sweep()
        assert bench.state(delivery) == "gone"
