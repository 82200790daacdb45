"""The three first questions: asked once, of admins, after the first password; answered, skipped, answered anew."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.calendars.models import Calendar
from inbox.calendars.queries import get_hours
from inbox.escalation.models import EscalationPolicy
from inbox.escalation.policies import Wanted as House
from inbox.escalation.policies import get_plan, make_policy, plan_of
from inbox.escalation.steps import DEFAULT, Step, Target, TargetKind
from inbox.members import first, passwords
from inbox.members.models import Member
from inbox.settings import Pace
from inbox.sla.models import SlaPolicyVersion, Timer
from inbox.sla.policies import list_current
from tests.factories.basics import make_channel, make_contact, make_member
from tests.factories.conversations import make_thread, say
from tests.factories.members import form_token, sign_in_as
from tests.factories.sla import make_policy as make_promise
from tests.fixtures.app import START, MovingClock

ANSWERS = {"hours": "24", "when": "always", "zone": "Europe/Madrid", "opens": "09:00–18:00", "wakes": "urgent"}


@pytest.fixture
def fresh(session: Session, moving_clock: MovingClock) -> Member:
    """Return the first member of an installation as its migrations leave it, with the one-time password's hash."""
    passwords.set_cost(memory_kib=8, rounds=1)
    made = first.make_first_member(session, Pace())
    assert made is not None
    make_promise(session, warnings=[{"before_seconds": 7200}, {"before_seconds": 1800}])
    house = make_policy(session, House("Everybody in turn", DEFAULT), by_member_id=made[0].id, now=START)
    house.is_default = True
    return made[0]


def answer(browser: FlaskClient, **fields: Any) -> Any:
    """Post the form as the page has it, with what was chosen otherwise."""
    page = browser.get("/setup").text
    seen = {name: _field(page, name) for name in ("seen_version", "seen_number", "csrf_token")}
    return browser.post("/setup", data={**seen, **ANSWERS, "last": "admins", **fields})


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def standing(session: Session) -> tuple[SlaPolicyVersion, Any]:
    """Return what holds: the promise, and the plan of the house."""
    session.rollback()
    session.expire_all()
    return list_current(session)[-1], replace(get_plan(session, None), version_id=None)


def test_who_chose_the_first_password_is_asked_and_may_skip(app: Flask, session: Session, fresh: Member) -> None:
    browser = sign_in_as(app, session, fresh)
    chosen = {"password": "three slow otters", "password_again": "three slow otters"}
    assert browser.get("/setup").location == "/password"
    landed = browser.post("/password", data={"csrf_token": form_token(browser), **chosen}, follow_redirects=True)
    assert landed.request.path == "/setup"
    before = standing(session)
    skipped = browser.post("/setup", data={"csrf_token": form_token(browser, "/setup"), "act": "skip"})
    assert skipped.location == "/"
    assert browser.get("/").location.startswith("/queue"), "it is asked once"
    assert standing(session) == before
    assert (before[0].target_seconds, before[0].calendar_version_id) == (86400, None)
    assert before[1] == DEFAULT
    done = session.scalars(select(Activity).where(Activity.kind == "set_up")).one()
    assert (done.member_id, done.after) == (fresh.id, {"is_skipped": True})
    other = make_member(session, "Grace", is_admin=True)
    assert sign_in_as(app, session, other).get("/").location.startswith("/queue"), "nor of another admin"


