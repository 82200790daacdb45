"""PagerDuty over real HTTP: one incident an alert, taken and resolved there as it is here."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.models import Alert
from inbox.alerts.raising import close_for_timer
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.members.models import Member
from inbox.notifications import methods, sealing
from inbox.notifications.models import NotificationMethod
from inbox.notifications.senders.pagerduty import PagerDuty
from inbox.offboarding.revoke import revoke
from inbox.settings import Pace
from tests.factories.alerts import breach, make_policy, sweep
from tests.factories.basics import make_channel, make_member
from tests.factories.notifications import Office, add_method
from tests.inbox.wire import Wire, answering, reply

TAKEN = reply(b'{"status": "success"}', "202 Accepted", "Connection: close")
BROKEN = reply(b"{}", "500 Internal Server Error", "Connection: close")


@pytest.fixture
def server() -> Iterator[Wire]:
    with answering(TAKEN) as wire:
        yield wire


@pytest.fixture
def ana(session: Session, office: Office) -> Member:
    return make_member(session, "Ana")


def connect(office: Office, ana: Member, server: Wire) -> None:
    """Let Ana be reached by PagerDuty alone."""
    address = sealing.seal({"key": "k" * 32, "server": server.url})
    add_method(office.session, ana, "pagerduty", sealed=address)
    settings = replace(office.post.settings, local_services=frozenset({server.url}))
    office.post = replace(office.post, settings=settings, senders={"pagerduty": PagerDuty()})


def raise_one(office: Office, ana: Member, timer_id: int, *, repeat_count: int = 3) -> Alert:
    policy = make_policy(office.session, Step(0, (Target(TargetKind.MEMBER, ana.id),)), repeat_count=repeat_count)
    alert = breach(office.session, make_channel(office.session).id, policy, timer_id=timer_id)
    office.session.commit()
    return alert


def work(office: Office, seconds: float = 0) -> None:
    office.clock.move(seconds=seconds)
    sweep(office.session)
    office.work()


def take(office: Office, alert: Alert, ana: Member) -> None:
    acknowledge(office.session, alert.id, ana.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    office.session.commit()


def over(office: Office, timer_id: int) -> None:
    close_for_timer(office.session, timer_id, clock.now())
    office.session.commit()


def said(server: Wire) -> list[dict[str, Any]]:
    return [json.loads(one.partition(b"\r\n\r\n")[2]) for one in server.requests]


def actions(server: Wire) -> list[str]:
    return [one["event_action"] for one in said(server)]


def test_an_alert_is_one_incident_that_is_taken_called_anew_and_resolved(
    office: Office, ana: Member, server: Wire
) -> None:
    connect(office, ana, server)
    alert = raise_one(office, ana, 7)
    work(office)
    work(office, 15 * 60)  # told again by the next round: the same incident
    assert actions(server) == ["trigger", "trigger"]
    take(office, alert, ana)
    work(office)
    work(office, 60)
    assert actions(server)[2:] == ["acknowledge"]
    work(office, 30 * 60)  # what somebody has taken calls nobody there, so it is opened anew
    work(office, 15 * 60)
    assert actions(server)[3:] == ["resolve", "trigger", "trigger"]
    over(office, 7)
    work(office)
    work(office, 60)
    assert actions(server)[6:] == ["resolve"]
    assert len({one["dedup_key"] for one in said(server)}) == 1
    assert [state for state, _ in office.states()] == ["sent"] * 6


def test_each_alert_is_an_incident_of_its_own_at_once(office: Office, ana: Member, server: Wire) -> None:
    connect(office, ana, server)
    for number in (1, 2, 3):
        raise_one(office, ana, number)
    work(office)
    assert actions(server) == ["trigger"] * 3
    assert len({one["dedup_key"] for one in said(server)}) == 3
    over(office, 2)
    work(office)
    assert actions(server)[3:] == ["resolve"]
    assert said(server)[3]["dedup_key"] == said(server)[1]["dedup_key"]


def test_an_end_that_meets_an_error_is_said_again_until_it_is_taken(office: Office, ana: Member) -> None:
    with answering(TAKEN, BROKEN, BROKEN, BROKEN, BROKEN, TAKEN) as server:
        connect(office, ana, server)
        raise_one(office, ana, 7)
        work(office)
        over(office, 7)
        for _ in range(7):
            work(office, 61)
        assert actions(server) == ["trigger", *["resolve"] * 5]
    assert office.states() == [("sent", None), ("sent", None)]


def test_nothing_is_said_of_an_incident_that_was_never_opened(office: Office, ana: Member) -> None:
    with answering(reply(b"{}", "400 Bad Request", "Connection: close")) as server:
        connect(office, ana, server)
        raise_one(office, ana, 7)
        work(office)
        over(office, 7)
        work(office, 5)
        assert actions(server) == ["trigger"]


def test_the_end_waits_for_an_opening_whose_answer_was_lost(office: Office, ana: Member) -> None:
    with answering(BROKEN, TAKEN) as server:
        connect(office, ana, server)
        alert = raise_one(office, ana, 7)
        work(office)
        take(office, alert, ana)
        for _ in range(20):
            work(office, 5)
        assert actions(server) == ["trigger", "acknowledge"]
        over(office, 7)
        work(office, 5)
        assert actions(server)[2:] == ["resolve"]


def test_a_way_that_is_removed_ends_its_incidents_and_is_forgotten_after_that(office: Office, ana: Member) -> None:
    with answering(TAKEN, TAKEN, TAKEN, BROKEN, TAKEN) as server:
        connect(office, ana, server)
        for number in (1, 2):
            raise_one(office, ana, number)
        work(office)
        over(office, 1)
        work(office)
        assert actions(server) == ["trigger", "trigger", "resolve"]
        method = office.session.scalars(select(NotificationMethod)).one()
        methods.remove_method(office.session, method)
        work(office)
        assert (actions(server)[3:], method.sealed is None) == (["resolve"], False), "its answer was lost"
        work(office, 61)
        assert (actions(server)[4:], method.sealed) == (["resolve"], None)
        assert said(server)[4]["dedup_key"] == said(server)[1]["dedup_key"]
        over(office, 2)
        work(office, 15 * 60)
        assert len(server.requests) == 5


def test_who_is_let_go_is_called_no_more(office: Office, ana: Member, server: Wire) -> None:
    make_member(office.session, "Root", is_admin=True)
    connect(office, ana, server)
    raise_one(office, ana, 7)
    work(office)
    revoke(office.session, ana.id, by_member_id=None)
    work(office)
    work(office, 15 * 60)
    assert actions(server) == ["trigger", "resolve"]
