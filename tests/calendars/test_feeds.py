"""Feeds are read by the worker, through the guarded client, and what they change waits for a yes; holidays renew."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.calendars import feeds, proposals, renewal, versions
from inbox.calendars.hours import CLOSED, Period
from inbox.calendars.models import Calendar, CalendarProposal, Source
from inbox.calendars.plan import Day, Plan
from inbox.calendars.queries import get_calendar, get_hours
from inbox.calendars.renewal import with_holidays
from inbox.errors import Conflict, Invalid
from inbox.security import Vault, new_key
from inbox.settings import Settings
from tests.factories.basics import make_member
from tests.fixtures.app import MovingClock
from tests.inbox.wire import Wire, answering, reply
from workers import upkeep

WEEK = (*((Period(540, 1080),),) * 5, CLOSED, CLOSED)
PLAN = Plan("Europe/Madrid", WEEK)


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """Let the tasks use the test's application."""
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr(upkeep, "flask_app", lambda: app)


@pytest.fixture
def calendar(session: Session, moving_clock: MovingClock) -> Calendar:
    version = versions.make_calendar(session, "Office", PLAN, by_member_id=None)
    calendar = session.get_one(Calendar, version.calendar_id)
    session.commit()
    return calendar


def ics(*days: str) -> bytes:
    events = "".join(f"BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:{day}\r\nSUMMARY:Feast\r\nEND:VEVENT\r\n" for day in days)
    return f"BEGIN:VCALENDAR\r\n{events}END:VCALENDAR\r\n".encode()


@pytest.fixture
def wire(app: Flask) -> Iterator[Wire]:
    """A feed's server on this machine, which the operator has declared."""
    given: Settings = app.config["RELEVO"]
    with answering(reply(ics("20261211"))) as served:
        app.config["RELEVO"] = replace(given, local_services=frozenset({served.url}))
        yield served
    app.config["RELEVO"] = given


def follow(session: Session, app: Flask, calendar: Calendar, address: str) -> None:
    settings: Settings = app.config["RELEVO"]
    by = make_member(session).id
    vault = Vault(settings.secret_keys)
    feeds.set_feed(session, vault, calendar.id, address, (), by_member_id=by, pace=settings.pace)
    session.commit()


def test_a_feed_is_read_twice_a_day_and_proposes(
    session: Session, app: Flask, calendar: Calendar, wire: Wire, moving_clock: MovingClock
) -> None:
    follow(session, app, calendar, f"{wire.url}/secret-of-the-feed.ics")
    upkeep.read_feeds()
    assert wire.requests == []
    moving_clock.move(hours=12)
    upkeep.read_feeds()
    upkeep.read_feeds()
    assert len(wire.requests) == 1
    session.expire_all()
    row = session.scalars(select(CalendarProposal)).one()
    assert [one["day"] for one in row.days] == ["2026-12-11"]
    assert calendar.feed_trouble is None
    assert calendar.feed_read_at == clock.now()
    assert get_calendar(session, calendar.id).version.version == 1  # nothing counts before the yes
    by = make_member(session).id
    renewal.accept(session, calendar.id, row.id, seen_version=1, by_member_id=by)
    hours = get_hours(session, get_calendar(session, calendar.id).version.id)
    assert hours.special == {date(2026, 12, 11): CLOSED}


def test_a_feed_that_fails_says_so_and_is_tried_again_in_an_hour(
    session: Session, app: Flask, calendar: Calendar, moving_clock: MovingClock
) -> None:
    follow(session, app, calendar, "https://127.0.0.1:1/x.ics")
    moving_clock.move(hours=12)
    upkeep.read_feeds()
    session.expire_all()
    assert calendar.feed_trouble == "address_refused"
    assert calendar.feed_due_at is not None
    assert (calendar.feed_due_at - clock.now()).total_seconds() == 3600
    assert session.scalar(select(CalendarProposal.id)) is None


def test_the_address_is_sealed_and_keys_can_be_rotated(session: Session, calendar: Calendar) -> None:
    old, new = new_key(), new_key()
    by = make_member(session).id
    pace = Settings.from_environ({"RELEVO_SECRET_KEYS": old}).pace
    feeds.set_feed(session, Vault((old,)), calendar.id, "https://a.example/key-1", (), by_member_id=by, pace=pace)
    assert b"key-1" not in (calendar.feed_url or b"")
    assert calendar.feed_host == "a.example"
    assert feeds.rotate_addresses(session, Vault((new, old))) == 1
    assert Vault((new,)).open(calendar.feed_url or b"") == b"https://a.example/key-1"


