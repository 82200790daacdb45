"""The last call: once per closing, to who is at the desk, of what they see; nothing where nothing falls due."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import LastCall
from inbox.channels.models import Channel
from inbox.conversations import last_calls
from inbox.database import db, read_only
from inbox.members.models import Member
from inbox.notifications.models import Notification
from inbox.notifications.notices import thaw
from inbox.oncall.overrides import add_override
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Desk, Turns, Weekly
from inbox.outbox.transactions import commit
from tests.factories.alerts import make_reachable
from tests.factories.basics import join_team, make_channel, make_contact, make_grant, make_member, make_team
from tests.factories.conversations import answer_there, make_thread, say
from tests.factories.members import form_token, post, sign_in_as
from tests.factories.sla import make_policy
from tests.fixtures.app import MovingClock
from workers import alerting

FRIDAY, SATURDAY, MONDAY = 4, 5, 0
NINE, NOON, FIVE, SIX = 540, 720, 1020, 1080
# Friday noon: the desk closes at six and opens on Saturday at nine
USUAL = ((FRIDAY, NINE, SIX), (SATURDAY, NINE, SIX))


class Floor:
    """A channel with a promise of twenty hours, a lead and Ana who may be at the desk; the zone is UTC."""

    def __init__(self, session: Session) -> None:
        self.session, self.channel = session, make_channel(session)
        make_policy(session, 20 * 3600)
        self.team = make_team(session)
        make_grant(session, self.team, self.channel)
        self.lead, self.ana = make_member(session, "Lucía"), make_reachable(session, "Ana")
        join_team(session, self.lead, self.team, "lead")
        join_team(session, self.ana, self.team)
        session.commit()

    def desk(self, member: Member, *weekly: tuple[int, int, int], name: str = "Desk") -> int:
        """Let a member sit at a desk: weekday, from and until."""
        plan = Desk(tuple(Weekly(member.id, *one) for one in weekly), "UTC")
        number = make_rotation(self.session, Wanted(name, plan), self.lead).id
        self.session.commit()
        return number

    def ask(self, count: int = 1, channel: Channel | None = None, **given: float) -> None:
        """Let people have asked so long ago; their answers are due twenty hours later."""
        where = channel or self.channel
        for _ in range(count):
            say(self.session, make_thread(self.session, where), make_contact(self.session), at=ago(**given))
        self.session.commit()

    def tick(self) -> list[str]:
        """Let the task look; returns what was said so far."""
        self.session.commit()
        alerting.tell_last_calls()
        found = list(self.session.scalars(select(Notification.subject).order_by(Notification.id)))
        self.session.commit()
        return found


def ago(**given: float) -> datetime:
    return clock.now() - timedelta(**given)


@pytest.fixture
def floor(app: Flask, session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> Floor:
    monkeypatch.setattr("workers.app.flask_app", lambda: app)  # the task uses the test's application
    return Floor(session)


@pytest.fixture
def writes(floor: Floor) -> Iterator[list[str]]:
    """Collect the statements that change something or take SQLite's write lock."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "BEGIN IMMEDIATE")):
            seen.append(statement)

    engine = floor.session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


SAID = "2 fall due before 09:00, when the next shift begins"


def test_who_is_at_the_desk_is_told_once_an_hour_before_it_closes(floor: Floor, moving_clock: MovingClock) -> None:
    floor.desk(floor.ana, *USUAL)
    floor.ask(2)  # due on Saturday at eight
    moving_clock.move(hours=4, minutes=59)
    assert floor.tick() == []
    moving_clock.move(minutes=1)
    floor.ask()  # due on Saturday at one, when somebody is there again
    assert floor.tick() == [SAID]
    moving_clock.move(minutes=1)
    floor.ask(hours=10)
    assert floor.tick() == [SAID]
    moving_clock.move(hours=2)
    assert floor.tick() == [SAID]


def test_the_notice_names_desk_and_closing_and_leads_to_the_list(floor: Floor, moving_clock: MovingClock) -> None:
    floor.desk(floor.ana, *USUAL, name="Atención")
    floor.ask(2)
    floor.ana.locale, floor.ana.time_zone = "es", "Europe/Madrid"
    moving_clock.move(hours=5)
    assert floor.tick() == ["2 vencen antes de que empiece el próximo turno (10:00)"]
    row = floor.session.scalars(select(Notification)).one()
    assert (row.kind, row.is_alert) == ("summary", False)
    assert row.sealed is not None
    notice = thaw(row.sealed)
    assert notice.lines == ("Último aviso: Atención cierra a las 19:00.",)
    assert notice.path == "/queue?view=due_today&until=2026-11-21T09%3A00%3A00%2B00%3A00"


