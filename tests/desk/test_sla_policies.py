"""The pages of SLA policies: leads and admins make promises, and see first what those do to who waits already."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import OF_POLICIES, Activity
from inbox.calendars.hours import Hours, Period
from inbox.calendars.models import Calendar, CalendarVersion
from inbox.calendars.written import write_hours
from inbox.channels.models import Channel
from inbox.conversations.labels import label
from inbox.conversations.replanning import replan_some
from inbox.members.models import Member
from inbox.sla.models import Replan, SlaPolicy, SlaPolicyVersion, Timer
from inbox.sla.policies import list_current
from tests.factories.alerts import make_policy as make_escalation
from tests.factories.basics import (
    join_team,
    make_channel,
    make_contact,
    make_grant,
    make_member,
    make_responder,
    make_team,
)
from tests.factories.conversations import conversation_of, make_thread, say
from tests.factories.members import post, sign_in_as
from tests.factories.sla import make_policy
from tests.fixtures.app import MovingClock
from tests.fixtures.plans import explain
from workers import timers as tasks

FIELDS = {"name": "Standard 24 h", "hours": "24", "minutes": "0", "seen_version": "1"}


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session, display_name="Acme")


@pytest.fixture
def standard(session: Session, moving_clock: MovingClock) -> SlaPolicyVersion:
    made: SlaPolicyVersion = make_policy(session)
    return made


@pytest.fixture
def admin(app: Flask, session: Session, moving_clock: MovingClock) -> FlaskClient:
    return sign_in_as(app, session, make_member(session, "Ada", is_admin=True))


@pytest.fixture
def lead(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel, "lead")


def ask(session: Session, channel: Channel, name: str = "Fran") -> int:
    asked = say(session, make_thread(session, channel), make_contact(session, display_name=name))
    session.commit()
    return asked.conversation_id or 0


def current(session: Session) -> list[SlaPolicyVersion]:
    session.expire_all()
    return list(list_current(session))


def put(browser: FlaskClient, where: str | int, **given: Any) -> Any:
    return post(browser, f"/sla/policies/{where}", **{**FIELDS, **given})


def make_calendar(session: Session, opens: int, calendar: Calendar | None = None) -> Calendar:
    """Add a calendar that is open until 18:00 from an hour on, or another version of it."""
    if calendar is None:
        calendar = Calendar(name="Office", version=0, created_at=clock.now())
        session.add(calendar)
        session.flush()
    calendar.version += 1
    hours = write_hours(Hours("UTC", ((Period(opens * 60, 18 * 60),),) * 7))
    row = CalendarVersion(calendar_id=calendar.id, version=calendar.version, hours=hours, plan={})
    row.created_at = clock.now()
    session.add(row)
    session.commit()
    return calendar


def test_an_admin_makes_a_policy_with_everything(
    session: Session, admin: FlaskClient, channel: Channel, standard: SlaPolicyVersion
) -> None:
    calendar, escalation = make_calendar(session, 9), make_escalation(session)
    given = {
        "name": "Urgent",
        "hours": "1",
        "minutes": "30",
        "calendar_id": calendar.id,
        "channel_ids": channel.id,
        "priorities": ["urgent", "high"],
        "warning_amount": ["50", "10", "", "1", "10"],
        "warning_unit": ["percent", "minutes_before", "hours_before", "hours_after", "minutes_before"],
        "is_paused_by_snooze": "1",
        "escalation_policy_id": escalation.id,
        "seen_version": "0",
    }
    answer = put(admin, "new", **given)
    assert answer.status_code == 303, answer.text
    made = current(session)[0]
    assert (made.name, made.target_seconds, made.channel_ids) == ("Urgent", 5400, [channel.id])
    assert made.warnings == [{"before_seconds": 600}, {"percent": 50}, {"after_seconds": 3600}]
    assert (made.priorities, made.is_paused_by_snooze) == (["high", "urgent"], True)
    assert made.escalation_policy_id == escalation.id
    page = admin.get("/sla/policies").text
    assert "Within 1 h 30 min of Office" in page
    assert "snoozing pauses the clock" in page
    assert "10 min before, at 50 % of the time, 1 h after" in page
    assert "Ada made Urgent" in page
    form = admin.get(f"/sla/policies/{made.policy_id}").text
    assert re.search(r'name="priorities" value="urgent" checked', form)
    assert re.search(r'value="hours_after" selected', form)
    again = re.findall(r'name="warning_amount"[^>]* value="(\d+)"', form)
    assert again == ["10", "50", "1"]


def test_nothing_is_asked_where_nobody_waits(session: Session, admin: FlaskClient, standard: SlaPolicyVersion) -> None:
    assert put(admin, standard.policy_id, hours="8").status_code == 303
    assert current(session)[0].target_seconds == 8 * 3600


def test_what_it_does_is_shown_before_anything_is_saved(
    app: Flask, session: Session, lead: Member, channel: Channel, moving_clock: MovingClock
) -> None:
    promise = make_policy(session, channel_ids=[channel.id])
    number = ask(session, channel)
    moving_clock.move(hours=5)
    browser = sign_in_as(app, session, lead)
    asked = put(browser, promise.policy_id, hours="4", channel_ids=channel.id)
    assert asked.status_code == 200
    assert "1 would be late at once" in asked.text
    assert f'href="/c/{number}"' in asked.text
    assert re.search(r'name="whom" value="new" checked', asked.text)
    assert [one.number for one in current(session)] == [1]
    saved = put(browser, promise.policy_id, hours="4", channel_ids=channel.id, act="confirm", whom="new")
    assert saved.status_code == 303
    assert [one.number for one in current(session)] == [2]
    assert session.scalars(select(Replan)).all() == []
    assert "1 would be late at once" in browser.get(f"/sla/policies/{promise.policy_id}/running").text


def test_running_too_is_done_by_a_worker_and_told_on_the_page(
    app: Flask,
    session: Session,
    admin: FlaskClient,
    channel: Channel,
    standard: SlaPolicyVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask(session, channel)
    assert put(admin, standard.policy_id, hours="48", act="confirm", whom="running").status_code == 303
    page = admin.get(f"/sla/policies/{standard.policy_id}").text
    assert "0 % looked at" in page
    assert "<progress" in page
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    tasks.replan_due()
    page = admin.get(f"/sla/policies/{standard.policy_id}").text
    assert "Running timers were brought along ·" in page
    assert "<progress" not in page
    assert "Running timers were brought to Standard 24 h" in admin.get("/sla/policies").text
    timer = session.scalars(select(Timer)).one()
    assert timer.due_at == timer.started_at + timedelta(days=2)
    assert "nothing would change for them" in admin.get(f"/sla/policies/{standard.policy_id}/running").text


def test_back_to_the_form_keeps_what_was_typed(
    session: Session, admin: FlaskClient, channel: Channel, standard: SlaPolicyVersion
) -> None:
    ask(session, channel)
    asked = put(admin, standard.policy_id, hours="7", warning_amount=["15"], warning_unit=["percent"])
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text)
    fields = {name: value for name, value in hidden if name != "csrf_token"}
    back = post(admin, f"/sla/policies/{standard.policy_id}", **fields, act="back").text
    assert re.search(r'name="hours"[^>]* value="7"', back)
    assert re.search(r'name="warning_amount"[^>]* value="15"', back)


def test_the_second_of_two_editors_is_told_and_keeps_what_was_typed(
    session: Session, admin: FlaskClient, standard: SlaPolicyVersion
) -> None:
    put(admin, standard.policy_id, name="First", hours="8")
    answer = put(admin, standard.policy_id, name="Second", hours="6", act="confirm")
    assert answer.status_code == 409
    assert "Somebody else changed First" in answer.text
    assert 'value="Second"' in answer.text
    assert current(session)[0].name == "First"


def test_a_preview_says_when_a_comment_would_be_due(
    session: Session, admin: FlaskClient, standard: SlaPolicyVersion
) -> None:
    calendar = make_calendar(session, 9)
    page = put(
        admin,
        standard.policy_id,
        hours="2",
        calendar_id=calendar.id,
        warning_amount=["30"],
        warning_unit=["minutes_before"],
        asked_at="2026-11-20T17:00",
        act="preview",
    ).text
    assert re.search(r"A comment of Fri 20 Nov 2026 17:00 would be due Sat 21 Nov 2026 10:00\.", page)
    assert "Warnings: Sat 21 Nov 2026 09:30" in page
    assert current(session)[0].number == 1
    for asked_at in ("", "tomorrow", "9999-99-99T00:00", "0001-01-01T00:00", "2026-11-20T17:00+01:00"):
        assert put(admin, standard.policy_id, asked_at=asked_at, act="preview").status_code == 200


def test_warnings_are_added_and_taken_out_without_a_script(
    session: Session, admin: FlaskClient, standard: SlaPolicyVersion
) -> None:
    two = {"warning_amount": ["10", "20"], "warning_unit": ["percent", "percent"]}
    more = put(admin, standard.policy_id, **two, act="add").text
    assert re.findall(r'name="warning_amount"[^>]* value="(\d+)"', more) == ["10", "20", "30"]
    less = put(admin, standard.policy_id, **two, act="remove:0").text
    assert re.findall(r'name="warning_amount"[^>]* value="(\d+)"', less) == ["20"]
    for act in ("remove:9", "remove:x", "remove:", "up", "'"):
        assert put(admin, standard.policy_id, **two, act=act).status_code == 200


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hours": "0", "minutes": "0"}, "within 1 minute to 365 days"),
        ({"hours": "8761"}, "within 1 minute to 365 days"),
        ({"hours": "-1"}, "within 1 minute to 365 days"),
        ({"hours": "9" * 300}, "within 1 minute to 365 days"),
        ({"hours": "½"}, "within 1 minute to 365 days"),
        ({"name": ""}, "Give a name"),
        ({"channel_ids": "999999"}, "no such channel"),
        ({"channel_ids": "x"}, "no such channel"),
        ({"team_ids": "999999"}, "no such team"),
        ({"label_ids": "999999"}, "no such label"),
        ({"calendar_id": "999999"}, "no such calendar"),
        ({"calendar_id": "none"}, "no such calendar"),
        ({"escalation_policy_id": "999999"}, "no such escalation policy"),
        ({"priorities": "soon"}, "Choose low, normal, high or urgent"),
        ({"warning_amount": ["5"] * 21, "warning_unit": ["percent"] * 21}, ""),
        ({"warning_amount": [str(n) for n in range(1, 22)], "warning_unit": ["percent"] * 21}, "at most 20 times"),
        ({"warning_amount": "5", "warning_unit": "fortnights"}, "1 minute to 365 days before or after"),
        ({"warning_amount": "5"}, "1 minute to 365 days before or after"),
        ({"warning_amount": "100", "warning_unit": "percent"}, "1 to 99 per cent"),
        ({"warning_amount": "24", "warning_unit": "hours_before"}, "shorter than the promised time"),
    ],
)
def test_what_cant_be_used_is_said(
    session: Session, admin: FlaskClient, standard: SlaPolicyVersion, given: dict[str, Any], sentence: str
) -> None:
    answer = put(admin, standard.policy_id, **given)
    assert answer.status_code == (400 if sentence else 303)
    assert sentence in answer.text
    assert current(session)[0].number == (1 if sentence else 2)


def test_the_order_is_changed_by_buttons(
    session: Session, admin: FlaskClient, channel: Channel, standard: SlaPolicyVersion
) -> None:
    behind = make_policy(session, 3600, name="Short", channel_ids=[channel.id])
    assert "Nothing reaches this policy" in admin.get("/sla/policies").text
    fields = {"way": "up", "past_id": standard.policy_id}
    assert put(admin, f"{behind.policy_id}/move", **fields).headers["Location"] == "/sla/policies"
    assert [one.name for one in current(session)] == ["Short", "Standard 24 h"]
    assert "Nothing reaches this policy" not in (page := admin.get("/sla/policies").text)
    assert "Ada moved Short up" in page
    put(admin, f"{behind.policy_id}/move", **fields)
    assert "Somebody changed the order meanwhile" in admin.get("/sla/policies").text
    number = ask(session, channel)
    down = put(admin, f"{behind.policy_id}/move", way="down", past_id=standard.policy_id)
    assert down.headers["Location"] == f"/sla/policies/{behind.policy_id}/running"
    assert "Whom it changes you may not see." in admin.get(down.headers["Location"]).text
    assert put(admin, f"{behind.policy_id}/running", whom="running").status_code == 303
    while replan_some(session):
        session.commit()
    timer = session.scalars(select(Timer).where(Timer.conversation_id == number)).one()
    assert timer.policy_version_id == standard.id


def test_archiving_asks_first(
    session: Session, admin: FlaskClient, channel: Channel, standard: SlaPolicyVersion
) -> None:
    ask(session, channel)
    asked = admin.get(f"/sla/policies/{standard.policy_id}/archive").text
    assert "Whom it changes you may not see." in asked
    assert "another deadline" not in asked
    old = put(admin, f"{standard.policy_id}/archive", seen_version="7")
    assert "Somebody else changed" in admin.get(old.headers["Location"]).text
    put(admin, f"{standard.policy_id}/archive", whom="running")
    assert current(session) == []
    page = admin.get("/sla/policies").text
    assert "No policy yet" in page
    assert "Ada archived Standard 24 h" in page
    assert 'name="hours"' not in admin.get(f"/sla/policies/{standard.policy_id}").text
    while replan_some(session):
        session.commit()
    assert session.scalars(select(Timer.due_at)).all() == [None]


def test_a_newer_calendar_is_offered_and_taken_by_saving(
    session: Session, admin: FlaskClient, channel: Channel, moving_clock: MovingClock
) -> None:
    calendar = make_calendar(session, 9)
    version_id = session.scalars(select(CalendarVersion.id)).one()
    promise = make_policy(session, 8 * 3600, calendar_version_id=version_id)
    ask(session, channel)
    assert "See what the new calendar does" not in admin.get("/sla/policies").text
    make_calendar(session, 15, calendar)
    assert "See what the new calendar does" in admin.get("/sla/policies").text
    join_team(session, session.scalars(select(Member).where(Member.is_admin)).one(), team := make_team(session))
    make_grant(session, team, channel)
    session.commit()
    asked = admin.get(f"/sla/policies/{promise.policy_id}/calendar").text
    assert "1 gets another deadline" in asked
    assert "may not see" not in asked
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked))
    hidden.pop("csrf_token")
    post(admin, f"/sla/policies/{promise.policy_id}", **hidden, act="confirm", whom="new")
    assert current(session)[0].calendar_version_id != version_id
    assert "See what the new calendar does" not in admin.get("/sla/policies").text


def test_a_lead_promises_for_their_channels_alone(
    app: Flask, session: Session, lead: Member, channel: Channel, standard: SlaPolicyVersion
) -> None:
    other = make_channel(session, display_name="Secret")
    theirs = make_policy(session, name="Hidden promise", channel_ids=[other.id])
    shared = make_policy(session, name="Shared", channel_ids=[channel.id, other.id])
    browser = sign_in_as(app, session, lead)
    page = browser.get("/sla/policies").text
    assert "Secret" not in page
    assert "Hidden promise" not in page
    assert "1 that you don&#39;t see" in page.replace("&#x27;", "&#39;")
    assert browser.get(f"/sla/policies/{theirs.policy_id}").status_code == 404
    for number in (standard.policy_id, shared.policy_id):
        assert 'name="hours"' not in browser.get(f"/sla/policies/{number}").text
        for where in ("", "/move", "/archive", "/running"):
            assert put(browser, f"{number}{where}", channel_ids=channel.id).status_code == 403
    assert "For all, ask an admin" in put(browser, "new", name="Mine").text
    assert "no such channel" in put(browser, "new", name="Mine", channel_ids=[channel.id, other.id]).text
    assert put(browser, "new", name="Mine", channel_ids=channel.id).status_code == 303
    assert current(session)[0].name == "Mine"
    mine = session.scalars(select(SlaPolicy).where(SlaPolicy.name == "Mine")).one()
    assert "For all, ask an admin" in put(browser, mine.id, name="Mine").text


def test_what_the_editor_does_not_see_stays(
    app: Flask, session: Session, admin: FlaskClient, channel: Channel, lead: Member
) -> None:
    asked = say(session, make_thread(session, channel), make_contact(session))
    number = label(session, conversation_of(session, asked), lead.id, "Complaint").after["label_id"]  # type: ignore[index]
    promise = make_policy(session, label_ids=[number])
    page = admin.get(f"/sla/policies/{promise.policy_id}").text
    assert "Complaint" not in page
    assert f'type="hidden" name="label_ids" value="{number}"' in page
    put(admin, promise.policy_id, hours="3", label_ids=number)
    assert current(session)[0].label_ids == [number]


def test_who_leads_nothing_finds_no_pages(
    app: Flask, session: Session, channel: Channel, standard: SlaPolicyVersion
) -> None:
    browser = sign_in_as(app, session, make_responder(session, channel))
    for where in ("", "/new", f"/{standard.policy_id}", f"/{standard.policy_id}/running"):
        assert browser.get(f"/sla/policies{where}").status_code == 404
    assert put(browser, standard.policy_id, hours="1", act="confirm").status_code == 404
    assert current(session)[0].number == 1


def test_what_was_done_is_read_from_an_index_of_its_own(
    session: Session, admin: FlaskClient, standard: SlaPolicyVersion, asked: dict[str, Any]
) -> None:
    put(admin, standard.policy_id, hours="2")
    assert session.scalars(select(Activity.kind)).all() == ["sla_policy_saved"]
    asked.clear()
    admin.get("/sla/policies")
    (found,) = [one for one in asked.items() if OF_POLICIES in one[0]]
    assert "ix_activity_of_policies" in explain(session, found)
