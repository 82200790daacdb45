"""RULES D9 and the person's choices of D1: take back, still send, it was sent, send again, discard."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Message
from inbox.database import db
from inbox.errors import Conflict, NotFound
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.platforms.outgoing import Sent
from inbox.replies import decide
from inbox.replies.frozen import as_candidate
from inbox.settings import Pace
from tests.factories.replies import Scene, make_delivery, make_scene
from tests.fixtures.replies import Bench


class TestCancel:
    """Undo before it leaves."""

    @pytest.mark.parametrize("state", ["held", "queued"])
    def test_a_reply_that_has_not_left_is_a_draft_again(self, bench: Bench, state: str) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene, text="Wait, no", hold_seconds=8 if state == "held" else 0)
        assert delivery.state == state
        decide.cancel(bench.session, delivery, scene.member)
        assert bench.state(delivery) == "cancelled"
        draft = bench.draft(delivery)
        assert (draft.state, draft.text, draft.returned_code) == ("open", "Wait, no", None)
        assert draft.reply_key != delivery.reply_key
        assert not bench.send()
        assert bench.platform.sends == 0

    @pytest.mark.parametrize("state", ["sending", "unclear", "needs_person", "sent", "refused", "returned", "gone"])
    def test_otherwise_it_says_that_it_lost(self, session: Session, state: str) -> None:
        scene = make_scene(session)
        delivery = make_delivery(session, scene, state)
        with pytest.raises(Conflict, match="already_leaving") as caught:
            decide.cancel(session, delivery, scene.member)
        assert caught.value.details["state"] == state
        assert delivery.state == state

    def test_a_queued_second_try_may_have_left_already(self, session: Session) -> None:
        scene = make_scene(session)
        delivery = make_delivery(session, scene, "queued", attempt_count=1)
        with pytest.raises(Conflict, match="already_leaving"):
            decide.cancel(session, delivery, scene.member)

    def test_cancel_against_claim_has_one_winner(self, bench: Bench) -> None:
        engine = db.engine
        for _ in range(10):
            scene = make_scene(bench.session)
            delivery = bench.queue(scene)
            member_id, delivery_id = scene.member.id, delivery.id
            bench.session.commit()
            bench.platform.ledger.clear()
            before = len(bench.platform.accepted)
            lost: list[Conflict] = []

            def undo(member_id: int = member_id, delivery_id: int = delivery_id, lost: list[Conflict] = lost) -> None:
                with Session(engine) as mine:
                    try:
                        row, member = mine.get_one(Delivery, delivery_id), mine.get_one(Member, member_id)
                        decide.cancel(mine, row, member)
                        mine.commit()
                    except Conflict as error:
                        lost.append(error)

            thread = threading.Thread(target=undo)
            thread.start()
            bench.send()
            thread.join(60)
            bench.send()
            accepted = len(bench.platform.accepted) - before
            assert bench.state(delivery) == ("sent" if lost else "cancelled")
            assert accepted == (1 if lost else 0)


class TestConfirm:
    """Still send, however late."""

    def test_a_confirmed_reply_leaves_though_late(self, bench: Bench) -> None:
        scene = make_scene(bench.session)
        delivery = bench.queue(scene)
        scene.channel.state = "paused"
        decide.confirm(bench.session, delivery, scene.member)
        bench.clock.move(3600)
        bench.sweep()
        assert bench.state(delivery) == "queued"
        scene.channel.state = "active"
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_only_before_it_leaves(self, session: Session) -> None:
        scene = make_scene(session)
        with pytest.raises(Conflict, match="already_leaving"):
            decide.confirm(session, make_delivery(session, scene, "sending"), scene.member)


class TestNeedsPerson:
    """Both texts side by side, three ways out."""

    @staticmethod
    def doubtful(session: Session) -> tuple[Scene, Delivery]:
        scene = make_scene(session)
        seen = Sent("ours-5", parent_id=scene.message.external_id, audience="public", text="We open at 9.")
        return scene, make_delivery(session, scene, "needs_person", candidates=[as_candidate(seen)])

    def test_it_was_sent(self, session: Session) -> None:
        scene, delivery = self.doubtful(session)
        decide.was_sent(session, delivery, scene.member, "ours-5", pace=Pace())
        assert delivery.state == "sent"
        message = session.get_one(Message, delivery.message_id)
        assert (message.external_id, message.text, message.seq) == ("ours-5", "We open at 9.", 2)
        session.refresh(scene.message)
        assert scene.message.settled == "answered"
        row = session.scalars(select(Activity).where(Activity.kind == "reply_sent")).one()
        assert row.member_id == scene.member.id

    def test_what_a_person_picked_is_never_deleted_as_misplaced(self, session: Session) -> None:
        scene = make_scene(session)
        seen = Sent("ours-5", parent_id="elsewhere", audience="public", text="We open at 9.")
        delivery = make_delivery(session, scene, "needs_person", candidates=[as_candidate(seen)])
        decide.was_sent(session, delivery, scene.member, "ours-5", pace=Pace())
        assert (delivery.state, delivery.reason_code, delivery.due_at) == ("sent", None, None)

    def test_a_text_that_is_no_candidate_can_not_be_picked(self, session: Session) -> None:
        scene, delivery = self.doubtful(session)
        with pytest.raises(NotFound, match="candidate_unknown"):
            decide.was_sent(session, delivery, scene.member, "ours-6", pace=Pace())
        assert delivery.state == "needs_person"

    def test_a_candidate_that_became_anothers_reply_is_taken(self, session: Session) -> None:
        scene, delivery = self.doubtful(session)
        other = make_scene(session)
        taken = make_delivery(session, other, "sent", channel_id=scene.channel.id)
        message = session.get_one(Message, taken.message_id)
        message.channel_id, message.external_id = scene.channel.id, "ours-5"
        session.flush()
        with pytest.raises(Conflict, match="candidate_taken"):
            decide.was_sent(session, delivery, scene.member, "ours-5", pace=Pace())
        assert delivery.state == "needs_person"

    def test_send_again(self, bench: Bench) -> None:
        bench.platform.looks = "cannot"
        scene, delivery = self.doubtful(bench.session)
        decide.resend(bench.session, delivery, scene.member)
        assert delivery.state == "queued"
        bench.send()
        assert bench.platform.calls == ["look", "preflight", "send"]
        assert bench.state(delivery) == "sent"

    def test_send_again_long_after_is_not_late(self, bench: Bench) -> None:
        scene, delivery = self.doubtful(bench.session)
        bench.clock.move(86400)
        decide.resend(bench.session, delivery, scene.member)
        bench.send()
        assert bench.state(delivery) == "sent"

    def test_discard(self, session: Session) -> None:
        scene, delivery = self.doubtful(session)
        decide.discard(session, delivery, scene.member)
        assert (delivery.state, delivery.reason_code) == ("cancelled", "discarded")
        assert scene.message.awaits

    @pytest.mark.parametrize("state", ["held", "queued", "sending", "unclear", "sent", "cancelled"])
    def test_none_of_it_elsewhere(self, session: Session, state: str) -> None:
        scene = make_scene(session)
        delivery = make_delivery(session, scene, state)
        for act in (decide.resend, decide.discard):
            with pytest.raises(Conflict, match="not_in_doubt"):
                act(session, delivery, scene.member)
        with pytest.raises(Conflict, match="not_in_doubt"):
            decide.was_sent(session, delivery, scene.member, None, pace=Pace())
        assert delivery.state == state
