"""The desk plan on the SLA page: who is there hour by hour, and what is said where no desk has a plan."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox import clock
from inbox.members.models import Member
from inbox.oncall.overrides import add_override
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Desk, Turns, Weekly
from inbox.reports.desk_plan import read_plan
from inbox.reports.page import Staffed
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_responder, make_team
from tests.factories.members import sign_in_as
from tests.fixtures.app import START, MovingClock

HOUR = timedelta(hours=1)


@pytest.fixture
def lead(session: Session, moving_clock: MovingClock) -> Member:
    member, team = make_member(session, "Lucía"), make_team(session)
    join_team(session, member, team, "lead")
    make_grant(session, team, make_channel(session))
    return member


@pytest.fixture
def browser(app: Flask, session: Session, lead: Member) -> FlaskClient:
    return sign_in_as(app, session, lead)


def make_desk(session: Session, lead: Member, name: str, *weekly: tuple[int, int, int]) -> int:
    """Make a desk in UTC with shifts of the lead: weekday, from and until."""
    plan = Desk(tuple(Weekly(lead.id, *one) for one in weekly), "UTC")
    return make_rotation(session, Wanted(name, plan), lead).id


def at_desk(browser: FlaskClient) -> list[str]:
    """Read the column of who is at the desk, hour by hour."""
    table = browser.get("/sla").text.split("At the desk</th>")[1].split("</table>")[0]
    return re.findall(r'<td class="r">([^<]*)</td></tr>', table)


def test_somebody_in_two_desks_is_one_person(session: Session, lead: Member) -> None:
    make_desk(session, lead, "Mornings", (4, 540, 840))
    late = make_desk(session, lead, "Evenings", (4, 780, 1080))
    other = make_member(session, "Ana")
    join_team(session, other, lead.memberships[0].team)
    add_override(session, late, other.id, START + 2 * HOUR, START + 3 * HOUR, lead)
    found = read_plan(session, clock.now())
    assert found == [Staffed(START, START + 6 * HOUR, 1), Staffed(START + 2 * HOUR, START + 3 * HOUR, 1)]


def test_the_page_counts_who_is_at_the_desk(session: Session, lead: Member, browser: FlaskClient) -> None:
    assert "no shifts entered" in browser.get("/sla").text
    assert at_desk(browser) == ["–"] * 24
    make_rotation(session, Wanted("Nights", Turns((lead.id,), False, 0, 540, "UTC", START)), lead)
    assert "no shifts entered" in browser.get("/sla").text  # on call is not at the desk
    make_desk(session, lead, "Mornings", (4, 540, 840))  # Friday until 14:00; it is noon
    assert "no shifts entered" not in browser.get("/sla").text
    assert at_desk(browser) == ["1"] * 2 + ["0"] * 22


def test_a_desk_that_stays_empty_all_day_is_not_one_that_nobody_planned(
    session: Session, lead: Member, browser: FlaskClient
) -> None:
    make_desk(session, lead, "Mondays", (0, 540, 840))
    page = browser.get("/sla").text
    assert "line: how many are at the desk" in page
    assert at_desk(browser) == ["0"] * 24


def test_who_sets_policies_finds_them_from_the_page(app: Flask, session: Session, browser: FlaskClient) -> None:
    assert 'href="/sla/policies"' in browser.get("/sla").text
    responder = make_responder(session, make_channel(session))
    assert 'href="/sla/policies"' not in sign_in_as(app, session, responder).get("/sla").text
