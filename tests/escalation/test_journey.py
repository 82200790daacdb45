"""An alert's way with a moved clock: told step by step, taken, gone on with, over; and each way it can fail."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.access import list_events
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.models import Alert
from inbox.alerts.raising import close_for_timer
from inbox.escalation import policies, webhooks
from inbox.escalation.advance import advance, claim_due
from inbox.escalation.models import EscalationPolicy
from inbox.escalation.steps import Plan, Step, Target, TargetKind
from inbox.members.models import Member
from inbox.notifications.models import Notification
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Turns
from inbox.settings import Pace
from tests.factories.alerts import (
    breach,
    log_of,
    make_policy,
    make_reachable,
    next_at_of,
    send_all,
    state_of,
    sweep,
)
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.factories.notifications import add_method
from tests.fixtures.app import MovingClock

ASSIGNEE, LEADS, ADMINS = (Target(kind) for kind in (TargetKind.ASSIGNEE, TargetKind.TEAM_LEADS, TargetKind.ADMINS))


def whom(member: Member) -> Target:
    return Target(TargetKind.MEMBER, member.id)


def test_phone_one_phone_two_taken_gone_on_with_and_over(session: Session, moving_clock: MovingClock) -> None:
    ana, diego, eva = (make_reachable(session, name) for name in ("Ana", "Diego", "Eva"))
    steps = Step(0, (whom(ana),)), Step(600, (whom(diego),)), Step(600, (whom(eva),))
    alert = breach(session, make_channel(session).id, make_policy(session, *steps), timer_id=7)
    session.commit()
    assert sweep(session) == 1
    assert send_all(session) == ["Ana"]
    moving_clock.move(minutes=9, seconds=59)
    sweep(session)
    assert send_all(session) == []
    moving_clock.move(seconds=1)
    sweep(session)
    assert send_all(session) == ["Diego"]
    acknowledge(session, alert.id, diego.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    sweep(session)
    moving_clock.move(minutes=29, seconds=59)
    assert sweep(session) == 0
    moving_clock.move(seconds=1)
    sweep(session)
    assert state_of(session, alert) == "triggered"
    assert send_all(session) == ["Eva"]
    moving_clock.move(seconds=10)
    sweep(session)
    close_for_timer(session, 7, clock.now())
    session.commit()
    assert state_of(session, alert) == "closed"
    sweep(session)
    moving_clock.move(days=1)
    assert sweep(session) == 0
    assert log_of(session, alert) == [
        "raised",
        "told Ana",
        "reached Ana",
        "told Diego",
        "acknowledged Diego",
        "resumed",
        "told Eva",
        "reached Eva",
        "closed over",
    ]


def test_whoever_has_no_verified_method_is_passed_at_once(session: Session) -> None:
    channel, team = make_channel(session), make_team(session)
    make_grant(session, team, channel)
    ana, lead = make_member(session, "Ana"), make_reachable(session, "Lea")
    add_method(session, ana, verified_at=None, state="unverified")
    join_team(session, lead, team, "lead")
    alert = breach(session, channel.id, make_policy(session, Step(0, (whom(ana),))))
    session.commit()
    sweep(session)
    assert send_all(session) == ["Lea"]
    assert log_of(session, alert) == ["raised", "passed Ana no_method", "told Lea"]


def test_a_step_that_means_those_alone_who_were_passed_before_is_not_called_nobodys(session: Session) -> None:
    ana, eva = make_member(session, "Ana"), make_reachable(session, "Eva")
    steps = Step(0, (whom(ana),)), Step(900, (whom(ana),)), Step(900, (whom(eva),))
    alert = breach(session, make_channel(session).id, make_policy(session, *steps))
    session.commit()
    sweep(session)
    assert send_all(session) == ["Eva"]
    assert log_of(session, alert) == ["raised", "passed Ana no_method", "told Eva"]


def test_whom_three_attempts_did_not_reach_is_passed_at_once(session: Session, moving_clock: MovingClock) -> None:
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego")
    admin = make_reachable(session, "Vera", is_admin=True)
    policy = make_policy(session, Step(0, (whom(ana), ASSIGNEE)))
    alert = breach(session, make_channel(session).id, policy, assignee_id=diego.id)
    session.commit()
    sweep(session)
    assert sorted(send_all(session, works=False)) == ["Ana", "Diego"]
    moving_clock.move(seconds=5)
    sweep(session)
    assert send_all(session) == [admin.name]
    said = log_of(session, alert)
    assert "passed Ana failed" in said
    assert said[-1] == "told Vera"


def test_one_who_was_reached_is_enough_for_a_step(session: Session, moving_clock: MovingClock) -> None:
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego")
    make_reachable(session, "Vera", is_admin=True)
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, (whom(ana), whom(diego)))))
    session.commit()
    sweep(session)
    session.execute(select(Notification))
    assert send_all(session) == ["Ana", "Diego"]
    moving_clock.move(seconds=5)
    sweep(session)
    assert send_all(session) == []
    assert next_at_of(session, alert) == clock.now() + timedelta(seconds=895)


def test_an_empty_rota_leads_on_to_the_assignee(session: Session) -> None:
    diego = make_reachable(session, "Diego")
    nobody = Step(0, (Target(TargetKind.ROTATION, 999),))
    breach(session, make_channel(session).id, make_policy(session, nobody), assignee_id=diego.id)
    session.commit()
    sweep(session)
    assert send_all(session) == ["Diego"]


def test_nobody_can_be_told_and_it_is_tried_every_five_minutes(session: Session, moving_clock: MovingClock) -> None:
    ana = make_member(session, "Ana", is_admin=True)
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, (ASSIGNEE, ADMINS))))
    session.commit()
    sweep(session)
    assert state_of(session, alert) == "unreachable"
    assert next_at_of(session, alert) == clock.now() + timedelta(minutes=5)
    moving_clock.move(minutes=5)
    sweep(session)
    assert state_of(session, alert) == "unreachable"
    add_method(session, ana)
    session.commit()
    moving_clock.move(minutes=5)
    sweep(session)
    assert state_of(session, alert) == "unreachable"  # it is on its way, and nobody knows yet whether it arrives
    assert send_all(session) == ["Ana"]
    moving_clock.move(seconds=5)
    sweep(session)
    assert state_of(session, alert) == "triggered"
    assert log_of(session, alert).count("unreachable nobody") == 1


def test_the_last_resort_is_told_before_everybodys_screen(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(app.config["RELEVO"], last_resort_url="https://pager.example/hook")
    monkeypatch.setitem(app.config, "RELEVO", settings)
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, (ASSIGNEE,))))
    session.commit()
    sweep(session)
    assert send_all(session) == ["nobody's"]
    assert log_of(session, alert) == ["raised", "passed nobody", "last_resort", "unreachable nobody"]


def test_steps_are_repeated_and_then_it_is_on_everybodys_screen(session: Session, moving_clock: MovingClock) -> None:
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego")
    policy = make_policy(session, Step(0, (whom(ana),)), Step(600, (whom(diego),)), repeat_count=1)
    alert = breach(session, make_channel(session).id, policy)
    session.commit()
    told = []
    for minutes in (0, 10, 15, 10):
        moving_clock.move(minutes=minutes)
        sweep(session)
        told += send_all(session)
    assert told == ["Ana", "Diego", "Ana", "Diego"]
    assert state_of(session, alert) == "triggered"
    moving_clock.move(minutes=15)
    sweep(session)
    assert state_of(session, alert) == "unreachable"
    assert log_of(session, alert)[-1] == "unreachable unanswered"
    moving_clock.move(minutes=5)
    sweep(session)
    assert send_all(session) == ["Ana"]
    assert state_of(session, alert) == "unreachable"  # told, but nobody has taken it
    acknowledge(session, alert.id, ana.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    assert state_of(session, alert) == "acknowledged"


def test_a_webhook_is_told_and_passed_when_it_fails(session: Session, moving_clock: MovingClock) -> None:
    hook = webhooks.add(session, "https://hooks.example/x", "a signing secret", clock.now())
    admin = make_reachable(session, "Vera", is_admin=True)
    alert = breach(session, None, make_policy(session, Step(0, (Target(TargetKind.WEBHOOK, hook.id),))), kind="engine")
    session.commit()
    sweep(session)
    assert send_all(session, works=False) == ["nobody's"]
    moving_clock.move(seconds=5)
    sweep(session)
    assert send_all(session) == [admin.name]
    assert log_of(session, alert) == ["raised", "told", "passed failed", "told Vera"]


def test_a_worker_that_is_lost_between_claim_and_turn_loses_nothing(
    session: Session, moving_clock: MovingClock
) -> None:
    ana = make_reachable(session, "Ana")
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, (whom(ana),))))
    session.commit()
    (lost,) = claim_due(session, clock.now(), Pace(), 10)
    session.commit()
    assert sweep(session) == 0
    moving_clock.move(seconds=60)
    assert sweep(session) == 1
    assert send_all(session) == ["Ana"]
    assert not advance(session, lost, now=clock.now(), pace=Pace())
    session.commit()
    assert send_all(session) == []
    assert log_of(session, alert) == ["raised", "told Ana"]


def test_a_worker_that_is_lost_in_its_turn_has_told_nobody(session: Session, moving_clock: MovingClock) -> None:
    ana = make_reachable(session, "Ana")
    breach(session, make_channel(session).id, make_policy(session, Step(0, (whom(ana),))))
    session.commit()
    (lost,) = claim_due(session, clock.now(), Pace(), 10)
    session.commit()
    advance(session, lost, now=clock.now(), pace=Pace())
    session.rollback()
    assert send_all(session) == []
    moving_clock.move(seconds=60)
    sweep(session)
    assert send_all(session) == ["Ana"]


def test_the_house_has_a_plan_of_its_own(session: Session, moving_clock: MovingClock) -> None:
    channel, team, other = make_channel(session), make_team(session), make_team(session)
    make_grant(session, team, channel)
    make_grant(session, other, channel)
    diego, lea, kai = (make_reachable(session, name) for name in ("Diego", "Lea", "Kai"))
    make_reachable(session, "Vera", is_admin=True)
    join_team(session, lea, team, "lead")
    join_team(session, kai, other, "lead")
    breach(session, channel.id, assignee_id=diego.id, team_id=team.id)
    session.commit()
    told = []
    for minutes in (0, 15, 15):
        moving_clock.move(minutes=minutes)
        sweep(session)
        told.append(sorted(send_all(session)))
    assert told == [["Diego", "Lea"], ["Kai", "Lea"], ["Vera"]]


def test_only_what_is_due_is_looked_at(session: Session, moving_clock: MovingClock) -> None:
    ana = make_reachable(session, "Ana")
    breach(session, make_channel(session).id, make_policy(session, Step(0, (whom(ana),))))
    session.commit()
    sweep(session)
    send_all(session)
    moving_clock.move(seconds=5)
    sweep(session)
    assert sweep(session) == 0
    assert session.scalar(select(Alert.claim_token)) is None


def test_a_gap_in_the_rota_and_who_left_are_said_and_the_next_step_is_taken_at_once(
    session: Session, moving_clock: MovingClock
) -> None:
    lead, diego, gone = (make_reachable(session, name) for name in ("Lea", "Diego", "Ana"))
    team = make_team(session)
    join_team(session, lead, team, "lead")
    join_team(session, diego, team)
    turns = Turns((diego.id,), False, 0, 540, "Europe/Madrid", clock.now())
    rota = make_rotation(session, Wanted("Nights", turns), lead)
    gone.deactivated_at = diego.deactivated_at = clock.now()
    first = Step(0, (Target(TargetKind.ROTATION, rota.id), whom(gone)))
    policy = make_policy(session, first, Step(900, (ASSIGNEE,)), Step(900, (whom(lead),)))
    alert = breach(session, make_channel(session).id, policy)
    session.commit()
    sweep(session)
    assert send_all(session) == ["Lea"]
    assert log_of(session, alert) == [
        "raised",
        "passed nobody_on",
        "passed Ana left",
        "passed nobody",
        "told Lea",
    ]
    assert [one.step for one in list_events(session, alert.id)] == [3, 2, 1, 1, None]


def test_a_step_that_reaches_nobody_never_stands_before_those_after_it(
    session: Session, moving_clock: MovingClock
) -> None:
    ana, diego = make_member(session, "Ana"), make_reachable(session, "Diego")
    policy = make_policy(session, Step(0, (whom(diego),)), Step(600, (whom(ana),)), repeat_count=1)
    alert = breach(session, make_channel(session).id, policy)
    session.commit()
    told = []
    for minutes in (0, 10, 5, 10):
        moving_clock.move(minutes=minutes)
        sweep(session)
        told += send_all(session)
        moving_clock.move(seconds=5)
        sweep(session)
    # the round ended with nobody, which is everybody's to see; five minutes later it began again with who can be told
    assert told == ["Diego", "Diego"]
    assert log_of(session, alert)[3:6] == ["passed Ana no_method", "unreachable nobody", "told Diego"]


def test_whom_three_attempts_did_not_reach_stands_before_nobody_either(
    session: Session, moving_clock: MovingClock
) -> None:
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego")
    policy = make_policy(session, Step(0, (whom(ana),)), Step(3600, (whom(diego),)))
    alert = breach(session, make_channel(session).id, policy)
    session.commit()
    sweep(session)
    assert send_all(session, works=False) == ["Ana"]
    moving_clock.move(seconds=5)
    sweep(session)
    assert send_all(session) == ["Diego"]
    assert log_of(session, alert) == ["raised", "told Ana", "passed Ana failed", "told Diego"]
    assert next_at_of(session, alert) == clock.now() + timedelta(seconds=5)


def edit(session: Session, policy: EscalationPolicy, by: Member, *steps: Step, repeat_count: int = 0) -> None:
    """Save other steps, as the form does."""
    plan = Plan(steps, repeat_count, "everything")
    wanted = policies.Wanted(policy.name, plan, seen_number=policy.number)
    policies.save_policy(session, policy, wanted, by_member_id=by.id, now=clock.now())
    session.commit()


def test_after_an_edit_it_goes_on_at_the_same_place_and_tells_everybody_who_was_not_told(
    session: Session, moving_clock: MovingClock
) -> None:
    ana, diego, eva, kai = (make_reachable(session, name) for name in ("Ana", "Diego", "Eva", "Kai"))
    steps = [Step(0 if one is ana else 600, (whom(one),)) for one in (ana, diego, eva)]
    policy = make_policy(session, *steps)
    alert = breach(session, make_channel(session).id, policy)
    session.commit()
    told = []
    for _ in range(2):
        sweep(session)
        told += send_all(session)
        moving_clock.move(minutes=10)
    acknowledge(session, alert.id, diego.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    sweep(session)
    # two steps were taken of three: by a plan of one step each, all of it lies ahead
    edit(session, policy, ana, Step(0, (whom(kai),)))
    moving_clock.move(minutes=30)
    sweep(session)
    told += send_all(session)
    assert told == ["Ana", "Diego", "Kai"]
    # one of one was taken: a longer plan begins with its first, not in its middle
    edit(session, policy, ana, *steps)
    for _ in range(3):
        moving_clock.move(minutes=15)
        sweep(session)
        told += send_all(session)
    assert told[3:] == ["Ana", "Diego", "Eva"]


def test_an_edit_at_night_looks_again_for_who_is_on_call(session: Session, moving_clock: MovingClock) -> None:
    ana = make_reachable(session, "Ana", time_zone="Europe/Madrid")
    kai = make_reachable(session, "Kai", time_zone="America/Mexico_City")
    moving_clock.move(hours=11)
    policy = make_policy(session, Step(0, (whom(ana),)), wakes="urgent")
    alert = breach(session, make_channel(session).id, policy)
    session.commit()
    sweep(session)
    assert log_of(session, alert)[-1] == "held"
    edit(session, policy, ana, Step(0, (whom(kai),)))
    sweep(session)
    assert send_all(session) == ["Kai"]