def test_over_a_weekend_the_day_is_said(floor: Floor, moving_clock: MovingClock) -> None:
    floor.desk(floor.ana, (FRIDAY, NINE, SIX), (MONDAY, NINE, SIX))
    floor.ask()
    moving_clock.move(hours=5)
    assert floor.tick() == ["1 falls due before Mon 23 Nov 09:00, when the next shift begins"]


def test_a_desk_that_is_not_planned_on_says_so(floor: Floor, moving_clock: MovingClock) -> None:
    number = floor.desk(floor.ana, *((day, NINE, SIX) for day in range(5)))
    add_override(floor.session, number, floor.ana.id, ago(days=-1), ago(days=-40), floor.lead, is_off=True)
    floor.ask()
    moving_clock.move(hours=5)
    assert floor.tick() == ["1 falls due in the next two weeks, for which no shift is planned"]


def test_nothing_is_said_where_the_desk_never_closes(floor: Floor, moving_clock: MovingClock) -> None:
    floor.desk(floor.ana, *((day, NINE, NINE) for day in range(7)))
    floor.ask(hours=12)
    for _ in range(24):
        moving_clock.move(hours=1)
        assert floor.tick() == []


def test_nothing_is_said_where_nothing_falls_due_until_something_does(
    floor: Floor, moving_clock: MovingClock, writes: list[str]
) -> None:
    floor.desk(floor.ana, *USUAL)
    floor.ask(hours=-1)  # due when the next shift has begun
    moving_clock.move(hours=5)
    floor.session.commit()
    writes.clear()
    assert floor.tick() == []
    assert [one for one in writes if "sweep_beat" not in one] == []  # that a sweep was done is tests/watch/'s matter
    floor.ask(hours=15)
    assert floor.tick() == ["1 falls due before 09:00, when the next shift begins"]


def test_nobody_on_call_is_meant(floor: Floor, moving_clock: MovingClock) -> None:
    turns = Turns((floor.ana.id,), True, 0, SIX, "UTC", clock.now())
    make_rotation(floor.session, Wanted("Nights", turns), floor.lead)
    floor.ask()
    moving_clock.move(hours=5, minutes=30)
    assert floor.tick() == []


def test_each_is_told_of_what_they_see(floor: Floor, moving_clock: MovingClock, session: Session) -> None:
    other, diego, eva = make_channel(session), make_reachable(session, "Diego"), make_reachable(session, "Eva")
    team = make_team(session)
    make_grant(session, team, other)
    for member in (floor.lead, diego):
        join_team(session, member, team, "lead")
    join_team(session, eva, floor.team, "viewer")
    plan = Desk(tuple(Weekly(one.id, FRIDAY, NINE, SIX) for one in (floor.ana, diego)), "UTC")
    make_rotation(session, Wanted("Desk", plan), make_member(session, is_admin=True))
    floor.ask(2)
    floor.ask(1, other)
    moving_clock.move(hours=5)
    floor.tick()
    rows = session.execute(select(Notification.member_id, Notification.subject).order_by(Notification.id)).all()
    told = {member_id: subject.split()[0] for member_id, subject in rows}
    assert told == {floor.ana.id: "2", diego.id: "1"}  # Eva is not at the desk


def test_who_has_gone_home_is_not_told_and_the_day_has_one_end(floor: Floor, moving_clock: MovingClock) -> None:
    diego = make_reachable(floor.session, "Diego")
    join_team(floor.session, diego, floor.team)
    shifts = (Weekly(diego.id, FRIDAY, NINE, FIVE), Weekly(floor.ana.id, FRIDAY, NOON, SIX))
    make_rotation(floor.session, Wanted("Desk", Desk(shifts, "UTC")), floor.lead)
    floor.ask(2)
    moving_clock.move(hours=4, minutes=30)
    assert floor.tick() == []
    moving_clock.move(minutes=30)
    floor.tick()
    assert list(floor.session.scalars(select(Notification.member_id))) == [floor.ana.id]


