"""RULES D5, D7 and B1: from Send to one row, however often it is pressed and by however many; on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.conversations import edits
from inbox.conversations.models import Answer, Conversation, Message
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound, RelevoError
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.platforms.outgoing import Limits, ModeLimits
from inbox.replies.drafts import open_draft
from inbox.replies.queue import Blocked, KeptAside, Queued, Result, Waiting, Wanted, queue_reply
from inbox.settings import Pace
from tests.factories.basics import make_contact, make_responder
from tests.factories.fake_platform import FakeConnection, FakePlatform
from tests.factories.replies import LIMITS, Scene, make_conversation, make_draft, make_inbound, make_scene
from tests.fixtures.app import MovingClock
from tests.fixtures.replies import Bench


def press(session: Session, scene: Scene, member: Member | None = None, **given: object) -> Result:
    """Press Send with a draft of the member's."""
    member = member or scene.member
    draft = make_draft(session, scene, member=member)
    values: dict[str, object] = {"reply_key": draft.reply_key, "text": "We open at nine.", "seen_seq": draft.seen_seq}
    wanted = Wanted(**(values | given))  # type: ignore[arg-type]  # fields by name
    connection = FakeConnection(FakePlatform())
    return queue_reply(session, member, scene.conversation, wanted, connection=connection, pace=Pace())


def queued(result: Result) -> Delivery:
    assert isinstance(result, Queued)
    return result.delivery


