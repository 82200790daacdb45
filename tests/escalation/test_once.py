"""What is told only once: warnings to who must act, summaries of what came late."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.acknowledge import acknowledge
from inbox.alerts.models import Alert, AlertTimer
from inbox.alerts.raising import Waiting, close_for_timer, raise_for
from inbox.errors import Conflict
from inbox.members.models import Member
from inbox.notifications.models import Notification, QuietHours
from inbox.outbox.models import Delivery
from inbox.settings import Pace
from tests.factories.alerts import breach, log_of, make_reachable, next_at_of, send_all, state_of, sweep
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.factories.notifications import Office, add_method
from tests.fixtures.app import MovingClock


def subjects(session: Session) -> list[str]:
    return list(session.scalars(select(Notification.subject).order_by(Notification.id)))


def test_each_assignee_is_warned_of_their_own(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session, display_name="Acme")
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego", locale="es")
    alert = breach(session, channel.id, kind="warning", timer_id=1, assignee_id=ana.id)
    for number, member in ((2, diego), (3, diego)):
        breach(session, channel.id, kind="warning", timer_id=number, assignee_id=member.id)
    session.commit()
    sweep(session)
    assert sorted(send_all(session)) == ["Ana", "Diego"]
    assert subjects(session)[0] == "1 answer falls due soon on Sandbox feed · Acme"
    moving_clock.move(minutes=1)
    sweep(session)
    assert next_at_of(session, alert) is None
    assert state_of(session, alert) == "triggered"
    breach(session, channel.id, kind="warning", timer_id=4, assignee_id=ana.id)
    session.commit()
    sweep(session)
    assert send_all(session) == ["Ana"]


def test_a_second_warning_of_the_same_timer_is_told_again(session: Session, moving_clock: MovingClock) -> None:
    channel, ana = make_channel(session), make_reachable(session, "Ana")
    for _ in range(2):
        alert = breach(session, channel.id, kind="warning", timer_id=1, assignee_id=ana.id)
        session.commit()
        sweep(session)
        assert send_all(session) == ["Ana"]
        moving_clock.move(hours=1)
        sweep(session)
    assert alert.timer_count == 1


def test_a_warning_that_is_nobodys_reaches_the_leads_then_the_admins(
    session: Session, moving_clock: MovingClock
) -> None:
    channel, team = make_channel(session), make_team(session)
    make_grant(session, team, channel)
    lea = make_reachable(session, "Lea")
    make_reachable(session, "Vera", is_admin=True)
    join_team(session, lea, team, "lead")
    diego = make_member(session, "Diego")
    breach(session, channel.id, kind="warning", timer_id=1)
    breach(session, channel.id, kind="warning", timer_id=2, assignee_id=diego.id)
    session.commit()
    sweep(session)
    assert send_all(session, works=False) == ["Lea"]
    moving_clock.move(minutes=1)
    sweep(session)
    assert send_all(session) == ["Vera"]


def test_a_warning_that_reaches_nobody_is_tried_again(session: Session, moving_clock: MovingClock) -> None:
    alert = breach(session, make_channel(session).id, kind="warning", timer_id=1)
    session.commit()
    sweep(session)
    assert state_of(session, alert) == "unreachable"
    session.rollback()
    make_reachable(session, "Vera", is_admin=True)
    session.commit()
    moving_clock.move(minutes=5)
    sweep(session)
    assert send_all(session) == ["Vera"]
    moving_clock.move(minutes=1)
    sweep(session)
    assert state_of(session, alert) == "triggered"
    close_for_timer(session, 1, clock.now())
    assert alert.state == "closed"


def test_five_thousand_late_ones_are_one_summary(session: Session, moving_clock: MovingClock) -> None:
    read_at = clock.now() - timedelta(minutes=1)
    channel = make_channel(session, display_name="Acme", import_done_at=read_at)
    make_reachable(session, "Vera", is_admin=True)
    what = {"kind": "import", "channel_id": channel.id, "escalation_policy_id": None, "waiting": ()}
    alert = raise_for(session, **what, is_urgent=False, now=clock.now(), count=5000)  # type: ignore[arg-type]
    session.commit()
    sweep(session)
    assert send_all(session) == ["Vera"]
    assert subjects(session) == ["5000 people have waited on Sandbox feed · Acme since before it was connected"]
    moving_clock.move(minutes=1)
    sweep(session)
    assert state_of(session, alert) == "closed"
    assert log_of(session, alert) == ["raised", "told Vera", "reached Vera", "closed told"]
    sweep(session)
    assert session.scalar(select(Alert.next_at)) is None


def test_whoever_is_told_in_someones_stead_and_missed_it_is_followed_by_the_next(
    session: Session, moving_clock: MovingClock
) -> None:
    channel, team = make_channel(session), make_team(session)
    make_grant(session, team, channel)
    lea, ana = make_reachable(session, "Lea"), make_reachable(session, "Ana")
    make_reachable(session, "Vera", is_admin=True)
    join_team(session, lea, team, "lead")
    breach(session, channel.id, kind="warning", timer_id=1, assignee_id=ana.id)
    session.commit()
    sweep(session)
    assert send_all(session) == ["Ana"]
    moving_clock.move(minutes=2)
    sweep(session)
    alert = breach(session, channel.id, kind="warning", timer_id=2)
    session.commit()
    sweep(session)
    assert send_all(session, works=False) == ["Lea"]
    moving_clock.move(minutes=2)
    sweep(session)
    assert send_all(session) == ["Vera"]
    moving_clock.move(minutes=2)
    sweep(session)
    assert log_of(session, alert)[-3:] == ["passed Lea failed", "told Vera", "reached Vera"]
    assert subjects(session)[-1].startswith("1 answer falls due soon")


def test_a_warning_one_of_two_leads_heard_of_is_not_told_again(session: Session, moving_clock: MovingClock) -> None:
    channel, team = make_channel(session), make_team(session)
    make_grant(session, team, channel)
    make_reachable(session, "Vera", is_admin=True)
    for name in ("Lea", "Leo"):
        join_team(session, make_reachable(session, name), team, "lead")
    breach(session, channel.id, kind="warning", timer_id=1)
    session.commit()
    sweep(session)
    first, second = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    first.state, second.state, first.due_at, second.due_at = "refused", "sent", None, None
    session.commit()
    moving_clock.move(minutes=2)
    sweep(session)
    assert send_all(session) == []
    timer = session.scalars(select(AlertTimer).execution_options(populate_existing=True)).one()
    assert timer.told_at is not None


def test_of_two_warnings_to_the_same_member_the_one_that_failed_goes_to_the_next(
    session: Session, moving_clock: MovingClock
) -> None:
    channel, ana = make_channel(session), make_reachable(session, "Ana")
    make_reachable(session, "Vera", is_admin=True)
    breach(session, channel.id, kind="warning", timer_id=1, assignee_id=ana.id)
    session.commit()
    sweep(session)
    moving_clock.move(minutes=1)
    for number in (2, 3):
        breach(session, channel.id, kind="warning", timer_id=number, assignee_id=ana.id)
    session.commit()
    sweep(session)
    first, second = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    first.state, second.state, first.due_at, second.due_at = "sent", "refused", None, None
    session.commit()
    moving_clock.move(minutes=1)
    sweep(session)
    assert send_all(session) == ["Vera"]
    assert subjects(session)[-1].startswith("2 answers fall due soon")


def test_taking_ones_own_warning_leaves_the_others_theirs(
    session: Session, moving_clock: MovingClock, office: Office
) -> None:
    ana, ben = make_reachable(session, "Ana"), make_reachable(session, "Ben")
    for member in (ana, ben):
        session.add(QuietHours(member_id=member.id, from_minute=0, until_minute=23 * 60 + 59))
    channel_id = make_channel(session).id
    alert = breach(session, channel_id, kind="warning", timer_id=1, assignee_id=ana.id)
    breach(session, channel_id, kind="warning", timer_id=2, assignee_id=ben.id)
    session.commit()
    sweep(session)
    acknowledge(session, alert.id, ana.id, by="link", now=clock.now(), pace=Pace())
    session.commit()
    moving_clock.move(seconds=5)
    sweep(session)
    assert office.states() == [("cancelled", "withdrawn"), ("queued", None)]
    assert (state_of(session, alert), alert.timer_count) == ("triggered", 1)
    with pytest.raises(Conflict):
        acknowledge(session, alert.id, ana.id, by="page", now=clock.now(), pace=Pace())
    acknowledge(session, alert.id, ben.id, by="link", now=clock.now(), pace=Pace())
    session.commit()
    assert state_of(session, alert) == "closed"


def test_who_was_told_nothing_takes_the_whole_warning(session: Session, moving_clock: MovingClock) -> None:
    ana, vera = make_reachable(session, "Ana"), make_member(session, "Vera")
    alert = breach(session, make_channel(session).id, kind="warning", timer_id=1, assignee_id=ana.id)
    session.commit()
    sweep(session)
    acknowledge(session, alert.id, vera.id, by="page", now=clock.now(), pace=Pace())
    session.commit()
    assert state_of(session, alert) == "closed"


def test_a_timer_that_is_back_is_told_to_whose_it_is_now(session: Session, moving_clock: MovingClock) -> None:
    ana, ben = make_reachable(session, "Ana"), make_reachable(session, "Ben")
    channel_id, due_at = make_channel(session).id, clock.now() + timedelta(hours=1)
    for number in (1, 2):
        breach(session, channel_id, kind="warning", timer_id=number, assignee_id=ana.id, due_at=due_at)
    session.commit()
    sweep(session)
    assert send_all(session) == ["Ana"]
    moving_clock.move(minutes=2)
    sweep(session)
    close_for_timer(session, 1, clock.now())
    session.commit()
    later = due_at + timedelta(hours=6)
    breach(
        session, channel_id, kind="warning", timer_id=1, assignee_id=ben.id, team_id=3, conversation_id=4, due_at=later
    )
    session.commit()
    sweep(session)
    assert send_all(session) == ["Ben"]
    row = session.scalars(select(AlertTimer).where(AlertTimer.timer_id == 1)).one()
    assert (row.due_at, row.assignee_id, row.team_id, row.conversation_id) == (later, ben.id, 3, 4)


def test_a_warning_never_calls_the_last_resort(
    app: Flask, session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.config["RELEVO"], last_resort_url="https://last.example/")
    monkeypatch.setitem(app.config, "RELEVO", settings)
    make_member(session, "Vera", is_admin=True)
    alert = breach(session, make_channel(session).id, kind="warning", timer_id=1)
    session.commit()
    for _ in range(3):
        sweep(session)
        moving_clock.move(minutes=5)
    assert send_all(session) == []
    assert log_of(session, alert) == ["raised", "passed Vera no_method", "unreachable nobody"]


def test_who_wants_alerts_alone_is_left_with_a_warning_and_it_rests(
    session: Session, moving_clock: MovingClock
) -> None:
    vera = make_member(session, "Vera", is_admin=True)
    add_method(session, vera, is_urgent_only=True)
    alert = breach(session, make_channel(session).id, kind="warning", timer_id=1)
    session.commit()
    sweep(session)
    assert log_of(session, alert) == ["raised", "passed Vera alerts_only"]
    assert (state_of(session, alert), next_at_of(session, alert)) == ("triggered", None)


def test_each_hears_when_the_first_of_their_own_is_due(
    session: Session, moving_clock: MovingClock, office: Office
) -> None:
    ana, ben = make_reachable(session, "Ana"), make_reachable(session, "Ben")
    channel_id = make_channel(session).id
    for number, member, hours in ((1, ana, 1), (2, ben, 9)):
        due_at = clock.now() + timedelta(hours=hours)
        breach(session, channel_id, kind="warning", timer_id=number, assignee_id=member.id, due_at=due_at)
    session.commit()
    sweep(session)
    office.work()
    said = {address["to"]: letter.lines for address, letter in office.sender.letters}
    assert "13:00" in said[f"member {ana.id}"][0]
    assert "21:00" in said[f"member {ben.id}"][0]


def test_a_summary_waits_for_the_end_of_its_import_and_for_the_last_page(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, display_name="Acme")
    make_reachable(session, "Vera", is_admin=True)
    what = {"kind": "import", "channel_id": channel.id, "escalation_policy_id": None, "waiting": ()}
    for count in (3200, 1700):
        raise_for(session, **what, is_urgent=False, now=clock.now(), count=count)  # type: ignore[arg-type]
        session.commit()
        sweep(session)
        assert send_all(session) == []
        moving_clock.move(minutes=1)
    channel.import_done_at = clock.now()
    raise_for(session, **what, is_urgent=False, now=clock.now(), count=100)  # type: ignore[arg-type]
    session.commit()
    sweep(session)
    assert send_all(session) == []
    moving_clock.move(seconds=15)
    sweep(session)
    assert send_all(session) == ["Vera"]
    assert subjects(session) == ["5000 people have waited on Sandbox feed · Acme since before it was connected"]


def test_an_import_that_does_not_end_is_told_of_each_quarter_of_an_hour(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, display_name="Acme")
    make_reachable(session, "Vera", is_admin=True)
    what = {"kind": "import", "channel_id": channel.id, "escalation_policy_id": None}
    told = []
    for number in range(4):
        waiting = [Waiting(number, clock.now())]
        raise_for(session, **what, waiting=waiting, is_urgent=False, now=clock.now())  # type: ignore[arg-type]
        session.commit()
        sweep(session)
        told.append(send_all(session))
        moving_clock.move(minutes=8)
    assert told == [[], [], ["Vera"], []]


def begin_mixed_import(session: Session) -> tuple[Alert, Member, Member]:
    """Raise the summary of an import: a late timer of Ana's, and forty people who have none; Lea leads the channel."""
    channel, team = make_channel(session, display_name="Acme"), make_team(session)
    make_grant(session, team, channel)
    ana, lea = make_reachable(session, "Ana"), make_reachable(session, "Lea")
    join_team(session, lea, team, "lead")
    make_reachable(session, "Vera", is_admin=True)
    what = {"kind": "import", "channel_id": channel.id, "escalation_policy_id": None, "is_urgent": False}
    mine = [Waiting(1, clock.now(), assignee_id=ana.id)]
    raise_for(session, **what, waiting=mine, now=clock.now())  # type: ignore[arg-type]
    alert = raise_for(session, **what, waiting=(), now=clock.now(), count=40)  # type: ignore[arg-type]
    channel.import_done_at = clock.now()
    session.commit()
    return alert, ana, lea


