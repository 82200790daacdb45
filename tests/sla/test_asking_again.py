"""Who asks again after a while, and who is to blame then (RULES B4, C5)."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.assign import assign
from inbox.conversations.awaits import Reason
from inbox.conversations.finish import finish
from inbox.conversations.models import Message
from inbox.conversations.overdue import sweep_due
from inbox.conversations.settle import make_wait, refresh
from inbox.conversations.settling import await_again
from inbox.members.models import Member
from inbox.replies.vanish import vanished
from inbox.settings import Pace
from tests.factories.basics import make_contact, make_responder
from tests.factories.conversations import conversation_of, make_thread, say
from tests.factories.waits import again, reply, runs
from tests.fixtures.app import START, MovingClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def asked(session: Session, channel: Channel) -> Message:
    return say(session, make_thread(session, channel), make_contact(session))


def test_a_question_by_an_edit_long_after_waits_from_then(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    finish(session, conversation_of(session, asked), eva.id, seen_seq=99, why="no_answer_needed")
    moving_clock.move(days=4)
    await_again(asked, Reason.EDITED_AFTER_ANSWER)
    refresh(session, conversation_of(session, asked))
    first, second = runs(session, asked)
    assert (first.outcome, second.started_at) == ("excused", START + DAY * 4)


def test_of_two_that_ask_again_neither_has_waited_since_the_first_time(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    moving_clock.move(minutes=10)
    second = again(session, asked)
    reply(session, asked)
    moving_clock.move(days=4)
    make_wait(session, second, eva.id)
    moving_clock.move(minutes=5)
    make_wait(session, asked, eva.id)
    timer = runs(session, asked)[-1]
    assert (timer.since_at, timer.started_at) == (START, START + HOUR / 6 + DAY * 4)


def test_what_goes_on_is_blamed_on_who_held_it_at_its_deadline(
    session: Session, channel: Channel, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    bob = make_responder(session, channel)
    assign(session, conversation_of(session, asked), eva.id, eva.id)
    moving_clock.move(hours=20)
    ours = reply(session, asked)
    moving_clock.move(hours=5)
    assign(session, conversation_of(session, asked), eva.id, bob.id)
    vanished(session, ours, pace=Pace())
    (timer,) = runs(session, asked)
    assert (timer.breached_at, timer.breach_assignee_id) == (START + DAY, eva.id)


def test_what_waited_beside_the_answered_one_is_blamed_on_who_held_both(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    assign(session, conversation_of(session, asked), eva.id, eva.id)
    moving_clock.move(minutes=5)
    again(session, asked)
    moving_clock.move(hours=30)
    reply(session, asked, up_to=asked.seq)
    sweep_due(session, Pace())
    assert [one.breach_assignee_id for one in runs(session, asked)] == [eva.id, eva.id]