class TestD5:
    """One key, one reply; one reply on its way."""

    def test_a_second_press_gets_the_firsts_result(self, session: Session) -> None:
        scene = make_scene(session)
        first = press(session, scene)
        again = press(session, scene, reply_key=queued(first).reply_key)
        assert queued(again).id == queued(first).id
        assert isinstance(again, Queued)
        assert not again.is_new
        assert session.scalar(select(func.count(Delivery.id))) == 1
        assert session.scalar(select(func.count(Message.id)).where(Message.direction == "outbound")) == 1

    def test_what_was_edited_after_the_page_was_read_is_not_answered_unread(self, session: Session) -> None:
        scene = make_scene(session)
        draft = make_draft(session, scene)
        connection = FakeConnection(FakePlatform())

        def press_with(wording: int | None) -> Result:
            wanted = Wanted(draft.reply_key, "Yes, size 42.", 1, seen_wording=wording)
            return queue_reply(session, scene.member, scene.conversation, wanted, connection=connection, pace=Pace())

        on_screen = edits.newest_wording(session, scene.conversation.thread_id)
        edits.edited(
            session, scene.message, edits.Wording("I want to cancel my order. When do I get my money?"), pace=Pace()
        )
        with pytest.raises(Conflict, match="edited_meanwhile"):
            press_with(on_screen)
        assert session.scalar(select(func.count(Delivery.id))) == 0
        assert isinstance(press_with(edits.newest_wording(session, scene.conversation.thread_id)), Queued)

    def test_other_words_under_a_used_key_are_kept_and_not_sent(self, session: Session) -> None:
        scene = make_scene(session)
        first = press(session, scene)
        key = queued(first).reply_key or ""

        def press_again(text: str) -> Result:
            wanted, connection = Wanted(key, text, 1), FakeConnection(FakePlatform())
            return queue_reply(session, scene.member, scene.conversation, wanted, connection=connection, pace=Pace())

        aside = press_again("Other words")
        assert isinstance(aside, KeptAside)
        assert (aside.draft.text, aside.draft.state) == ("Other words", "open")
        assert queued(first).outgoing["text"] == "We open at nine."
        again = press_again("Other words")
        assert isinstance(again, KeptAside)
        assert again.draft.id == aside.draft.id
        third = press_again("A third window's words")
        assert isinstance(third, KeptAside)
        assert third.draft.id != aside.draft.id
        assert session.scalar(select(func.count(Delivery.id))) == 1

    @pytest.mark.parametrize("state", ["sent", "refused", "returned", "cancelled", "needs_person", "gone"])
    def test_also_long_after_whatever_became_of_it(self, session: Session, state: str) -> None:
        scene = make_scene(session)
        first = queued(press(session, scene))
        first.state = state
        again = press(session, scene, reply_key=first.reply_key)
        assert (queued(again).id, queued(again).state) == (first.id, state)

    def test_a_key_that_was_never_opened_is_not_found(self, session: Session) -> None:
        with pytest.raises(NotFound, match="reply_key_unknown"):
            press(session, make_scene(session), reply_key=str(uuid4()))

    def test_a_key_opened_by_another_member_is_not_found(self, session: Session) -> None:
        scene = make_scene(session)
        other = make_responder(session, scene.channel)
        key = open_draft(session, other, scene.conversation).reply_key
        with pytest.raises(NotFound, match="reply_key_unknown"):
            press(session, scene, reply_key=key)

    def test_a_key_opened_in_another_conversation_is_not_found(self, session: Session) -> None:
        scene = make_scene(session)
        other = make_conversation(session, scene.thread, make_contact(session))
        make_inbound(session, other, "Me too")
        key = open_draft(session, scene.member, other).reply_key
        with pytest.raises(NotFound, match="reply_key_unknown"):
            press(session, scene, reply_key=key)

    @pytest.mark.parametrize("whose", ["member", "conversation"])
    def test_the_same_holds_once_the_key_has_a_delivery(self, session: Session, whose: str) -> None:
        scene = make_scene(session)
        key = queued(press(session, scene)).reply_key
        other = make_responder(session, scene.channel)
        elsewhere = make_conversation(session, scene.thread, make_contact(session))
        make_inbound(session, elsewhere, "Me too")
        if whose == "conversation":
            scene.conversation = elsewhere
        with pytest.raises(NotFound, match="reply_key_unknown"):
            press(session, scene, other if whose == "member" else None, reply_key=key)

    def test_a_second_writer_sees_the_first_and_keeps_the_text(self, session: Session) -> None:
        scene = make_scene(session)
        first = queued(press(session, scene))
        second = press(session, scene, make_responder(session, scene.channel), text="Nine o'clock!")
        assert isinstance(second, Blocked)
        assert second.delivery.id == first.id
        assert (second.draft.text, second.draft.state) == ("Nine o'clock!", "open")

    @pytest.mark.parametrize("state", ["held", "queued", "sending", "unclear", "needs_person"])
    def test_each_state_on_its_way_blocks(self, session: Session, state: str) -> None:
        scene = make_scene(session)
        queued(press(session, scene)).state = state
        assert isinstance(press(session, scene, make_responder(session, scene.channel)), Blocked)

    @pytest.mark.parametrize("state", ["sent", "refused", "cancelled", "returned", "gone"])
    def test_no_state_at_rest_blocks(self, session: Session, state: str) -> None:
        scene = make_scene(session)
        queued(press(session, scene)).state = state
        assert isinstance(press(session, scene, make_responder(session, scene.channel)), Queued)

    def test_send_after_it_leaves_a_waiting_draft(self, session: Session) -> None:
        scene = make_scene(session)
        first = queued(press(session, scene))
        second = press(session, scene, make_responder(session, scene.channel), after_delivery_id=first.id)
        assert isinstance(second, Waiting)
        assert (second.draft.state, second.draft.send_after_delivery_id) == ("waiting", first.id)
        assert session.scalar(select(func.count(Delivery.id))) == 1

    def test_one_can_not_wait_for_a_reply_of_another_conversation(self, session: Session) -> None:
        elsewhere = queued(press(session, make_scene(session)))
        with pytest.raises(NotFound, match="delivery_unknown"):
            press(session, make_scene(session), after_delivery_id=elsewhere.id)

    def test_two_tabs_share_one_key(self, session: Session) -> None:
        scene = make_scene(session)
        first = open_draft(session, scene.member, scene.conversation)
        assert open_draft(session, scene.member, scene.conversation).id == first.id
        queued(press(session, scene))
        assert open_draft(session, scene.member, scene.conversation).reply_key != first.reply_key


