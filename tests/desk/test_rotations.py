"""The pages of rotations: anybody reads who is on, leads plan, and what was typed is not lost."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.desk.rotation_forms import read_shifts
from inbox.errors import Invalid
from inbox.members import admins
from inbox.members.models import Member
from inbox.oncall.models import Rotation, RotationOverride
from inbox.oncall.queries import get_plan, who_is_on
from inbox.oncall.shifts import Desk, Turns, Weekly
from tests.factories.basics import join_team, make_member, make_team
from tests.factories.members import form_token, post, sign_in_as
from tests.factories.notifications import add_method
from tests.fixtures.app import START, MovingClock

WEEKLY = {"kind": "on_call", "time_zone": "Europe/Madrid", "cadence": "weekly", "weekday": "0", "minute": "09:00"}


@pytest.fixture
def people(session: Session, moving_clock: MovingClock) -> list[Member]:
    """Return a lead, Ana and Diego of one team."""
    team = make_team(session)
    found = [make_member(session, name) for name in ("Lucía", "Ana", "Diego")]
    for number, member in enumerate(found):
        join_team(session, member, team, "responder" if number else "lead")
    session.commit()
    return found


@pytest.fixture
def lead(app: Flask, session: Session, people: list[Member]) -> FlaskClient:
    return sign_in_as(app, session, people[0])


def make_night(lead: FlaskClient, session: Session, people: list[Member], **given: object) -> Rotation:
    places = [str(one.id) for one in people[1:]]
    fields = {**WEEKLY, "name": "Night", "start_date": "2026-11-16", "place": [*places, ""], **given}
    answer = post(lead, "/rotations", **fields)
    assert answer.status_code == 303, answer.text
    return session.scalars(select(Rotation)).one()


def test_a_lead_makes_a_rotation_and_everybody_reads_it(
    app: Flask, session: Session, people: list[Member], lead: FlaskClient
) -> None:
    assert "No rotation yet" in lead.get("/rotations").text
    rotation = make_night(lead, session, people)
    assert who_is_on(session, rotation.id, START) == (people[1].id,)
    reader = sign_in_as(app, session, people[2])
    for path in ("/rotations", f"/rotations/{rotation.id}"):
        page = reader.get(path).text
        assert "<bdi>Ana</bdi>" in page
        assert "until Mon 23 Nov 09:00" in page
        assert "/edit" not in page
    assert "Handoff on Monday at 09:00" in page
    assert "Lucía made this rotation" in page


def test_a_desk_plan_is_made_of_typed_shifts(session: Session, people: list[Member], lead: FlaskClient) -> None:
    fields = {"kind": "desk", "name": "Desk", "time_zone": "Europe/Madrid", "row": [str(people[1].id), ""]}
    days = {f"day{day}": ["9:00-13:00, 15:00–18:00" if day < 5 else "", ""] for day in range(7)}
    assert post(lead, "/rotations", **fields, **days).status_code == 303
    rotation = session.scalars(select(Rotation)).one()
    plan = get_plan(session, rotation)
    assert isinstance(plan, Desk)
    assert len(plan.weekly) == 10
    assert plan.weekly[1] == Weekly(people[1].id, 0, 900, 1080)
    page = lead.get(f"/rotations/{rotation.id}").text
    assert "09:00–13:00" in page
    assert 'value="09:00-13:00, 15:00-18:00"' in lead.get(f"/rotations/{rotation.id}/edit").text


def test_a_wrong_shift_is_named_and_what_was_typed_is_kept(
    session: Session, people: list[Member], lead: FlaskClient
) -> None:
    fields = {"kind": "desk", "name": "My desk", "time_zone": "UTC", "row": [str(people[1].id)]}
    days = {f"day{day}": "nine to five" for day in range(7)}
    answer = post(lead, "/rotations", **fields, **days)
    assert answer.status_code == 400
    assert "nine to five is not a shift" in answer.text
    assert answer.text.count('value="nine to five"') == 7
    assert 'value="My desk"' in answer.text
    assert session.scalars(select(Rotation)).all() == []


def test_the_second_of_two_leads_is_told_and_keeps_what_was_typed(
    session: Session, people: list[Member], lead: FlaskClient
) -> None:
    rotation = make_night(lead, session, people)
    fields = {**WEEKLY, "version": "1", "place": [str(people[2].id)]}
    assert post(lead, f"/rotations/{rotation.id}", **fields, name="First").status_code == 303
    answer = post(lead, f"/rotations/{rotation.id}", **fields, name="Second")
    assert answer.status_code == 409
    assert "Somebody else changed First" in answer.text
    assert 'value="Second"' in answer.text
    session.expire_all()
    plan = get_plan(session, rotation)
    assert isinstance(plan, Turns)
    assert (rotation.name, plan.member_ids) == ("First", (people[2].id,))


def test_overrides_are_added_by_the_rotations_clock_and_taken_back(
    session: Session, people: list[Member], lead: FlaskClient
) -> None:
    rotation = make_night(lead, session, people)
    where = f"/rotations/{rotation.id}/overrides"
    times = {"from": "2026-11-20T13:00", "until": "2026-11-21T09:00"}
    assert post(lead, where, member_id=people[2].id, **times).status_code == 303
    override = session.scalars(select(RotationOverride)).one()
    assert (override.from_at, override.until_at) == (START, START.replace(day=21, hour=8))
    page = lead.get(f"/rotations/{rotation.id}").text
    assert "Lucía put Diego on: Fri 20 Nov 13:00 – Sat 21 Nov 09:00" in page
    wrong = post(lead, where, member_id=people[2].id, **{**times, "until": "2026-11-20T12:00"})
    assert wrong.status_code == 400
    assert "It must end after it begins." in wrong.text
    assert 'value="2026-11-20T12:00"' in wrong.text
    assert post(lead, f"{where}/{override.id}/remove").status_code == 303
    assert who_is_on(session, rotation.id, START) == (people[1].id,)
    assert "Lucía took an override of Diego back" in lead.get(f"/rotations/{rotation.id}").text


def test_gaps_and_who_left_stand_on_the_page(session: Session, people: list[Member], lead: FlaskClient) -> None:
    rotation = make_night(lead, session, people)
    assert "Can&#39;t be reached: " in lead.get("/rotations").text
    for member in people:
        add_method(session, member)
    session.commit()
    assert 'class="wrong' not in lead.get("/rotations").text
    admins.deactivate(session, people[2].id, by_member_id=None)
    for path in ("/rotations", f"/rotations/{rotation.id}"):
        assert "4 times in the next 8 weeks nobody is on. Has left: Diego." in lead.get(path).text
    page = lead.get(f"/rotations/{rotation.id}").text
    assert "Mon 23 Nov 09:00 – Mon 30 Nov 09:00 · Diego is not here any more" in page
    assert "(deactivated)" in lead.get(f"/rotations/{rotation.id}/edit").text


def test_a_rotation_is_removed(session: Session, people: list[Member], lead: FlaskClient) -> None:
    rotation = make_night(lead, session, people)
    assert post(lead, f"/rotations/{rotation.id}/remove", version=1).status_code == 303
    assert lead.get(f"/rotations/{rotation.id}").status_code == 404
    assert "No rotation yet" in lead.get("/rotations").text


def test_who_leads_nothing_plans_nothing(app: Flask, session: Session, people: list[Member], lead: FlaskClient) -> None:
    rotation = make_night(lead, session, people)
    reader = sign_in_as(app, session, people[1])
    for path in ("/rotations/new?kind=desk", f"/rotations/{rotation.id}/edit"):
        assert reader.get(path).status_code == 403
    where = f"/rotations/{rotation.id}"
    fields = {**WEEKLY, "name": "Mine", "version": "1", "place": [str(people[1].id)], "start_date": "2026-11-16"}
    fields |= {"member_id": str(people[1].id), "from": "2026-11-20T14:00", "until": "2026-11-21T09:00"}
    for path in ("/rotations", where, f"{where}/remove", f"{where}/overrides", f"{where}/overrides/1/remove"):
        assert post(reader, path, **fields).status_code == 403
    session.expire_all()
    assert (rotation.version, rotation.removed_at) == (1, None)
    assert session.scalars(select(RotationOverride)).all() == []


@pytest.mark.parametrize("value", ["9" * 18, "", "\ud800", "x" * 5000, "9999-12-31T23:59"])
def test_no_field_breaks_a_form(session: Session, people: list[Member], lead: FlaskClient, value: str) -> None:
    rotation = make_night(lead, session, people)
    where = f"/rotations/{rotation.id}"
    plan = {**WEEKLY, "name": "X", "version": "1", "place": str(people[1].id), "start_date": "2026-11-16"}
    week = {"row": str(people[1].id), **{f"day{day}": "9:00-17:00" for day in range(7)}}
    override = {"member_id": str(people[1].id), "from": "2026-11-20T14:00", "until": "2026-11-21T09:00", "what": "on"}
    desk = {**plan, **week, "kind": "desk"}
    token = form_token(lead)
    for path, whole in (("/rotations", plan), ("/rotations", desk), (where, plan), (f"{where}/overrides", override)):
        for name in whole:
            spoilt = {**whole, name: value.encode("utf-8", "surrogatepass")}
            answer = lead.post(path, data={"csrf_token": token, **spoilt})
            assert answer.status_code < 500, f"{path} {name}"
    for one in session.scalars(select(Rotation)):
        assert lead.get(f"/rotations/{one.id}").status_code == 200


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" 9:00-17:00 ", [(540, 1020)]),
        ("22:00 – 6:00; 00:00-24:00,", [(1320, 360), (0, 1440)]),
    ],
)
def test_shifts_are_read_as_people_write_them(text: str, found: list[tuple[int, int]]) -> None:
    assert read_shifts(text) == found


@pytest.mark.parametrize(
    "text", ["9-17", "9:00", "25:00-26:00", "9:60-10:00", "24:00-1:00", "9:00-17:00-18:00", "٩:00-10:00"]
)
def test_what_is_no_shift_is_named(text: str) -> None:
    with pytest.raises(Invalid, match="shift_malformed"):
        read_shifts(text)
