"""Access that is taken while it is relied on: assigning, reopening, and replies on their way (RULES A7, D6, G)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox.conversations.assign import assign
from inbox.conversations.finish import finish, reopen
from inbox.conversations.models import Conversation
from inbox.conversations.undo import undo
from inbox.errors import Invalid, RelevoError
from inbox.members import sessions
from inbox.members.grants import Powers
from inbox.members.models import Grant, Membership
from inbox.offboarding import revoke
from tests.factories.basics import make_responder
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench
from tests.races.meeting import in_transaction, overlap

Work = Callable[[Session], object]


@dataclass
class Shift:
    """Somebody who hands over, somebody who is handed to, and the one conversation."""

    lead_id: int
    member_id: int
    team_id: int
    channel_id: int
    conversation_id: int

    def assigns(self, session: Session) -> object:
        """Hand the conversation over."""
        return assign(session, session.get_one(Conversation, self.conversation_id), self.lead_id, self.member_id)

    def reopens(self, session: Session) -> object:
        """Open it again by hand."""
        return reopen(session, session.get_one(Conversation, self.conversation_id), self.lead_id)

    def takes_grant(self, session: Session) -> None:
        """Take the channel from the team."""
        revoke.set_grant(session, self.team_id, self.channel_id, Powers(), by_member_id=None)

    def takes_seat(self, session: Session) -> None:
        """Take the seat in the team away."""
        revoke.set_role(session, self.team_id, self.member_id, None, by_member_id=None)

    def lets_go(self, session: Session) -> None:
        """Let the member go."""
        revoke.revoke(session, self.member_id, by_member_id=None)


@pytest.fixture
def shift(session: Session) -> Shift:
    scene = make_scene(session)
    member = make_responder(session, scene.channel)
    team_id = session.query(Membership.team_id).filter(Membership.member_id == member.id).scalar()
    made = Shift(scene.member.id, member.id, team_id, scene.channel.id, scene.conversation.id)
    session.commit()
    return made


def conversation(session: Session, shift: Shift) -> Conversation:
    session.rollback()
    return session.get_one(Conversation, shift.conversation_id, populate_existing=True)


@pytest.mark.parametrize("how", ["takes_grant", "takes_seat", "lets_go"])
@pytest.mark.parametrize("is_assigned_first", [True, False])
def test_assigning_meets_the_loss_of_access_and_nobody_blind_holds_it(
    session: Session, engine: Engine, shift: Shift, how: str, is_assigned_first: bool
) -> None:
    take: Work = getattr(shift, how)
    works = (shift.assigns, take) if is_assigned_first else (take, shift.assigns)
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert is_assigned_first or isinstance(second, Invalid)
    assert not isinstance(second, Exception) or isinstance(second, RelevoError)
    assert conversation(session, shift).assignee_id is None


@pytest.mark.parametrize("is_reopened_first", [True, False])
def test_reopening_meets_the_loss_of_access_and_nobody_blind_holds_it(
    session: Session, engine: Engine, shift: Shift, is_reopened_first: bool
) -> None:
    in_transaction(engine, shift.assigns)

    def done(session: Session) -> object:
        one = session.get_one(Conversation, shift.conversation_id)
        return finish(session, one, shift.lead_id, seen_seq=1, why="no_answer_needed")

    in_transaction(engine, done)
    works = (shift.reopens, shift.takes_grant) if is_reopened_first else (shift.takes_grant, shift.reopens)
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert not isinstance(second, Exception)
    found = conversation(session, shift)
    assert (found.status, found.assignee_id, found.last_assignee_id) == ("open", None, shift.member_id)


def test_undo_of_an_assignment_meets_the_loss_of_access(session: Session, engine: Engine, shift: Shift) -> None:
    in_transaction(engine, shift.assigns)

    def take_over(session: Session) -> int:
        one = session.get_one(Conversation, shift.conversation_id)
        return assign(session, one, shift.lead_id, shift.lead_id).id

    activity_id = in_transaction(engine, take_over)
    _, second = overlap(
        engine,
        lambda session: undo(session, shift.lead_id, activity_id),
        lambda: in_transaction(engine, shift.takes_grant),
    )
    assert not isinstance(second, Exception)
    assert conversation(session, shift).assignee_id is None


def test_the_right_to_answer_is_taken_during_the_hold_and_nothing_leaves(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene, text="My words.", hold_seconds=8)
    bench.session.query(Grant).filter(Grant.channel_id == scene.channel.id).update({"can_answer": False})
    bench.clock.move(8)
    bench.send()
    assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("refused", "right_lost")
    assert (bench.platform.calls, bench.draft(delivery).text) == ([], "My words.")


def test_the_right_to_answer_is_taken_during_the_send_and_what_left_is_sent(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    member_id = scene.member.id
    delivery = bench.queue(scene)
    bench.platform.before_send = lambda: in_transaction(
        engine, lambda session: revoke.revoke(session, member_id, by_member_id=None)
    )
    bench.send()
    assert bench.state(delivery) == "sent"


def test_signing_out_during_the_hold_stops_nothing(bench: Bench) -> None:
    scene = make_scene(bench.session)
    delivery = bench.queue(scene, hold_seconds=8)
    sessions.end_all(bench.session, scene.member.id, by_member_id=scene.member.id)
    bench.clock.move(8)
    bench.send()
    assert bench.state(delivery) == "sent"