class TestB1:
    """What a reply settles."""

    @pytest.mark.parametrize("seen", [-1, 3, 10**12])
    def test_what_was_never_on_a_screen_can_not_have_been_seen(self, session: Session, seen: int) -> None:
        scene = make_scene(session)
        make_inbound(session, scene.conversation, "Hello?")
        with pytest.raises(Invalid, match="seen_seq_unknown"):
            press(session, scene, seen_seq=seen)

    def test_ticked_conversations_of_the_thread_are_settled_with_it(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        ticked = make_conversation(bench.session, scene.thread, make_contact(bench.session))
        asked = make_inbound(bench.session, ticked, "Me too")
        left = make_conversation(bench.session, scene.thread, make_contact(bench.session))
        other = make_inbound(bench.session, left, "And parking?")
        bench.queue(scene, also_conversation_ids=(ticked.id, scene.conversation.id))
        bench.send()
        assert not bench.session.get_one(Message, asked.id).awaits
        assert bench.session.get_one(Message, other.id).awaits
        answered = bench.session.scalars(select(Answer.conversation_id).order_by(Answer.conversation_id)).all()
        assert answered == [scene.conversation.id, ticked.id]

    def test_only_what_was_seen_of_a_ticked_conversation_is_settled(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        ticked = make_conversation(bench.session, scene.thread, make_contact(bench.session))
        make_inbound(bench.session, ticked, "Me too")
        bench.queue(scene, also_conversation_ids=(ticked.id,))
        newer = make_inbound(bench.session, ticked, "Also on Sunday?")
        bench.send()
        assert bench.session.get_one(Message, newer.id).awaits

    def test_a_conversation_of_another_thread_can_not_be_ticked(self, session: Session) -> None:
        elsewhere = make_scene(session).conversation
        with pytest.raises(NotFound, match="conversation_unknown"):
            press(session, make_scene(session), also_conversation_ids=(elsewhere.id,))

    def test_an_older_seen_seq_leaves_the_newer_messages_waiting(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        newer = make_inbound(bench.session, scene.conversation, "Hello?")
        bench.queue(scene, seen_seq=1)
        bench.send()
        assert not bench.session.get_one(Message, scene.message.id).awaits
        assert bench.session.get_one(Message, newer.id).awaits

    def test_send_and_done_finishes_when_it_is_sent_and_not_before(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, is_finishing=True)
        row = bench.session.get_one(Conversation, scene.conversation.id)
        assert (row.status, row.is_leaving, row.waiting_since is None) == ("open", True, False)
        bench.send()
        assert bench.state(delivery) == "sent"
        row = bench.session.get_one(Conversation, scene.conversation.id)
        assert (row.status, row.is_leaving, row.waiting_since) == ("done", False, None)

    def test_send_and_done_with_newer_words_stays_open(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        bench.queue(scene, is_finishing=True)
        make_inbound(bench.session, scene.conversation, "And on Sundays?")
        bench.send()
        row = bench.session.get_one(Conversation, scene.conversation.id)
        assert (row.status, row.is_leaving) == ("open", False)


class TestD7:
    """Audience: the parent's, never wider."""

    @pytest.mark.parametrize("audience", ["public", "unlisted", "followers", "direct", "private"])
    def test_a_reply_has_its_parents_audience(self, session: Session, audience: str) -> None:
        scene = make_scene(session, audience=audience)
        delivery = queued(press(session, scene, mode="public"))
        assert delivery.outgoing["audience"] == audience
        assert delivery.outgoing["mode"] == ("private" if audience in ("direct", "private") else "public")

    def test_a_direct_reply_breaks_mentions_of_outsiders_visibly(self, session: Session) -> None:
        scene = make_scene(session, audience="direct")
        scene.contact.handle = "ana@social.test"
        text = "@ana@social.test ask @bob@other.test, or write to help@shop.example"
        delivery = queued(press(session, scene, text=text))
        assert delivery.outgoing["text"] == "@ana@social.test ask @ bob@other.test, or write to help@shop.example"

    def test_a_private_continuation_settles_the_comment_from_a_private_thread(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, text="Your order number?", mode="private")
        assert delivery.message_id is None  # nothing private stands in the public thread
        bench.send()
        assert bench.state(delivery) == "sent"
        message = bench.message(delivery)
        assert message.thread_id != scene.thread.id
        assert (message.thread.is_private, message.audience, message.seq) == (True, "private", 1)
        asked = bench.session.get_one(Message, scene.message.id)
        assert (asked.settled, asked.answered_by_message_id) == ("answered", message.id)
        private = bench.session.get_one(Conversation, message.conversation_id)
        assert (private.is_private, private.contact_id) == (True, scene.contact.id)

    def test_where_the_platform_has_no_private_continuation_it_is_refused(self, session: Session) -> None:
        scene = make_scene(session, limits=replace(LIMITS, can_continue_privately=False))
        with pytest.raises(Invalid, match="mode_unavailable"):
            press(session, scene, mode="private")

    def test_a_private_continuation_needs_the_right_to_what_is_private(self, session: Session) -> None:
        scene = make_scene(session)
        public_only = make_responder(session, scene.channel, can_see_private=False)
        with pytest.raises(NotAllowed, match="may_not_answer"):
            press(session, scene, public_only, mode="private")
        assert isinstance(press(session, scene, public_only, mode="public"), Queued)


class TestLimits:
    """Known before sending: nothing is queued that the platform would refuse."""

    @pytest.mark.parametrize(
        ("given", "error", "code"),
        [
            ({"text": " \n\t"}, Invalid, "reply_empty"),
            ({"text": "x" * 301}, Invalid, "reply_too_long"),
            ({"parent_message_id": 10**9}, NotFound, "parent_unknown"),
            ({"mode": "loud"}, Invalid, "mode_unknown"),
            ({"text": "x" * 20_001}, Invalid, "draft_too_long"),
        ],
    )
    def test_refused_before_queuing(
        self, session: Session, given: dict[str, Any], error: type[RelevoError], code: str
    ) -> None:
        scene = make_scene(session)
        with pytest.raises(error, match=code):
            press(session, scene, **given)
        assert session.scalar(select(func.count(Delivery.id))) == 0

    def test_exactly_as_long_as_allowed(self, session: Session) -> None:
        family = "👨‍👩‍👧‍👦"  # one grapheme of seven code points
        assert isinstance(press(session, make_scene(session), text=family * 300), Queued)

    def test_a_mode_that_the_channel_lacks(self, session: Session) -> None:
        off = Limits(public=ModeLimits(300, is_available=False, reason="read_only"), private=LIMITS.private)
        with pytest.raises(Invalid, match="mode_unavailable"):
            press(session, make_scene(session, limits=off))

    def test_a_window_that_closed(self, session: Session, moving_clock: MovingClock) -> None:
        timed = replace(LIMITS, private=ModeLimits(1000, window_seconds=86400))
        scene = make_scene(session, audience="private", limits=timed)
        moving_clock.move(86401)
        with pytest.raises(Conflict, match="window_closed"):
            press(session, scene, mode="private")

    def test_a_parent_that_is_gone(self, session: Session) -> None:
        scene = make_scene(session)
        scene.message.gone_at = clock.now()
        with pytest.raises(Conflict, match="parent_gone"):
            press(session, scene)

    def test_a_disconnected_channel(self, session: Session) -> None:
        scene = make_scene(session)
        scene.channel.state = "disconnected"
        with pytest.raises(Conflict, match="channel_disconnected"):
            press(session, scene)

    def test_where_every_grant_needs_approval(self, session: Session) -> None:
        scene = make_scene(session)
        junior = make_responder(session, scene.channel, needs_approval=True)
        with pytest.raises(NotAllowed, match="needs_approval"):
            press(session, scene, junior)

    @pytest.mark.parametrize(("undo", "state", "seconds"), [(0, "queued", 0), (8, "held", 8), (30, "held", 30)])
    def test_the_hold_is_the_members_undo_time(
        self, session: Session, moving_clock: MovingClock, undo: int, state: str, seconds: int
    ) -> None:
        scene = make_scene(session)
        scene.member.undo_seconds = undo
        delivery = queued(press(session, scene))
        assert (delivery.state, delivery.not_before_at) == (state, clock.now() + timedelta(seconds=seconds))

    @pytest.mark.parametrize(("asked", "seconds"), [(-5, 0), (31, 30), (10**9, 30)])
    def test_a_hold_is_between_0_and_30_seconds(
        self, session: Session, moving_clock: MovingClock, asked: float, seconds: float
    ) -> None:
        delivery = queued(press(session, make_scene(session), hold_seconds=asked))
        assert delivery.not_before_at == clock.now() + timedelta(seconds=seconds)

    def test_it_is_written_down(self, session: Session) -> None:
        scene = make_scene(session)
        delivery = queued(press(session, scene))
        row = session.scalars(select(Activity).where(Activity.kind == "reply_held")).one()
        assert (row.member_id, row.conversation_id) == scene.ids
        assert row.after is not None
        assert row.after["delivery_id"] == delivery.id
