"""The pages of calendars, without scripts: made, previewed, saved by two at once, fed by files and feeds."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.calendars import queries
from inbox.calendars.hours import open_after
from inbox.calendars.models import Calendar, CalendarProposal, CalendarVersion
from inbox.members.models import Member
from tests.factories.basics import join_team, make_member, make_team
from tests.factories.members import form_token, make_member_with_password, sign_in_as
from tests.fixtures.app import MovingClock

OFFICE: dict[str, Any] = {
    "name": "Office",
    "zone": "Europe/Madrid",
    **{f"hours_{number}": "9–14, 16:00–20:00" for number in range(5)},
    "hours_5": "",
    "hours_6": "",
    "country": "ES",
    "region": "MD",
    "target": "24",
    "act": "save",
}
ICS = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261211\r\nSUMMARY:Fiesta de la casa\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def lead(session: Session, moving_clock: MovingClock) -> Member:
    member = make_member_with_password(session, name="Lucía Marín", email="lucia@acme.example")
    join_team(session, member, make_team(session, "Care"), "lead")
    session.commit()
    return member


@pytest.fixture
def browser(app: Flask, session: Session, lead: Member) -> FlaskClient:
    return sign_in_as(app, session, lead)


def post(browser: FlaskClient, path: str, **fields: Any) -> Any:
    return browser.post(path, data={"csrf_token": form_token(browser), **fields})


def make(browser: FlaskClient, session: Session, **fields: Any) -> int:
    answer = post(browser, "/calendars/new", **{**OFFICE, **fields})
    assert answer.status_code == 303, answer.text
    return session.scalars(select(Calendar.id).order_by(Calendar.id.desc())).first() or 0


def text_of(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def test_a_calendar_is_made_with_the_holidays_of_its_region(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    version = queries.get_calendar(session, calendar_id).version
    hours = queries.get_hours(session, version.id)
    # A Friday's 19:00 and two hours: the Monday stands for Sunday the 6th, and Tuesday the 8th is one by itself.
    due = open_after(datetime(2026, 12, 4, 18, 0, tzinfo=UTC), 2 * 3600, hours)
    assert due is not None
    assert due.isoformat() == "2026-12-09T09:00:00+00:00"
    page = text_of(browser.get(f"/calendars/{calendar_id}"))
    assert "Fri 25 Dec 2026 Natividad del Señor" in page
    assert "Known until the end of 2028" in page
    assert "Office" in text_of(browser.get("/calendars"))


def test_the_preview_says_when_and_saves_nothing(browser: FlaskClient, session: Session) -> None:
    asked = {**OFFICE, "act": "preview", "arrival": "2026-12-24T18:31", "target": "1.5"}
    page = text_of(post(browser, "/calendars/new", **asked))
    assert "Your message Thu 24 Dec 2026, 18:31 Mon 28 Dec 2026, 09:01" in page.replace("Arrives Due ", "")
    assert session.scalar(select(Calendar.id)) is None


def test_a_struck_holiday_is_a_day_like_any_other_and_stays_so(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    form = {
        **OFFICE,
        "version": "1",
        "listed": "holidays:2026-12-25 holidays:2027-01-01",
        "closed": "holidays:2027-01-01",
    }
    post(browser, f"/calendars/{calendar_id}", **form)
    special = queries.get_hours(session, queries.get_calendar(session, calendar_id).version.id).special
    assert "2026-12-25" not in {day.isoformat() for day in special}
    assert "2027-01-01" in {day.isoformat() for day in special}
    post(browser, f"/calendars/{calendar_id}", **{**OFFICE, "version": "2", "region": "CT"})
    session.expire_all()
    special = queries.get_hours(session, queries.get_calendar(session, calendar_id).version.id).special
    assert "2026-12-25" not in {day.isoformat() for day in special}


def test_exceptions_count_before_holidays(browser: FlaskClient, session: Session) -> None:
    rows = {
        "exception_day": ["2026-12-25", "2026-12-31", ""],
        "exception_hours": ["10-12", "", ""],
        "exception_name": ["Guard", "Inventory", ""],
    }
    calendar_id = make(browser, session, **rows)
    special = queries.get_hours(session, queries.get_calendar(session, calendar_id).version.id).special
    found = {day.isoformat(): periods for day, periods in special.items()}
    assert found["2026-12-25"] == ((600, 720),)
    assert found["2026-12-31"] == ()
    assert 'value="10:00–12:00"' in browser.get(f"/calendars/{calendar_id}").text


def test_the_second_of_two_who_save_is_told_and_loses_no_word(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    assert (
        post(browser, f"/calendars/{calendar_id}", **{**OFFICE, "version": "1", "hours_5": "10-14"}).status_code == 303
    )
    second = post(browser, f"/calendars/{calendar_id}", **{**OFFICE, "version": "1", "hours_6": "11:11-12"})
    assert second.status_code == 409
    assert "saved by somebody else meanwhile" in text_of(second)
    assert 'value="11:11-12"' in second.text
    assert 'name="version" value="2"' in second.text
    versions = session.scalars(select(CalendarVersion.version)).all()
    assert sorted(versions) == [1, 2]


def test_versions_stay_and_the_history_says_what_changed(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    first = queries.get_calendar(session, calendar_id).version.hours
    post(
        browser,
        f"/calendars/{calendar_id}",
        **{**OFFICE, "version": "1", "hours_5": "10-14", "zone": "Atlantic/Canary"},
    )
    page = text_of(browser.get(f"/calendars/{calendar_id}"))
    assert "Saturday: closed, now 10:00–14:00" in page
    assert "Time zone: Europe/Madrid, now Atlantic/Canary" in page
    assert "Lucía Marín" in page
    kept = session.scalar(select(CalendarVersion.hours).where(CalendarVersion.version == 1))
    assert kept == first
    told = session.scalars(select(Activity).where(Activity.kind == kinds.CALENDAR_CHANGED).order_by(Activity.id)).all()
    assert [(one.before or {}).get("version") for one in told] == [None, 1]


def test_saving_what_is_saved_already_makes_no_version(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    assert post(browser, f"/calendars/{calendar_id}", **{**OFFICE, "version": "1"}).status_code == 303
    assert len(session.scalars(select(CalendarVersion.id)).all()) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": " "}, "Give the calendar a name"),
        ({"zone": "Mars/Base"}, "no time zone called Mars/Base"),
        ({"hours_1": "nine to five"}, "“nine to five” is not understood"),
        ({"hours_1": "25-26"}, "“25-26” is not understood"),
        ({"hours_1": "9-9"}, "ends when it begins"),
        ({"hours_1": "9-14, 13-15"}, "overlap"),
        ({"hours_1": "9-10," * 13}, "At most 12 periods"),
        ({"country": "XX"}, "No holidays are known"),
        ({"country": "", **{f"hours_{number}": "" for number in range(7)}}, "never opens"),
        ({"exception_day": "tomorrow", "exception_hours": "", "exception_name": ""}, "“tomorrow” is not a date"),
        ({"exception_day": "1999-01-01", "exception_hours": "", "exception_name": ""}, "“1999-01-01” is not a date"),
        ({"exception_day": "", "exception_hours": "", "exception_name": "Inventory"}, "but no date"),
        ({"exception_day": ["2026-12-31"] * 2, "exception_hours": ["", ""], "exception_name": ["", ""]}, "twice"),
        (
            {"exception_day": ["2026-12-31"] * 60, "exception_hours": [""] * 60, "exception_name": [""] * 60},
            "At most 40",
        ),
    ],
)
def test_what_can_not_be_used_is_said_and_kept_on_the_page(
    browser: FlaskClient, session: Session, change: dict[str, Any], said: str
) -> None:
    answer = post(browser, "/calendars/new", **{**OFFICE, **change})
    assert answer.status_code == 400
    assert said in text_of(answer)
    assert session.scalar(select(Calendar.id)) is None


def test_two_calendars_have_two_names(browser: FlaskClient, session: Session) -> None:
    make(browser, session)
    assert post(browser, "/calendars/new", **OFFICE).status_code == 409


def test_a_file_is_proposed_and_counts_once_accepted(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    post(browser, f"/calendars/{calendar_id}/file", file=(io.BytesIO(ICS), "house.ics"))
    page = text_of(browser.get(f"/calendars/{calendar_id}"))
    assert "New dates (from the feed): Fri 11 Dec 2026 Fiesta de la casa" in page
    assert "waits for your yes" in text_of(browser.get("/calendars"))
    proposal_id = session.scalars(select(CalendarProposal.id)).one()
    path = f"/calendars/{calendar_id}/proposals/{proposal_id}"
    assert post(browser, path, decision="accept", version="1").status_code == 303
    special = queries.get_hours(session, queries.get_calendar(session, calendar_id).version.id).special
    assert "2026-12-11" in {day.isoformat() for day in special}
    again = post(browser, path, decision="accept", version="2")
    assert again.status_code == 409
    assert "decided about this already" in text_of(again)


def test_what_was_declined_is_not_proposed_again(browser: FlaskClient, session: Session) -> None:
    calendar_id = make(browser, session)
    post(browser, f"/calendars/{calendar_id}/file", file=(io.BytesIO(ICS), "house.ics"))
    proposal_id = session.scalars(select(CalendarProposal.id)).one()
    post(browser, f"/calendars/{calendar_id}/proposals/{proposal_id}", decision="decline", version="1")
    answer = post(browser, f"/calendars/{calendar_id}/file", file=(io.BytesIO(ICS), "house.ics"))
    assert answer.status_code == 303
    assert len(session.scalars(select(CalendarProposal.id)).all()) == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"<html>", "not an iCalendar file"), (b"", "not an iCalendar file"), (None, "Choose an iCalendar")],
)
def test_a_file_that_is_none_is_refused(browser: FlaskClient, session: Session, body: bytes | None, said: str) -> None:
    calendar_id = make(browser, session)
    given = {"file": (io.BytesIO(body), "house.ics")} if body is not None else {}
    answer = post(browser, f"/calendars/{calendar_id}/file", **given)
    assert answer.status_code == 400
    assert said in text_of(answer)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("ftp://calendars.example/x.ics", "not the address of a feed"),
        ("http://[", "not the address of a feed"),
        ("https://127.0.0.1:1/x.ics", "private network"),
        ("http://calendars.example/x.ics", "must begin with https"),
    ],
)
def test_a_feed_goes_nowhere_private(browser: FlaskClient, session: Session, address: str, said: str) -> None:
    calendar_id = make(browser, session)
    answer = post(browser, f"/calendars/{calendar_id}/feed", address=address)
    assert answer.status_code == 400
    assert said in text_of(answer)
    assert session.scalar(select(Calendar.feed_url)) is None


def test_only_leads_and_admins_have_these_pages(app: Flask, session: Session, lead: Member) -> None:
    member = make_member(session, "Diego Ruiz")
    join_team(session, member, make_team(session, "Others"), "responder")
    client = sign_in_as(app, session, member)
    assert client.get("/calendars").status_code == 404
    assert client.get("/calendars/new").status_code == 404
    assert post(client, "/calendars/new", **OFFICE).status_code == 404
    assert "Calendars" not in client.get("/channels").text
    session.execute(update(Member).where(Member.id == member.id).values(is_admin=True))
    assert client.get("/calendars").status_code == 200


def test_the_rail_leads_there(browser: FlaskClient) -> None:
    assert 'href="/calendars" aria-current="page"' in browser.get("/calendars/new").text
