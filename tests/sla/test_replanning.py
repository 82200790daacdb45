"""Running timers keep their promise, unless somebody says that they are meant too (RULES C4)."""

import os
import signal
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, event, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.alerts.models import Alert
from inbox.channels.models import Channel
from inbox.conversations import replanning as running
from inbox.conversations.models import Conversation
from inbox.conversations.overdue import sweep_due
from inbox.conversations.priority import set_priority
from inbox.conversations.replanning import Effect, foresee, replan_some
from inbox.conversations.settle import answer
from inbox.conversations.snooze import snooze
from inbox.database import db
from inbox.members.models import Member
from inbox.settings import Pace
from inbox.sla import replanning, saving, timers
from inbox.sla.models import Replan, SlaPolicy, Timer
from inbox.sla.policies import get_version, list_current
from inbox.sla.saving import Wanted
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import conversation_of, make_thread, say, write_ours
from tests.fixtures.app import START, MovingClock
from tests.fixtures.plans import find_whole_reads

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STANDARD = Wanted("Standard", 86400, warnings=({"before_seconds": 600},))


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def lead(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel, "lead")


@pytest.fixture
def policy(session: Session, lead: Member) -> SlaPolicy:
    made = saving.make_policy(session, STANDARD, by_member_id=lead.id, now=START)
    return session.get_one(SlaPolicy, made.policy_id)


def ask(session: Session, channel: Channel, count: int = 1) -> list[int]:
    asked = [say(session, make_thread(session, channel), make_contact(session)) for _ in range(count)]
    session.flush()
    return [one.conversation_id or 0 for one in asked]


def save(session: Session, policy: SlaPolicy, lead: Member, at: MovingClock, **given: Any) -> None:
    wanted = replace(STANDARD, seen_version=policy.version, **given)
    saving.save_policy(session, policy, wanted, by_member_id=lead.id, now=at())


def look(session: Session, policy: SlaPolicy, lead: Member, at: MovingClock, **given: Any) -> Effect:
    version = saving.as_version(replace(STANDARD, **given), policy.id, policy.version + 1)
    versions = saving.in_place(list_current(session), version)
    return foresee(session, replanning.Prospect(session, versions, policy.id, at()), lead.id)


def begin(session: Session, policy: SlaPolicy, lead: Member, at: MovingClock) -> Replan:
    return replanning.begin(session, policy.id, by_member_id=lead.id, now=at())


def work(session: Session, limit: int = 100) -> int:
    turns = 0
    while replan_some(session, limit):
        turns += 1
        session.commit()
    session.expire_all()
    return turns


def due(session: Session, ids: list[int]) -> list[timedelta | None]:
    session.expire_all()
    found = [timers.list_timers(session, number)[-1] for number in ids]
    for timer in found:
        assert session.get_one(Conversation, timer.conversation_id).due_at == timer.due_at
    return [one.due_at - START if one.due_at else None for one in found]


def told(session: Session, conversation_id: int) -> list[str]:
    found = select(Activity.kind).where(Activity.conversation_id == conversation_id).order_by(Activity.id)
    wanted = (kinds.TIMER_POLICY, kinds.TIMER_BREACHED, kinds.BREACH_WITHDRAWN, kinds.TIMER_PAUSED, kinds.TIMER_RESUMED)
    return list(session.scalars(found.where(Activity.kind.in_(wanted))))


