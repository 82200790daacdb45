"""Periods of waiting: each begins, moves, pauses and ends with the messages that it is about (RULES B4, C2, C3)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.channels.models import Channel
from inbox.conversations import clocking
from inbox.conversations.assign import assign, assign_team
from inbox.conversations.finish import excuse, finish, mark_not_spam, mark_spam
from inbox.conversations.join import join
from inbox.conversations.labels import label, unlabel
from inbox.conversations.models import Message
from inbox.conversations.overdue import sweep_due
from inbox.conversations.priority import set_priority
from inbox.conversations.settle import make_wait, withdraw
from inbox.conversations.snooze import snooze, wake
from inbox.conversations.undo import undo
from inbox.members.models import Member
from inbox.replies.vanish import vanished
from inbox.settings import Pace
from inbox.sla.models import SlaPolicy
from tests.factories.basics import (
    make_channel,
    make_contact,
    make_grant,
    make_team,
)
from tests.factories.conversations import conversation_of, make_thread, say
from tests.factories.items import message, take_in, us
from tests.factories.sla import make_policy
from tests.factories.waits import again, reply, runs, told
from tests.fixtures.app import START, MovingClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def asked(session: Session, channel: Channel) -> Message:
    return say(session, make_thread(session, channel), make_contact(session))


def test_a_wait_opens_a_timer_and_an_answer_meets_it(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    (timer,) = runs(session, asked)
    assert (timer.number, timer.started_at, timer.due_at) == (1, START, START + DAY)
    assert timer.next_at == START + DAY - HOUR * 2
    assert conversation_of(session, asked).due_at == START + DAY
    moving_clock.move(hours=3)
    ours = reply(session, asked, member_id=eva.id)
    (timer,) = runs(session, asked)
    assert (timer.outcome, timer.ended_at, timer.response_seconds) == ("met", START + HOUR * 3, 3 * 3600)
    assert (timer.met_by_message_id, timer.met_by_member_id) == (ours.id, eva.id)
    assert (timer.breached_at, timer.next_at) == (None, None)
    assert conversation_of(session, asked).due_at is None
    assert told(session, asked) == []


def test_each_wait_after_an_answer_is_a_timer_of_its_own(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    reply(session, asked)
    moving_clock.move(hours=1)
    again(session, asked)
    assert [(one.number, one.started_at) for one in runs(session, asked)] == [(1, START), (2, START + HOUR * 2)]


def test_an_answer_whose_time_is_learnt_later_has_met_the_wait_then_though_its_question_was_excused_since(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=2)
    ours = reply(session, asked)
    asked.settled, asked.answered_by_message_id = "excused", None  # edited afterwards, and done with by hand
    ours.clock_at = START + HOUR  # a person had said that it was sent, then a poll told when
    clocking.credit_again(session, ours)
    (timer,) = runs(session, asked)
    assert (timer.outcome, timer.ended_at, timer.response_seconds) == ("met", START + HOUR, 3600)


def test_more_of_the_same_person_does_not_move_the_clock(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    again(session, asked)
    (timer,) = runs(session, asked)
    assert timer.started_at == START


def test_an_older_message_found_later_moves_the_start_earlier(session: Session, asked: Message) -> None:
    again(session, asked, at=START - HOUR / 6)
    (timer,) = runs(session, asked)
    assert (timer.started_at, timer.due_at) == (START - HOUR / 6, START - HOUR / 6 + DAY)
    assert told(session, asked) == [kinds.TIMER_MOVED]


def test_one_that_reached_us_late_leaves_the_clock_of_who_waits_already(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    again(session, asked, at=START - DAY * 2)
    (timer,) = runs(session, asked)
    assert (timer.since_at, timer.started_at, timer.due_at) == (START - DAY * 2, START, START + DAY)
    assert not timer.is_late_arrival
    assert told(session, asked) == []
    moving_clock.move(days=1)
    sweep_due(session, Pace())
    assert runs(session, asked)[0].breached_at == START + DAY


def test_excusing_the_oldest_moves_the_start_on(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    again(session, asked)
    excuse(session, conversation_of(session, asked), eva.id, seen_seq=asked.seq or 0, is_finishing=False)
    (timer,) = runs(session, asked)
    assert (timer.started_at, timer.outcome) == (START + HOUR, None)
    assert told(session, asked) == [kinds.TIMER_MOVED]


def test_answering_the_oldest_alone_ends_its_wait_and_begins_the_next(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=30)  # too late
    again(session, asked)
    reply(session, asked, up_to=asked.seq)
    first, second = runs(session, asked)
    assert (first.outcome, first.breached_at) == ("met", START + DAY)
    assert (second.number, second.started_at, second.outcome) == (2, START + HOUR * 30, None)
    assert conversation_of(session, asked).due_at == second.due_at


def test_what_is_excused_and_undone_goes_on_with_its_start(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    done = finish(session, conversation_of(session, asked), eva.id, seen_seq=99, why="no_answer_needed")
    (timer,) = runs(session, asked)
    assert (timer.outcome, timer.ended_at) == ("excused", START + HOUR)
    undo(session, eva.id, done.activity.id)
    (timer,) = runs(session, asked)
    assert (timer.outcome, timer.started_at, timer.due_at) == (None, START, START + DAY)
    assert told(session, asked) == [kinds.TIMER_REOPENED]


def test_what_its_author_takes_back_is_withdrawn(session: Session, asked: Message) -> None:
    withdraw(session, asked)
    (timer,) = runs(session, asked)
    assert timer.outcome == "withdrawn"


def test_spam_has_no_deadline_and_gets_it_back(session: Session, asked: Message, eva: Member) -> None:
    mark_spam(session, conversation_of(session, asked), eva.id, seen_seq=99)
    (timer,) = runs(session, asked)
    assert timer.outcome == "excused"
    again(session, asked)  # spam keeps writing: nobody has promised an answer to that
    assert [one.outcome for one in runs(session, asked)] == ["excused"]
    assert conversation_of(session, asked).due_at is None
    mark_not_spam(session, conversation_of(session, asked), eva.id)
    (timer,) = runs(session, asked)
    assert (timer.outcome, timer.started_at) == (None, START)


def test_an_answer_that_ceases_to_exist_lets_the_wait_go_on(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    ours = reply(session, asked)
    moving_clock.move(hours=1)
    again(session, asked)  # the next wait has begun meanwhile
    moving_clock.move(hours=1)
    vanished(session, ours, pace=Pace())
    (timer,) = runs(session, asked)
    assert (timer.number, timer.started_at, timer.due_at, timer.outcome) == (1, START, START + DAY, None)


def test_another_answer_that_settled_the_same_takes_the_credit(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    first = reply(session, asked)
    moving_clock.move(hours=24)
    second = reply(session, asked, member_id=eva.id)
    vanished(session, first, pace=Pace())
    (timer,) = runs(session, asked)
    assert (timer.met_by_message_id, timer.met_by_member_id) == (second.id, eva.id)
    assert (timer.ended_at, timer.breached_at) == (START + HOUR * 25, START + DAY)


def test_what_was_answered_and_asks_again_has_not_waited_since_then(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=1)
    reply(session, asked)
    moving_clock.move(days=4)
    make_wait(session, asked, eva.id)
    first, second = runs(session, asked)
    assert first.outcome == "met"
    assert (second.since_at, second.started_at) == (START, START + HOUR + DAY * 4)
    set_priority(session, conversation_of(session, asked), eva.id, "high")
    assert runs(session, asked)[1].started_at == START + HOUR + DAY * 4


def test_a_native_answer_meets_by_its_own_time_and_takes_the_breach_back(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    take_in(session, channel, message("m1"))
    question = session.scalars(select(Message).where(Message.external_id == "m1")).one()
    moving_clock.move(hours=24, minutes=5)
    assert sweep_due(session, Pace()) == 1
    (timer,) = runs(session, question)
    assert timer.breached_at == timer.due_at
    before = moving_clock() - timedelta(minutes=15)
    take_in(session, channel, message("n1", by=us(channel), parent_id="m1", authored_at=before))
    moving_clock.move(minutes=20)
    (timer,) = runs(session, question)
    assert (timer.outcome, timer.breached_at, timer.met_by_member_id) == ("met", None, None)
    assert told(session, question) == [kinds.TIMER_BREACHED, kinds.BREACH_WITHDRAWN]


def test_a_breach_is_whose_it_was_when_the_deadline_passed(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    assign(session, conversation_of(session, asked), eva.id, eva.id)
    moving_clock.move(hours=25)
    assign(session, conversation_of(session, asked), eva.id, None)  # before any sweep
    sweep_due(session, Pace())
    (timer,) = runs(session, asked)
    assert (timer.breached_at, timer.breach_assignee_id, timer.assignee_id) == (START + DAY, eva.id, None)


def test_a_late_answer_is_late_though_no_sweep_came(
    session: Session, asked: Message, moving_clock: MovingClock
) -> None:
    moving_clock.move(hours=25)
    reply(session, asked)
    (timer,) = runs(session, asked)
    assert (timer.outcome, timer.breached_at) == ("met", START + DAY)


def test_what_came_too_late_is_marked_and_blames_nobody(
    session: Session, channel: Channel, eva: Member, moving_clock: MovingClock
) -> None:
    channel.connected_at = channel.import_done_at = START - DAY * 3
    take_in(session, channel, message("m1", authored_at=START - DAY - HOUR, arrived_at=START - DAY - HOUR))
    late = session.scalars(select(Message).where(Message.external_id == "m1")).one()
    (timer,) = runs(session, late)
    assert timer.is_late_arrival
    assert not timer.is_imported
    assign(session, conversation_of(session, late), eva.id, eva.id)
    sweep_due(session, Pace())
    (timer,) = runs(session, late)
    assert timer.breached_at == timer.due_at
    assert timer.breach_assignee_id is None


def test_sleep_pauses_only_if_the_policy_says_so(
    session: Session, channel: Channel, eva: Member, moving_clock: MovingClock
) -> None:
    paused = make_policy(session, name="Asleep", priorities=["high"], is_paused_by_snooze=True)
    session.get_one(SlaPolicy, paused.policy_id).position = 0
    plain = say(session, make_thread(session, channel), make_contact(session))
    high = say(session, make_thread(session, channel), make_contact(session))
    set_priority(session, conversation_of(session, high), eva.id, "high")
    for one in (plain, high):
        snooze(session, conversation_of(session, one), eva.id, START + DAY * 2)
    assert conversation_of(session, plain).due_at == START + DAY
    assert conversation_of(session, high).due_at is None
    assert runs(session, high)[0].is_paused
    moving_clock.move(hours=5)
    assert sweep_due(session, Pace()) == 0
    for one in (plain, high):
        wake(session, conversation_of(session, one), eva.id)
    assert conversation_of(session, plain).due_at == START + DAY
    assert conversation_of(session, high).due_at == START + DAY + HOUR * 5
    assert told(session, high) == [kinds.TIMER_POLICY, kinds.TIMER_PAUSED, kinds.TIMER_RESUMED]


def test_team_priority_and_label_choose_the_promise(session: Session, channel: Channel, eva: Member) -> None:
    team = make_team(session)
    make_grant(session, team, channel)
    asks: list[dict[str, Any]] = [{"team_ids": [team.id]}, {"priorities": ["urgent"]}]
    for number, given in enumerate(asks):
        version = make_policy(session, 3600 * (number + 1), name=f"Special {number}", **given)
        session.get_one(SlaPolicy, version.policy_id).position = -2 + number
    asked = say(session, make_thread(session, channel), make_contact(session))
    conversation = conversation_of(session, asked)
    set_priority(session, conversation, eva.id, "urgent")
    assert conversation.due_at == START + HOUR * 2
    assign_team(session, conversation, eva.id, team.id)
    assert conversation.due_at == START + HOUR
    label(session, conversation, eva.id, "Returns")
    label_id = runs(session, asked)[0].label_ids[0]
    version = make_policy(session, 60, name="Labelled", label_ids=[label_id])
    session.get_one(SlaPolicy, version.policy_id).position = -9
    unlabel(session, conversation, eva.id, label_id)
    assert conversation.due_at == START + HOUR
    label(session, conversation, eva.id, "Returns")
    assert conversation.due_at == START + timedelta(minutes=1)


def test_an_edited_policy_leaves_running_timers_as_they_were(
    session: Session, asked: Message, eva: Member, moving_clock: MovingClock
) -> None:
    version = make_policy(session, 60, name="Hasty")
    session.get_one(SlaPolicy, version.policy_id).position = -1
    assign(session, conversation_of(session, asked), eva.id, eva.id)
    again(session, asked)
    assert conversation_of(session, asked).due_at == START + DAY


def test_without_a_policy_nothing_is_due(session: Session, moving_clock: MovingClock) -> None:
    asked = say(session, make_thread(session, make_channel(session)), make_contact(session))
    (timer,) = runs(session, asked)
    assert (timer.policy_version_id, timer.due_at, timer.next_at) == (None, None, None)
    moving_clock.move(minutes=1)
    reply(session, asked)
    assert runs(session, asked)[0].response_seconds == 60


def test_of_two_that_are_joined_the_earlier_wait_goes_on(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    contact = make_contact(session)
    one, other = make_thread(session, channel), make_thread(session, channel)
    later_row = say(session, other, contact, at=START - HOUR)
    earlier_row = say(session, one, contact)
    join(session, one, other)
    session.expire_all()
    assert earlier_row.conversation_id == later_row.conversation_id
    (timer,) = runs(session, earlier_row)
    assert (timer.started_at, timer.outcome) == (START - HOUR, None)
    assert conversation_of(session, earlier_row).due_at == START - HOUR + DAY
