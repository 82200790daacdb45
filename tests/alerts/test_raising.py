"""Alerts gather what is alike, count it, and close with the last of it."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.access import list_open
from inbox.alerts.log import write
from inbox.alerts.models import Alert, AlertTimer, EventKind
from inbox.alerts.raising import Waiting, change_facts, close_for_timer, close_for_timers, close_open, raise_for
from inbox.members.models import Membership
from tests.factories.alerts import breach, log_of, make_policy
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.fixtures.app import MovingClock


def test_many_breaches_of_a_channel_are_one_alert(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    first = breach(session, channel.id, timer_id=1, due_at=clock.now())
    for number in (2, 3, 3):
        found = breach(session, channel.id, timer_id=number, due_at=clock.now() - timedelta(hours=number))
        assert found.id == first.id
    assert (first.timer_count, first.gathered_count) == (3, 3)
    assert first.first_due_at == clock.now() - timedelta(hours=3)
    assert log_of(session, first) == ["raised", "joined", "joined"]


def test_another_channel_policy_or_kind_is_another_alert(session: Session, moving_clock: MovingClock) -> None:
    channel, other = make_channel(session), make_channel(session)
    ids = {
        breach(session, channel.id).id,
        breach(session, other.id).id,
        breach(session, channel.id, make_policy(session)).id,
        breach(session, channel.id, kind="late_arrivals").id,
    }
    assert len(ids) == 4


def test_an_alert_closes_with_its_last_timer(session: Session, moving_clock: MovingClock) -> None:
    channel, now = make_channel(session), clock.now()
    alert = breach(session, channel.id, timer_id=1, due_at=now - timedelta(hours=2))
    breach(session, channel.id, timer_id=2, due_at=now - timedelta(hours=1))
    close_for_timer(session, 1, now)
    close_for_timer(session, 1, now)
    assert (alert.state, alert.timer_count, alert.first_due_at) == ("triggered", 1, now - timedelta(hours=1))
    close_for_timer(session, 2, now)
    assert (alert.state, alert.timer_count, alert.open_key) == ("closed", 0, None)
    assert breach(session, channel.id, timer_id=3).id != alert.id


def test_a_timer_that_comes_back_counts_again(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    alert = breach(session, channel.id, timer_id=1)
    breach(session, channel.id, timer_id=2)
    close_for_timer(session, 2, clock.now())
    breach(session, channel.id, timer_id=2)
    assert alert.timer_count == 2


def test_a_warning_that_came_true_leaves_its_timer_to_the_breach(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    warning = breach(session, channel.id, kind="warning", timer_id=1)
    broken = breach(session, channel.id, timer_id=1)
    assert (warning.state, broken.state) == ("closed", "triggered")
    close_for_timer(session, 1, clock.now())
    assert broken.state == "closed"


def test_thousands_at_once_are_raised_and_closed_in_few_statements(session: Session, moving_clock: MovingClock) -> None:
    channel, now = make_channel(session), clock.now()
    waiting = [Waiting(number, now, conversation_id=number) for number in range(3000)]
    alert = raise_for(
        session,
        kind="breach",
        channel_id=channel.id,
        escalation_policy_id=None,
        waiting=waiting,
        is_urgent=False,
        now=now,
    )
    assert alert.timer_count == 3000
    close_for_timers(session, range(3000), now)
    assert alert.state == "closed"


def test_what_no_timer_holds_open_is_closed_by_who_raised_it(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    alert = breach(session, channel.id, kind="channel", timer_id=None)
    assert close_open(session, kind="channel", channel_id=channel.id, now=clock.now())
    assert alert.state == "closed"
    assert not close_open(session, kind="channel", channel_id=channel.id, now=clock.now())


def test_who_must_act_is_known_as_it_is_now(session: Session, moving_clock: MovingClock) -> None:
    breach(session, make_channel(session).id, timer_id=1, assignee_id=5)
    change_facts(session, 1, conversation_id=3, team_id=4, assignee_id=None)
    row = session.scalars(select(AlertTimer).execution_options(populate_existing=True)).one()
    assert (row.conversation_id, row.team_id, row.assignee_id) == (3, 4, None)


def test_only_one_open_alert_is_looked_at(session: Session, moving_clock: MovingClock) -> None:
    alert = breach(session, make_channel(session).id)
    assert session.scalars(select(Alert.open_key)).all() == [f"breach:{alert.channel_id}:"]


def test_an_alert_is_urgent_as_long_as_one_of_its_timers_is(session: Session, moving_clock: MovingClock) -> None:
    channel_id = make_channel(session).id
    alert = breach(session, channel_id, timer_id=1)
    breach(session, channel_id, timer_id=2, is_urgent=True)
    assert alert.is_urgent
    close_for_timer(session, 2, clock.now())
    assert not alert.is_urgent


def test_a_timer_that_becomes_urgent_makes_its_alert_so_and_back(session: Session, moving_clock: MovingClock) -> None:
    alert = breach(session, make_channel(session).id, timer_id=1)
    session.commit()
    for is_urgent in (True, False):
        change_facts(session, 1, conversation_id=3, team_id=4, assignee_id=None, is_urgent=is_urgent)
        session.commit()
        assert alert.is_urgent is is_urgent
    assert log_of(session, alert) == ["raised", "urgent"]
    change_facts(session, 1, conversation_id=3, team_id=4, assignee_id=5)
    session.commit()
    assert not alert.is_urgent


def test_of_many_raised_at_once_only_the_urgent_ones_keep_it_urgent(
    session: Session, moving_clock: MovingClock
) -> None:
    waiting = [Waiting(1, clock.now()), Waiting(2, clock.now(), is_urgent=True)]
    alert = raise_for(
        session,
        kind="breach",
        channel_id=make_channel(session).id,
        escalation_policy_id=None,
        waiting=waiting,
        is_urgent=True,
        now=clock.now(),
    )
    close_for_timer(session, 1, clock.now())
    assert alert.is_urgent
    raise_for(
        session,
        kind="breach",
        channel_id=alert.channel_id,
        escalation_policy_id=None,
        waiting=[Waiting(3, clock.now())],
        is_urgent=False,
        now=clock.now(),
    )
    close_for_timer(session, 2, clock.now())
    assert not alert.is_urgent


def test_a_lead_who_was_dismissed_knows_of_the_alert_no_more(session: Session, moving_clock: MovingClock) -> None:
    channel, team, lea = make_channel(session), make_team(session), make_member(session, "Lea")
    make_grant(session, team, channel)
    join_team(session, lea, team, "lead")
    alert = breach(session, channel.id)
    write(session, alert, EventKind.TOLD, clock.now(), member_id=lea.id, via="team_leads", methods=1)
    session.commit()
    assert [one.is_known for one in list_open(session, lea)] == [True]
    session.execute(delete(Membership))
    session.commit()
    assert list_open(session, lea) == []
    write(session, alert, EventKind.TOLD, clock.now(), member_id=lea.id, via="rotation", methods=1)
    session.commit()
    assert [one.is_known for one in list_open(session, lea)] == [True]