def test_a_feed_whose_address_changed_meanwhile_says_nothing(
    session: Session, app: Flask, calendar: Calendar, moving_clock: MovingClock
) -> None:
    settings: Settings = app.config["RELEVO"]
    follow(session, app, calendar, "https://a.example/x.ics")
    moving_clock.move(hours=12)
    claim = feeds.claim_due(session, settings.pace)
    assert claim is not None
    assert feeds.claim_due(session, settings.pace) is None
    follow(session, app, calendar, "https://b.example/x.ics")
    day = Day(date(2026, 12, 11), "Feast", Source.FEED)
    feeds.settle(session, claim, feeds.Outcome(days=(day,)), settings.pace)
    assert session.scalar(select(CalendarProposal.id)) is None


def test_forgetting_a_feed_proposes_to_drop_its_dates(session: Session, calendar: Calendar) -> None:
    by = make_member(session).id
    plan = PLAN.with_days(Source.FEED, [Day(date(2026, 12, 11), "Feast", Source.FEED)])
    versions.save_calendar(session, calendar.id, "Office", plan, seen_version=1, by_member_id=by)
    feeds.remove_feed(session, calendar.id, by_member_id=by)
    (row,) = proposals.list_open(session, calendar.id)
    renewal.accept(session, calendar.id, row.id, seen_version=2, by_member_id=by)
    assert not get_hours(session, get_calendar(session, calendar.id).version.id).special


def test_a_newer_proposal_takes_the_place_of_one_that_waits(session: Session, calendar: Calendar) -> None:
    first = proposals.propose(session, calendar.id, Source.FEED, [Day(date(2026, 12, 11), "Feast", Source.FEED)])
    same = proposals.propose(session, calendar.id, Source.FEED, [Day(date(2026, 12, 11), "Feast", Source.FEED)])
    assert first is same
    other = proposals.propose(session, calendar.id, Source.FEED, [Day(date(2026, 12, 12), "Feast", Source.FEED)])
    assert first is not None
    assert other is not None
    session.refresh(first)
    with pytest.raises(Conflict):
        renewal.accept(session, calendar.id, first.id, seen_version=1, by_member_id=make_member(session).id)
    # It came round: what is saved is what the feed says, and nothing waits any more.
    assert proposals.propose(session, calendar.id, Source.FEED, []) is None
    assert proposals.list_open(session, calendar.id) == []


def test_a_yes_to_what_was_seen_does_not_touch_what_was_saved_meanwhile(session: Session, calendar: Calendar) -> None:
    by = make_member(session).id
    row = proposals.propose(session, calendar.id, Source.FEED, [Day(date(2026, 12, 11), "Feast", Source.FEED)])
    assert row is not None
    versions.save_calendar(session, calendar.id, "Office", replace(PLAN, zone="UTC"), seen_version=1, by_member_id=by)
    with pytest.raises(Conflict):
        renewal.accept(session, calendar.id, row.id, seen_version=1, by_member_id=by)


def test_holidays_of_coming_years_are_proposed_before_they_run_out(
    session: Session, calendar: Calendar, moving_clock: MovingClock
) -> None:
    by = make_member(session).id
    plan = with_holidays(PLAN, "ES", "MD")
    struck = tuple(replace(one, is_struck=one.day == date(2028, 12, 25)) for one in plan.days)
    versions.save_calendar(session, calendar.id, "Office", replace(plan, days=struck), seen_version=1, by_member_id=by)
    session.commit()
    upkeep.propose_holidays()
    assert session.scalar(select(CalendarProposal.id)) is None
    session.rollback()
    moving_clock.move(days=400)  # it is Christmas 2027: a year and a bit ahead is 2029
    upkeep.propose_holidays()
    upkeep.propose_holidays()
    (row,) = proposals.list_open(session, calendar.id)
    session.commit()
    renewal.accept(session, calendar.id, row.id, seen_version=2, by_member_id=by)
    current = get_calendar(session, calendar.id)
    days = get_hours(session, current.version.id).special
    assert date(2029, 12, 25) in days
    assert date(2028, 12, 25) not in days  # it stays struck
    assert current.calendar.holidays_until == 2029
    session.commit()
    upkeep.propose_holidays()
    assert proposals.list_open(session, calendar.id) == []


def test_another_country_takes_back_the_proposal_of_the_old_one(
    session: Session, calendar: Calendar, moving_clock: MovingClock
) -> None:
    by = make_member(session).id
    plan = with_holidays(PLAN, "ES", "")
    versions.save_calendar(session, calendar.id, "Office", plan, seen_version=1, by_member_id=by)
    moving_clock.move(days=400)
    renewal.propose_holidays(session)
    assert proposals.list_open(session, calendar.id)
    plan = with_holidays(plan, "MX", "")
    versions.save_calendar(session, calendar.id, "Office", plan, seen_version=2, by_member_id=by)
    assert proposals.list_open(session, calendar.id) == []


@pytest.mark.parametrize(
    "given", ["", "nowhere", "ftp://a.example/", "https://", f"https://a.example/{'x' * 2000}", "http://[x"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(Invalid):
        feeds.check_address(given)


def test_webcal_is_https() -> None:
    assert feeds.check_address(" WEBCAL://a.example/x.ics ") == "https://a.example/x.ics"
