"""What was put away is taken up again, and two who choose one name in the same instant: one of them is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.calendars.models import Calendar
from inbox.calendars.queries import get_calendar, list_calendars
from inbox.escalation.models import EscalationPolicy
from inbox.members.models import Member, Team
from inbox.oncall.models import Rotation
from inbox.sla.models import SlaPolicy, Timer
from inbox.sla.policies import list_current
from tests.desk.test_rotations import WEEKLY
from tests.factories.basics import make_channel, make_contact, make_member
from tests.factories.conversations import make_thread, say
from tests.factories.members import form_token, post, sign_in_as
from tests.factories.sla import make_policy
from tests.fixtures.app import START, MovingClock

WEEK = {f"hours_{day}": "09:00–18:00" for day in range(5)}


@pytest.fixture
def admin(app: Flask, session: Session, moving_clock: MovingClock) -> FlaskClient:
    return sign_in_as(app, session, make_member(session, "Ada", is_admin=True))


def make_calendar(admin: FlaskClient, session: Session, name: str = "Office") -> Calendar:
    post(admin, "/calendars/new", name=name, zone="Europe/Madrid", version="0", act="save", **WEEK)
    session.rollback()
    return session.scalars(select(Calendar).where(Calendar.name == name)).one()


def test_an_archived_policy_counts_again_in_its_place(admin: FlaskClient, session: Session) -> None:
    urgent = make_policy(session, 3600, name="Urgent", priorities=["urgent"]).policy_id
    standard = make_policy(session).policy_id
    post(admin, f"/sla/policies/{urgent}/archive", seen_version="1")
    assert [one.policy_id for one in list_current(session)] == [standard]
    page = admin.get("/sla/policies").text
    assert f"/sla/policies/{urgent}/restore" in page
    assert post(admin, f"/sla/policies/{urgent}/restore").location == "/sla/policies"
    session.expire_all()
    assert [one.policy_id for one in list_current(session)] == [urgent, standard], "before what fits everything"
    page = admin.get("/sla/policies").text
    assert "Ada restored Urgent" in page
    assert f"/sla/policies/{urgent}/restore" not in page


def test_a_policy_whose_name_is_anothers_stays_archived(admin: FlaskClient, session: Session) -> None:
    old = make_policy(session, name="Standard").policy_id
    session.get_one(SlaPolicy, old).is_archived = True
    make_policy(session, name="standard")
    assert post(admin, f"/sla/policies/{old}/restore").location == "/sla/policies"
    assert "Standard" in admin.get("/sla/policies").text
    session.expire_all()
    assert session.get_one(SlaPolicy, old).is_archived


def test_a_restored_policy_shows_what_it_does_to_who_waits(admin: FlaskClient, session: Session) -> None:
    old = make_policy(session, 3600).policy_id
    session.get_one(SlaPolicy, old).is_archived = True
    make_policy(session, name="Other", priorities=["low"])
    say(session, make_thread(session, make_channel(session)), make_contact(session), "Hello?")
    assert post(admin, f"/sla/policies/{old}/restore").location == f"/sla/policies/{old}/running"
    assert session.scalars(select(Timer.due_at)).all() == [None]


def test_a_calendar_is_put_away_once_no_policy_counts_by_it(admin: FlaskClient, session: Session) -> None:
    calendar = make_calendar(admin, session)
    version_id = get_calendar(session, calendar.id).version.id
    policy_id = make_policy(session, calendar_version_id=version_id).policy_id
    refused = post(admin, f"/calendars/{calendar.id}/archive")
    assert refused.status_code == 409
    assert "these SLA policies count by it: Standard 24 h" in refused.text
    post(admin, f"/sla/policies/{policy_id}/archive", seen_version="1")
    assert post(admin, f"/calendars/{calendar.id}/archive").location == "/calendars"
    session.expire_all()
    assert list_calendars(session) == []
    assert ">Office</option>" not in admin.get("/sla/policies/new").text
    post(admin, f"/sla/policies/{policy_id}/restore")
    session.expire_all()
    assert session.get_one(SlaPolicy, policy_id).is_archived, "a policy can't count by what is put away"
    fields = {"name": "Office", "zone": "UTC", "version": "1", "act": "save", **WEEK}
    assert "Restore it first" in post(admin, f"/calendars/{calendar.id}", **fields).text
    assert f"/calendars/{calendar.id}/restore" in admin.get("/calendars").text
    assert post(admin, f"/calendars/{calendar.id}/restore").status_code == 303
    session.expire_all()
    assert [one.calendar.id for one in list_calendars(session)] == [calendar.id]
    post(admin, f"/sla/policies/{policy_id}/restore")
    session.expire_all()
    assert [one.policy_id for one in list_current(session)] == [policy_id]
    done = session.scalars(select(Activity.after).where(Activity.kind == "calendar_changed").order_by(Activity.id))
    assert [(one or {}).get("is_archived") for one in done] == [None, True, False]


@dataclass(frozen=True)
class Named:
    """Something with a name of its own: where it is made, and what somebody else has made a moment before."""

    path: str
    table: Any
    fields: dict[str, str]
    twin: dict[str, Any]
    sentence: str


NAMED = {
    "team": Named("/teams", Team.__table__, {}, {}, "Another team is called Night"),
    "calendar": Named("/calendars/new", Calendar.__table__, {"zone": "UTC", **WEEK}, {"version": 1}, "called Night"),
    "rotation": Named(
        "/rotations",
        Rotation.__table__,
        {**WEEKLY, "start_date": "2026-11-16"},
        {"kind": "on_call", "version": 1, "time_zone": "UTC"},
        "called Night",
    ),
    "escalation": Named(
        "/escalation/new",
        EscalationPolicy.__table__,
        {"repeat_count": "1", "wakes": "urgent", "step_count": "1", "step-0-minutes": "0", "step-0-admins": "1"},
        {"is_default": False, "number": 1},
        "called Night",
    ),
}


@pytest.fixture
def between() -> Iterator[Callable[[Any, dict[str, Any]], None]]:
    """A function that puts a row in between a look for its name and the flush that follows, as another would."""
    waiting: list[tuple[Any, dict[str, Any]]] = []

    def before_flush(flushing: Session, *_given: object) -> None:
        mine = [one for one in waiting if any(new.__table__ is one[0] for new in flushing.new)]
        for one in mine:
            waiting.remove(one)
            flushing.connection().execute(insert(one[0]).values(one[1]))

    event.listen(Session, "before_flush", before_flush)
    yield lambda table, values: waiting.append((table, values))
    event.remove(Session, "before_flush", before_flush)
    assert waiting == [], "nothing was flushed"


@pytest.mark.parametrize("what", NAMED)
def test_two_names_in_one_instant_are_an_error_of_the_form(
    what: str, admin: FlaskClient, session: Session, between: Any
) -> None:
    named = NAMED[what]
    given = {"csrf_token": form_token(admin), "name": "Night", **named.fields}
    if what == "rotation":
        given["place"] = str(session.scalars(select(Member.id)).one())
    session.rollback()
    between(named.table, {"name": "Night", "created_at": START, **named.twin})
    answer = admin.post(named.path, data=given)
    assert answer.status_code == 409, answer.text
    assert named.sentence in answer.text
    assert "<form" in answer.text
    assert session.scalars(select(named.table.c.id)).all() == []