def test_two_beats_tell_once(floor: Floor, moving_clock: MovingClock) -> None:
    floor.desk(floor.ana, *USUAL)
    floor.ask(2)
    moving_clock.move(hours=5)
    engine = db.engine
    with read_only(), Session(engine) as late:
        assert len(last_calls.list_due(late)) == 1
    assert commit(lambda: Session(engine), last_calls.tell_due) == 1  # the other one was quicker
    assert commit(lambda: Session(engine), last_calls.tell_due) == 0
    row = floor.session.scalars(select(LastCall)).one()
    given = {"rotation_id": row.rotation_id, "ends_at": row.ends_at, "member_id": row.member_id}
    floor.session.add(LastCall(**given, told_at=clock.now()))
    with pytest.raises(IntegrityError):
        floor.session.flush()
    floor.session.rollback()
    assert floor.tick() == [SAID]


@pytest.fixture
def ana(app: Flask, floor: Floor, moving_clock: MovingClock) -> FlaskClient:
    """Ana's browser, after the last call."""
    floor.desk(floor.ana, *USUAL)
    floor.ask(2)
    floor.ask(hours=-1)
    moving_clock.move(hours=5)
    browser = sign_in_as(app, floor.session, floor.ana)
    assert "Last call" not in browser.get("/queue").text
    assert floor.tick() == [SAID]
    return browser


def test_the_line_above_the_queue_leads_to_as_many_as_it_says(ana: FlaskClient) -> None:
    page = ana.get("/queue?view=mine").text
    assert SAID in page
    assert SAID in ana.get("/banners").text
    shown = ana.get("/queue", query_string={"view": "due_today", "until": "2026-11-21T09:00:00+00:00"}).text
    assert shown.count('<li id="row-') == 2
    assert "before Sat 21 Nov 09:00" in shown
    assert 'data-until="2026-11-21T09:00:00+00:00"' in shown
    assert 'data-day-ends="2026-11-21T09:00:00+00:00"' in shown
    assert ana.get("/queue?view=due_today").text.count('<li id="row-') == 0


def test_the_line_counts_what_is_left_and_goes(
    ana: FlaskClient, floor: Floor, app: Flask, moving_clock: MovingClock
) -> None:
    assert "Last call" not in sign_in_as(app, floor.session, floor.lead).get("/queue").text
    thread = make_thread(floor.session, floor.channel)
    asked = say(floor.session, thread, make_contact(floor.session), at=ago(hours=10))
    assert "3 fall due before 09:00" in ana.get("/queue").text
    answer_there(floor.session, thread, parent_external_id=asked.external_id)
    assert SAID in ana.get("/queue").text
    moving_clock.move(hours=1)
    assert "Last call" not in ana.get("/queue").text


def test_the_line_is_put_away_by_whose_it_is(ana: FlaskClient, floor: Floor, app: Flask) -> None:
    number = floor.session.scalars(select(LastCall.id)).one()
    stranger = sign_in_as(app, floor.session, floor.lead)
    assert post(stranger, "/last-call/dismiss", last_call_id=number).status_code == 303
    assert SAID in ana.get("/queue").text
    fields = {"csrf_token": form_token(ana), "last_call_id": number}
    headers = {"Referer": "http://localhost/queue?view=due_today"}
    answer = ana.post("/last-call/dismiss", data=fields, headers=headers)
    assert (answer.status_code, answer.location) == (303, "/queue?view=due_today")
    assert "Last call" not in ana.get("/queue").text
    assert floor.tick() == [SAID]


@pytest.mark.parametrize("until", ["soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "1e9"])
def test_an_end_that_is_none_is_refused(ana: FlaskClient, until: str) -> None:
    assert ana.get("/queue", query_string={"view": "due_today", "until": until}).status_code == 400


@pytest.mark.parametrize("last_call_id", ["", "none", "-1", "9" * 30])
def test_putting_away_what_is_no_number_is_refused(ana: FlaskClient, last_call_id: str) -> None:
    assert post(ana, "/last-call/dismiss", last_call_id=last_call_id).status_code == 400


def test_what_the_sandbox_plays_calls_nobody(floor: Floor, moving_clock: MovingClock) -> None:
    played = make_channel(floor.session, is_sandbox=True)
    make_grant(floor.session, floor.team, played)
    floor.desk(floor.ana, *USUAL)
    floor.ask(3, played, hours=3)
    moving_clock.move(hours=5)
    assert floor.tick() == []
    floor.ask(1, hours=5)
    assert floor.tick() == ["1 falls due before 09:00, when the next shift begins"]