def test_the_answers_are_what_holds_from_then_on(app: Flask, session: Session, fresh: Member) -> None:
    fresh.must_change_password = False
    nina, channel = make_member(session, "Nina"), make_channel(session)
    browser = sign_in_as(app, session, fresh)
    said = answer(browser, hours="8", when="office", opens="9–18", wakes="nothing", last=["admins", str(nina.id)])
    assert said.location == "/"
    promise, plan = standing(session)
    assert (promise.name, promise.target_seconds, promise.number) == ("Standard 8 h", 8 * 3600, 2)
    assert promise.warnings == [{"before_seconds": 7200}, {"before_seconds": 1800}]
    hours = get_hours(session, promise.calendar_version_id or 0)
    assert hours.zone == "Europe/Madrid"
    assert [bool(day) for day in hours.weekly] == [True] * 5 + [False] * 2
    assert (plan.wakes, plan.repeat_count, plan.steps[:-1]) == ("nothing", 3, DEFAULT.steps[:-1])
    assert plan.steps[-1] == Step(900, (Target(TargetKind.ADMINS), Target(TargetKind.MEMBER, nina.id)))
    kinds = set(session.scalars(select(Activity.kind).where(Activity.member_id == fresh.id)))
    assert {"calendar_changed", "sla_policy_saved", "escalation_changed", "set_up"} <= kinds
    # START is a Friday noon: 13:00 in Madrid, and eight hours of nine to six end on Monday at noon
    say(session, make_thread(session, channel), make_contact(session), "Anybody there?")
    assert session.scalars(select(Timer.due_at)).one() == START + timedelta(days=2, hours=23)


def test_answering_anew_shows_what_holds_and_keeps_what_it_does_not_ask(
    app: Flask, session: Session, fresh: Member
) -> None:
    fresh.must_change_password = False
    browser = sign_in_as(app, session, fresh)
    answer(browser, when="office")
    calendar = session.scalars(select(Calendar)).one()
    page = browser.get("/setup").text
    assert f'value="{calendar.id}" checked' in page
    assert "/setup" in browser.get("/sla/policies").text
    assert "/setup" in browser.get("/people").text
    answer(browser, when=str(calendar.id), hours="1")
    promise, plan = standing(session)
    assert (promise.name, promise.target_seconds) == ("Standard 1 h", 3600)
    assert promise.warnings == [{"before_seconds": 1800}], "a warning before its beginning goes"
    assert session.scalars(select(Calendar.id)).all() == [calendar.id]
    assert plan == DEFAULT
    assert session.scalars(select(EscalationPolicy.number)).one() == 1, "what stays the same is no new version"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"hours": "0"}, "Promise an answer within 1 to 8760 hours."),
        ({"hours": "soon"}, "Promise an answer within 1 to 8760 hours."),
        ({"when": "office", "zone": "Mars/Olympus"}, "no time zone called Mars/Olympus"),
        ({"when": "office", "opens": ""}, "never opens"),
        ({"when": "99"}, "calendar"),
        ({"wakes": "cats"}, "Choose"),
        ({"last": []}, "Choose at least one who is told last"),
        ({"last": ["999"]}, "no such person"),
        ({"seen_version": "7"}, "Here is what holds now"),
    ],
)
def test_what_cannot_be_used_changes_nothing(
    app: Flask, session: Session, fresh: Member, wrong: dict[str, Any], sentence: str
) -> None:
    fresh.must_change_password = False
    browser = sign_in_as(app, session, fresh)
    before = standing(session)
    said = answer(browser, **{"hours": "12", **wrong})
    assert said.status_code in (400, 409)
    assert sentence in said.text
    assert standing(session) == before
    assert not first.is_set_up(session)
    assert session.scalars(select(Calendar)).all() == []


def test_only_admins_are_asked(app: Flask, session: Session, fresh: Member) -> None:
    browser = sign_in_as(app, session, make_member(session, "Nina"))
    assert browser.get("/").location.startswith("/queue")
    assert browser.get("/setup").status_code == 404


def test_an_installation_without_policies_gets_them(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    admin = make_member(session, "Ada", is_admin=True)
    answer(sign_in_as(app, session, admin), wakes="everything", last=str(admin.id))
    promise, plan = standing(session)
    assert (promise.name, promise.target_seconds) == ("Standard 24 h", 86400)
    house = session.scalars(select(EscalationPolicy)).one()
    assert house.is_default
    assert plan_of(session, house) == plan
    assert plan.steps[-1].targets == (Target(TargetKind.MEMBER, admin.id),)