def test_an_edit_leaves_running_timers_and_is_what_new_ones_get(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    old = ask(session, channel)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    new = ask(session, channel)
    assert due(session, old + new) == [DAY, HOUR]
    assert work(session) == 0


def test_running_too_brings_all_along_in_batches(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    ids = ask(session, channel, 5)
    save(session, policy, lead, moving_clock, target_seconds=7200)
    replan = begin(session, policy, lead, moving_clock)
    versions = dict(session.execute(select(Conversation.id, Conversation.version)).all())
    assert work(session, limit=2) >= 4
    assert due(session, ids) == [2 * HOUR] * 5
    session.refresh(replan)
    assert (replan.running_count, replan.looked_count, replan.changed_count) == (5, 5, 5)
    assert replan.finished_at is not None
    assert {told(session, one)[-1] for one in ids} == {kinds.TIMER_POLICY}
    assert all(session.get_one(Conversation, one).version > versions[one] for one in ids)


def test_the_preview_counts_what_will_be(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    (late,) = ask(session, channel)
    moving_clock.move(hours=20)
    ask(session, channel, 2)
    moving_clock.move(hours=5)
    sweep_due(session, Pace())
    longer = look(session, policy, lead, moving_clock, target_seconds=48 * 3600)
    assert (longer.changed_count, longer.moved_count, longer.late_count, longer.relieved_count) == (3, 3, 0, 1)
    assert [one.conversation_id for one in longer.relieved] == [late]
    shorter = look(session, policy, lead, moving_clock, target_seconds=3600)
    assert (shorter.moved_count, shorter.late_count, shorter.relieved_count) == (3, 2, 0)
    same = look(session, policy, lead, moving_clock, warnings=())
    assert (same.changed_count, same.moved_count) == (3, 0)
    stranger = make_responder(session, make_channel(session), "lead")
    others = look(session, policy, stranger, moving_clock, target_seconds=3600)
    assert (others.looked_count, others.changed_count, others.has_hidden) == (0, 0, True)
    assert not shorter.has_hidden
    public = make_responder(session, channel, "lead", can_see_private=False)
    say(session, make_thread(session, channel, is_private=True), make_contact(session))
    session.flush()
    half = look(session, policy, public, moving_clock, target_seconds=3600)
    assert (half.looked_count, half.has_hidden) == (3, True)
    assert look(session, policy, lead, moving_clock, target_seconds=3600).looked_count == 4


@pytest.mark.parametrize(("count", "is_cut"), [(4, False), (5, True)])
def test_a_preview_of_more_than_somebody_can_wait_for_says_so(
    session: Session,
    channel: Channel,
    policy: SlaPolicy,
    lead: Member,
    moving_clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    is_cut: bool,
) -> None:
    monkeypatch.setattr(running, "MOST_LOOKED", 4)
    monkeypatch.setattr(running, "_AT_ONCE", 2)
    ask(session, channel, count)
    effect = look(session, policy, lead, moving_clock, target_seconds=7200)
    assert (effect.looked_count, effect.changed_count, effect.is_cut) == (4, 4, is_cut)


def test_a_missed_deadline_is_taken_back_with_its_alert_or_comes_at_once(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    (asked,) = ask(session, channel)
    moving_clock.move(days=1)
    sweep_due(session, Pace())
    session.flush()
    save(session, policy, lead, moving_clock, target_seconds=2 * 86400)
    begin(session, policy, lead, moving_clock)
    work(session)
    assert due(session, [asked]) == [2 * DAY]
    assert session.scalars(select(Alert.state)).all() == ["closed"]
    save(session, policy, lead, moving_clock, target_seconds=3600)
    begin(session, policy, lead, moving_clock)
    work(session)
    sweep_due(session, Pace())
    session.flush()
    session.expire_all()
    assert timers.list_timers(session, asked)[-1].breached_at == START + HOUR
    assert told(session, asked) == [
        kinds.TIMER_BREACHED,
        kinds.BREACH_WITHDRAWN,
        kinds.TIMER_POLICY,
        kinds.TIMER_POLICY,
        kinds.TIMER_BREACHED,
    ]


def test_who_does_not_fit_any_more_goes_to_the_next_policy(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    normal, high = ask(session, channel, 2)
    set_priority(session, conversation_of_id(session, high), lead.id, "high")
    save(session, policy, lead, moving_clock, priorities=("high",), target_seconds=3600)
    begin(session, policy, lead, moving_clock)
    work(session)
    assert due(session, [normal, high]) == [None, HOUR]
    saving.make_policy(session, replace(STANDARD, name="Rest"), by_member_id=lead.id, now=START)
    rest = list_current(session)[-1]
    replanning.begin(session, rest.policy_id, by_member_id=lead.id, now=moving_clock())
    work(session)
    assert due(session, [normal, high]) == [DAY, HOUR]


def conversation_of_id(session: Session, number: int) -> Conversation:
    return session.get_one(Conversation, number)


def test_what_was_said_of_other_policies_stands(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    (asked,) = ask(session, channel)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    made = saving.make_policy(
        session, replace(STANDARD, name="Urgent", priorities=("urgent",)), by_member_id=lead.id, now=START
    )
    replanning.begin(session, made.policy_id, by_member_id=lead.id, now=moving_clock())
    work(session)
    assert due(session, [asked]) == [DAY]


def test_a_later_edit_for_new_ones_is_not_undone_by_an_earlier_order(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    (old,) = ask(session, channel)
    save(session, policy, lead, moving_clock, target_seconds=2 * 3600)
    begin(session, policy, lead, moving_clock)
    moving_clock.move(seconds=1)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    (new,) = ask(session, channel)
    work(session)
    assert due(session, [old, new]) == [2 * HOUR, HOUR + timedelta(seconds=1)]


def test_snoozing_pauses_or_no_longer_does(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    (asked,) = ask(session, channel)
    snooze(session, conversation_of_id(session, asked), lead.id, START + DAY * 3)
    moving_clock.move(hours=1)
    assert look(session, policy, lead, moving_clock, is_paused_by_snooze=True).moved[0].will_be_due_at is None
    save(session, policy, lead, moving_clock, is_paused_by_snooze=True)
    begin(session, policy, lead, moving_clock)
    work(session)
    assert due(session, [asked]) == [None]
    moving_clock.move(hours=3)
    effect = look(session, policy, lead, moving_clock, is_paused_by_snooze=False)
    assert effect.moved[0].will_be_due_at == START + DAY + HOUR * 3
    save(session, policy, lead, moving_clock, is_paused_by_snooze=False)
    begin(session, policy, lead, moving_clock)
    work(session)
    assert due(session, [asked]) == [DAY + HOUR * 3]
    assert told(session, asked)[-1] == kinds.TIMER_RESUMED


def test_who_was_answered_meanwhile_is_left(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    asked = say(session, make_thread(session, channel), make_contact(session))
    save(session, policy, lead, moving_clock, target_seconds=3600)
    begin(session, policy, lead, moving_clock)
    conversation = conversation_of(session, asked)
    answer(session, write_ours(session, conversation.thread, conversation_id=conversation.id), conversation, 99)
    work(session)
    (timer,) = timers.list_timers(session, conversation.id)
    assert (timer.outcome, timer.due_at) == ("met", START + DAY)


def _be_killed(url: URL) -> None:
    """Do a batch and die of kill -9 as late as can be: everything of it is written, nothing committed."""
    engine = create_engine(url)

    @event.listens_for(engine, "before_cursor_execute")
    def _die(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE replan"):
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        with Session(engine) as session:
            replan_some(session, 2)
            session.commit()
    finally:
        os._exit(1)


def test_a_worker_that_is_lost_in_the_middle_costs_nothing(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    ids = ask(session, channel, 4)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    begin(session, policy, lead, moving_clock)
    session.commit()
    assert replan_some(session, 2)
    session.commit()

    process = os.fork()
    if process == 0:
        _be_killed(db.engine.url)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    session.expire_all()
    assert session.scalars(select(Replan.changed_count)).one() == 2
    assert due(session, ids) == [HOUR, HOUR, DAY, DAY]
    session.commit()
    work(session, 2)
    assert due(session, ids) == [HOUR] * 4
    assert [told(session, one) for one in ids] == [[kinds.TIMER_POLICY]] * 4


@pytest.mark.parametrize("database", ["postgresql"], indirect=True, scope="session")
def test_two_workers_share_no_batch(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    ids = ask(session, channel, 3)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    begin(session, policy, lead, moving_clock)
    session.commit()
    with Session(db.engine) as first, Session(db.engine) as second:
        assert replan_some(first, 2)
        assert not replan_some(second, 2)
        first.commit()
    work(session)
    assert due(session, ids) == [HOUR] * 3


def test_what_a_join_brought_to_where_it_was_already_is_found_by_the_second_walk(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    first, passed = ask(session, channel, 2)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    replan = begin(session, policy, lead, moving_clock)
    session.commit()
    assert replan_some(session, 1)
    replan.after_id = passed  # as if its timer had been brought by a join to a conversation that was passed already
    session.commit()
    work(session)
    assert due(session, [first, passed]) == [HOUR, HOUR]


def test_archived_gives_way_to_what_is_behind(
    session: Session, channel: Channel, policy: SlaPolicy, lead: Member, moving_clock: MovingClock
) -> None:
    (asked,) = ask(session, channel)
    saving.make_policy(
        session, replace(STANDARD, name="Slow", target_seconds=2 * 86400), by_member_id=lead.id, now=START
    )
    saving.archive_policy(session, policy, 1, by_member_id=lead.id)
    assert get_version(session, policy.id, 1).number == 1
    assert due(session, [asked]) == [DAY]
    begin(session, policy, lead, moving_clock)
    work(session)
    assert due(session, [asked]) == [DAY * 2]


def test_neither_looking_nor_bringing_along_reads_a_whole_table(
    session: Session,
    channel: Channel,
    policy: SlaPolicy,
    lead: Member,
    moving_clock: MovingClock,
    asked: dict[str, Any],
) -> None:
    ask(session, channel, 3)
    save(session, policy, lead, moving_clock, target_seconds=3600)
    session.commit()
    asked.clear()
    look(session, policy, lead, moving_clock, target_seconds=7200)
    begin(session, policy, lead, moving_clock)
    assert replanning.is_underway(session)
    replan_some(session)
    session.commit()
    whole = [read for reads in find_whole_reads(session, asked).values() for read in reads]
    # how many run is counted once, from the index of those that do
    of_running = {"uq_timer_open", "ix_timer_open_due"}
    assert {one.rpartition("index ")[2] for one in whole} <= of_running
    assert session.scalars(select(Timer.due_at)).all() == [START + HOUR] * 3
