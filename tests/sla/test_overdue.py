"""The sweep: each warning and each missed deadline is told once, after the channel was read (RULES C3, F)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.alerts.models import Alert, AlertTimer
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.conversations.assign import assign
from inbox.conversations.doctor import list_wrong_timers
from inbox.conversations.finish import finish
from inbox.conversations.models import Conversation, Message
from inbox.conversations.overdue import sweep_due
from inbox.conversations.settle import answer, excuse_message
from inbox.conversations.snooze import snooze
from inbox.conversations.undo import undo
from inbox.settings import Pace
from inbox.sla import breaches, timers
from inbox.sla.models import SlaPolicyVersion, Timer
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import conversation_of, make_thread, say, write_ours
from tests.factories.items import direct, make_stream, message, take_in
from tests.factories.sla import make_policy
from tests.fixtures.app import START, MovingClock
from tests.fixtures.plans import explain, find_whole_reads

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def policy(session: Session) -> SlaPolicyVersion:
    warnings = [{"before_seconds": 7200}, {"before_seconds": 1800}, {"after_seconds": 3600}]
    made: SlaPolicyVersion = make_policy(session, warnings=warnings)
    return made


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock, policy: SlaPolicyVersion) -> Channel:
    return make_channel(session)


def ask(session: Session, channel: Channel, **given: Any) -> Message:
    return say(session, make_thread(session, channel), make_contact(session), **given)


def sweep(session: Session) -> int:
    found = sweep_due(session, Pace())
    session.flush()
    return found


def alerts(session: Session) -> list[tuple[str, str, int]]:
    """Return the kind, state and timers of each alert, oldest first, as they are once this is committed."""
    session.commit()
    session.expire_all()
    return [(one.kind, one.state, one.timer_count) for one in session.scalars(select(Alert).order_by(Alert.id))]


def told(session: Session) -> list[str]:
    wanted = (kinds.TIMER_WARNED, kinds.TIMER_BREACHED, kinds.BREACH_WITHDRAWN)
    found = select(Activity.kind).where(Activity.kind.in_(wanted)).order_by(Activity.id)
    return list(session.scalars(found))


def timer_of(session: Session, asked: Message) -> Timer:
    session.expire_all()
    return timers.list_timers(session, asked.conversation_id or 0)[-1]


def test_nothing_is_looked_at_before_its_time(session: Session, channel: Channel, moving_clock: MovingClock) -> None:
    ask(session, channel)
    assert breaches.find_next_at(session) == START + HOUR * 22
    moving_clock.move(hours=21)
    assert sweep(session) == 0
    assert told(session) == []


def test_warnings_then_the_deadline_then_the_warning_after_it(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    asked = ask(session, channel)
    moving_clock.move(hours=22)
    assert [sweep(session), sweep(session)] == [1, 0]
    assert alerts(session) == [("warning", "triggered", 1)]
    moving_clock.move(hours=1, minutes=30)
    assert [sweep(session), sweep(session)] == [1, 0]
    moving_clock.move(minutes=30)
    assert [sweep(session), sweep(session)] == [1, 0]
    assert alerts(session) == [("warning", "closed", 0), ("breach", "triggered", 1)]
    assert timer_of(session, asked).breached_at == START + DAY
    moving_clock.move(hours=1)
    assert [sweep(session), sweep(session)] == [1, 0]
    assert timer_of(session, asked).next_at is None
    assert told(session) == [kinds.TIMER_WARNED, kinds.TIMER_WARNED, kinds.TIMER_BREACHED, kinds.TIMER_WARNED]


def test_a_sweep_that_comes_late_tells_the_deadline_alone(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    ask(session, channel)
    moving_clock.move(days=2)
    sweep(session)
    assert told(session) == [kinds.TIMER_BREACHED]
    assert alerts(session) == [("breach", "triggered", 1)]


def test_a_warning_that_lay_before_we_knew_is_not_waited_for(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    ask(session, channel, at=START - HOUR * 23)
    assert breaches.find_next_at(session) == START + HOUR / 2
    moving_clock.move(minutes=30)
    assert [sweep(session), sweep(session)] == [1, 0]
    moving_clock.move(minutes=30)
    assert [sweep(session), sweep(session)] == [1, 0]
    assert told(session) == [kinds.TIMER_WARNED, kinds.TIMER_BREACHED]


def test_who_was_woken_by_a_message_runs_on(session: Session, channel: Channel, moving_clock: MovingClock) -> None:
    eva = make_responder(session, channel)
    channel.connected_at = channel.import_done_at = START - DAY
    session.scalars(select(SlaPolicyVersion)).one().is_paused_by_snooze = True
    take_in(session, channel, direct("m1"))
    conversation = session.scalars(select(Conversation)).one()
    snooze(session, conversation, eva.id, START + DAY * 3)
    assert conversation.due_at is None
    moving_clock.move(hours=2)
    take_in(session, channel, direct("m2"))
    session.expire_all()
    woken = session.scalars(select(Conversation)).one()
    assert woken.status == "open"
    assert woken.due_at is not None
    assert list_wrong_timers(session) == []


def test_an_alert_that_was_taken_stays_taken_while_the_oldest_is_excused(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    asked, eva = ask(session, channel), make_responder(session, channel)
    moving_clock.move(hours=1)
    say(session, conversation_of(session, asked).thread, conversation_of(session, asked).contact)
    moving_clock.move(hours=24, minutes=30)
    sweep(session)
    excuse_message(session, asked, eva.id)
    assert sweep(session) == 0
    assert alerts(session) == [("breach", "triggered", 1)]
    assert session.scalars(select(AlertTimer.due_at)).all() == [START + HOUR * 25]


def test_an_answer_closes_the_alert(session: Session, channel: Channel, moving_clock: MovingClock) -> None:
    asked, other = ask(session, channel), ask(session, channel)
    moving_clock.move(days=1)
    sweep(session)
    assert alerts(session) == [("breach", "triggered", 2)]
    for one in (asked, other):
        conversation = conversation_of(session, one)
        ours = write_ours(session, conversation.thread, conversation_id=conversation.id)
        answer(session, ours, conversation, 99)
    assert alerts(session) == [("breach", "closed", 0)]


def test_reassigning_is_not_done_and_the_alert_follows(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    asked, eva = ask(session, channel), make_responder(session, channel)
    moving_clock.move(days=1)
    sweep(session)
    assign(session, conversation_of(session, asked), eva.id, eva.id)
    assert alerts(session) == [("breach", "triggered", 1)]
    assert session.scalars(select(AlertTimer.assignee_id)).all() == [eva.id]


def test_a_deadline_that_passed_before_the_sweep_is_told_though_somebody_else_holds_it_now(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    asked, eva = ask(session, channel), make_responder(session, channel)
    moving_clock.move(days=1)
    assign(session, conversation_of(session, asked), eva.id, eva.id)
    assert [sweep(session), sweep(session)] == [1, 0]
    assert alerts(session) == [("breach", "triggered", 1)]
    assert told(session) == [kinds.TIMER_BREACHED]
    assert timer_of(session, asked).breach_assignee_id is None


def test_what_waits_again_after_its_deadline_is_told_again(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    asked, eva = ask(session, channel), make_responder(session, channel)
    moving_clock.move(days=1)
    sweep(session)
    done = finish(session, conversation_of(session, asked), eva.id, seen_seq=99, why="answered_elsewhere")
    assert alerts(session) == [("breach", "closed", 0)]
    undo(session, eva.id, done.activity.id)
    assert [sweep(session), sweep(session)] == [1, 0]
    assert alerts(session) == [("breach", "closed", 0), ("breach", "triggered", 1)]
    assert told(session) == [kinds.TIMER_BREACHED]


def test_finishing_closes_the_alert(session: Session, channel: Channel, moving_clock: MovingClock) -> None:
    asked, eva = ask(session, channel), make_responder(session, channel)
    moving_clock.move(days=1)
    sweep(session)
    finish(session, conversation_of(session, asked), eva.id, seen_seq=99, why="answered_elsewhere")
    assert alerts(session) == [("breach", "closed", 0)]


def test_the_channel_is_read_before_anybody_is_told(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    stream = make_stream(session, channel, "own_posts", complete_started_at=START, due_at=START + DAY + HOUR / 60)
    asked = ask(session, channel)
    moving_clock.move(hours=24, seconds=1)
    sweep(session)
    assert timer_of(session, asked).breached_at is None
    assert session.get_one(ChannelStream, stream.id).due_at == moving_clock()
    moving_clock.move(seconds=5)
    stream.complete_started_at = moving_clock()
    sweep(session)
    timer = timer_of(session, asked)
    assert (timer.breached_at, timer.unchecked_since_at) == (START + DAY, None)


@pytest.mark.parametrize("how", ["failing", "paused", "slow"])
def test_a_channel_that_cant_be_read_is_told_with_since_when(
    session: Session, channel: Channel, moving_clock: MovingClock, how: str
) -> None:
    stream = make_stream(session, channel, complete_started_at=START, due_at=START + DAY + HOUR / 60)
    asked = ask(session, channel)
    moving_clock.move(days=1)
    if how == "failing":
        stream.failure_code = "unavailable"
    elif how == "paused":
        channel.state = ChannelState.PAUSED.value
    else:
        sweep(session)
        assert timer_of(session, asked).breached_at is None
        moving_clock.move(seconds=61)
    session.flush()
    sweep(session)
    timer = timer_of(session, asked)
    assert (timer.breached_at, timer.unchecked_since_at) == (START + DAY, START)


def test_what_an_import_found_late_makes_one_summary_and_no_siren(
    session: Session, channel: Channel, moving_clock: MovingClock
) -> None:
    channel.connected_at, channel.import_done_at, channel.import_since_at = START, None, START - DAY * 9
    page = [message(f"m{at}", by=f"fan{at}", authored_at=START - DAY - HOUR) for at in range(30)]
    take_in(session, channel, *page)
    sweep(session)
    assert alerts(session) == [("import", "triggered", 30)]
    assert {one.is_imported for one in session.scalars(select(Timer))} == {True}


def test_late_arrivals_are_one_alert_a_channel(session: Session, channel: Channel, moving_clock: MovingClock) -> None:
    channel.connected_at = channel.import_done_at = START - DAY * 9
    page = [message(f"m{at}", by=f"fan{at}", authored_at=START - DAY - HOUR, arrived_at=START - DAY) for at in range(3)]
    take_in(session, channel, *page)
    moving_clock.move(seconds=1)
    sweep(session)
    assert alerts(session) == [("late_arrivals", "triggered", 3)]


def test_what_is_urgent_makes_its_alert_urgent(session: Session, channel: Channel, moving_clock: MovingClock) -> None:
    asked = ask(session, channel)
    conversation = conversation_of(session, asked)
    conversation.priority = "urgent"
    timer_of(session, asked).priority = "urgent"
    moving_clock.move(days=1)
    sweep(session)
    assert session.scalars(select(Alert.is_urgent)).all() == [True]


def test_an_empty_sweep_reads_one_entry_of_an_index(
    session: Session, channel: Channel, moving_clock: MovingClock, asked: dict[str, Any]
) -> None:
    ask(session, channel)
    asked.clear()
    assert breaches.find_next_at(session) == START + HOUR * 22
    (statement,) = asked.items()
    assert "ix_timer_next_at" in explain(session, statement)


def test_a_sweep_reads_no_whole_table(
    session: Session, channel: Channel, moving_clock: MovingClock, asked: dict[str, Any]
) -> None:
    make_stream(session, channel, complete_started_at=START + DAY * 2)
    for _ in range(3):
        ask(session, channel)
    moving_clock.move(days=1)
    session.commit()
    asked.clear()
    sweep(session)
    assert find_whole_reads(session, asked) == {}