def test_an_imports_summary_outlives_its_timers_and_is_told_until_somebody_heard_it(
    session: Session, moving_clock: MovingClock
) -> None:
    alert, _, _ = begin_mixed_import(session)
    close_for_timer(session, 1, clock.now())
    session.commit()
    assert state_of(session, alert) == "triggered"
    moving_clock.move(seconds=15)
    sweep(session)
    assert send_all(session, works=False) == ["Lea"]
    moving_clock.move(minutes=1)
    sweep(session)
    assert send_all(session) == ["Vera"]
    assert [one.partition(" on ")[0] for one in subjects(session)] == ["40 people have waited"] * 2
    moving_clock.move(minutes=1)
    sweep(session)
    assert log_of(session, alert)[-2:] == ["reached Vera", "closed told"]


def test_an_imports_late_timers_and_those_without_are_each_told_to_whose_they_are(
    session: Session, moving_clock: MovingClock
) -> None:
    alert, ana, _ = begin_mixed_import(session)
    moving_clock.move(seconds=15)
    sweep(session)
    assert [one.partition(" on ")[0] for one in subjects(session)] == ["1 person has waited", "40 people have waited"]
    first, second = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    first.state, second.state, first.due_at, second.due_at = "sent", "refused", None, None
    session.commit()
    moving_clock.move(minutes=1)
    sweep(session)  # Ana heard of hers, and nobody of the forty
    assert subjects(session)[-1].startswith("40 people have waited")
    acknowledge(session, alert.id, ana.id, by="page", now=clock.now(), pace=Pace())
    session.commit()
    assert state_of(session, alert) == "triggered"
    assert send_all(session) == ["Vera"]
    moving_clock.move(minutes=1)
    sweep(session)
    assert state_of(session, alert) == "closed"
    assert log_of(session, alert)[-1] == "closed told"


def test_who_was_told_of_those_without_a_timer_takes_these_alone(session: Session, moving_clock: MovingClock) -> None:
    alert, ana, lea = begin_mixed_import(session)
    moving_clock.move(seconds=15)
    sweep(session)
    acknowledge(session, alert.id, lea.id, by="link", now=clock.now(), pace=Pace())
    session.commit()
    sweep(session)
    assert (state_of(session, alert), send_all(session)) == ("triggered", ["Ana"])
    acknowledge(session, alert.id, ana.id, by="link", now=clock.now(), pace=Pace())
    session.commit()
    assert state_of(session, alert) == "closed"
