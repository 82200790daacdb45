"""People and teams as an admin manages them: invited, seated, granted, made admin, let go."""

import re
from dataclasses import asdict
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members import admins, first, grants, invitations, passwords, sessions, teams
from inbox.members.grants import Powers
from inbox.members.models import Grant, Member, Membership, Team
from inbox.settings import Pace
from tests.factories.basics import join_team, make_channel, make_member, make_team
from tests.factories.members import PASSWORD, form_token, make_member_with_password, make_session, post, sign_in_as
from tests.fixtures.app import MovingClock

PACE = Pace()


@pytest.fixture
def admin(session: Session) -> Member:
    return make_member_with_password(session, is_admin=True, name="Eva")


def _changes(session: Session) -> list[tuple[object, object]]:
    rows = session.scalars(select(Activity).where(Activity.kind == kinds.ACCESS_CHANGED).order_by(Activity.id))
    return [(row.before, row.after) for row in rows]


def test_an_invitation_lets_one_person_in(
    app: Flask, client: FlaskClient, session: Session, admin: Member, moving_clock: MovingClock
) -> None:
    passwords.set_cost(memory_kib=8, rounds=1)
    team = make_team(session, "Night")
    row, token = invitations.invite(
        session, " Marta@Acme.example ", by_member_id=admin.id, pace=PACE, team_id=team.id, role="responder"
    )
    assert token not in (row.token_hash, row.email)
    session.commit()
    path = f"/invitations/{token}"
    assert "marta@acme.example" in client.get(path).text
    fields = {"name": "Marta", "password": "four quiet herons", "password_again": "four quiet herons"}
    answer = client.post(path, data={"csrf_token": form_token(client, path), "time_zone": "Europe/Madrid", **fields})
    assert answer.status_code == 303
    assert client.get("/password").status_code == 200  # signed in
    marta = session.scalars(select(Member).where(Member.email == "marta@acme.example")).one()
    assert (marta.name, marta.time_zone, marta.is_admin) == ("Marta", "Europe/Madrid", False)
    assert [(seat.team.name, seat.role) for seat in teams.list_seats(session, member_id=marta.id)] == [
        ("Night", "responder")
    ]
    again = app.test_client()
    assert again.get(path).status_code == 404
    assert again.post(path, data={"csrf_token": form_token(again, "/sign-in"), **fields}).status_code == 404


def test_an_invitation_ends_after_72_hours_and_can_be_renewed(
    client: FlaskClient, session: Session, admin: Member, moving_clock: MovingClock
) -> None:
    row, token = invitations.invite(session, "marta@acme.example", by_member_id=admin.id, pace=PACE)
    moving_clock.move(hours=72)
    assert client.get(f"/invitations/{token}").status_code == 404
    assert [one.id for one in invitations.list_open(session)] == [row.id]
    _row, fresh = invitations.renew(session, row.id, by_member_id=admin.id, pace=PACE)
    assert client.get(f"/invitations/{token}").status_code == 404
    assert client.get(f"/invitations/{fresh}").status_code == 200
    invitations.revoke_invitation(session, row.id, by_member_id=admin.id)
    assert client.get(f"/invitations/{fresh}").status_code == 404
    with pytest.raises(NotFound):
        invitations.renew(session, row.id, by_member_id=admin.id, pace=PACE)


def test_inviting_again_revokes_the_first_link_and_members_are_not_invited(session: Session, admin: Member) -> None:
    _row, old = invitations.invite(session, "marta@acme.example", by_member_id=admin.id, pace=PACE)
    _row, new = invitations.invite(session, "marta@acme.example", by_member_id=admin.id, pace=PACE)
    assert invitations.find_valid(session, old) is None
    assert invitations.find_valid(session, new) is not None
    with pytest.raises(Conflict):
        invitations.invite(session, admin.email, by_member_id=admin.id, pace=PACE)
    for wrong in ("marta", "@acme.example", "ma rta@acme.example", ""):
        with pytest.raises(Invalid):
            invitations.invite(session, wrong, by_member_id=admin.id, pace=PACE)


def test_the_link_is_shown_once(app: Flask, session: Session, admin: Member) -> None:
    browser = sign_in_as(app, session, admin)
    page = post(browser, "/invitations", email="marta@acme.example")
    link = re.search(r"http://localhost(/invitations/[\w-]+)", page.text)
    assert link is not None
    assert app.test_client().get(link.group(1)).status_code == 200
    assert link.group(1) not in browser.get("/people").text
    assert page.headers["Cache-Control"] == "no-store"


def test_roles_and_grants_are_recorded_with_before_and_after(session: Session, admin: Member) -> None:
    member, team, channel = make_member(session), make_team(session), make_channel(session)
    teams.set_role(session, team.id, member.id, "viewer", by_member_id=admin.id)
    teams.set_role(session, team.id, member.id, "lead", by_member_id=admin.id)
    teams.set_role(session, team.id, member.id, "lead", by_member_id=admin.id)
    teams.set_role(session, team.id, member.id, None, by_member_id=admin.id)
    whose = {"team_id": team.id, "member_id": member.id}
    assert _changes(session) == [
        ({**whose, "role": None}, {**whose, "role": "viewer"}),
        ({**whose, "role": "viewer"}, {**whose, "role": "lead"}),
        ({**whose, "role": "lead"}, {**whose, "role": None}),
    ]
    assert session.scalars(select(Membership)).all() == []
    wanted = Powers(can_see=True, can_answer=True)
    grants.set_grant(session, team.id, channel.id, wanted, by_member_id=admin.id)
    assert grants.list_grants(session, team.id) == {channel.id: wanted}
    grants.set_grant(session, team.id, channel.id, Powers(can_answer=True), by_member_id=admin.id)
    assert session.scalars(select(Grant)).all() == []
    before = {"team_id": team.id, **asdict(wanted)}
    assert _changes(session)[-1] == (before, {"team_id": team.id, **asdict(Powers())})


def test_a_fresh_channel_opens_for_the_teams_of_whoever_connected_it(session: Session, admin: Member) -> None:
    mine, other = make_team(session), make_team(session)
    join_team(session, admin, mine, "lead")
    join_team(session, admin, other, "viewer")
    channel, second = make_channel(session), make_channel(session)
    grants.open_channel(session, channel.id, admin.id)
    assert grants.list_grants(session, mine.id) == {channel.id: grants.EVERYTHING}
    assert grants.list_grants(session, other.id) == {}
    grants.open_channel(session, second.id, None)
    assert second.id in grants.list_grants(session, mine.id)


def test_the_last_admin_stays(session: Session, admin: Member) -> None:
    other = make_member(session, is_admin=True)
    admins.set_admin(session, other.id, False, by_member_id=admin.id)
    with pytest.raises(Conflict, match="last_admin"):
        admins.set_admin(session, admin.id, False, by_member_id=admin.id)
    with pytest.raises(Conflict, match="last_admin"):
        admins.deactivate(session, admin.id, by_member_id=admin.id)
    admins.set_admin(session, other.id, True, by_member_id=admin.id)
    admins.deactivate(session, admin.id, by_member_id=other.id)
    with pytest.raises(Conflict, match="deactivated"):
        admins.set_admin(session, admin.id, True, by_member_id=other.id)


def test_whoever_is_let_go_is_out_at_once_and_can_come_back(app: Flask, session: Session, admin: Member) -> None:
    member, team = make_member_with_password(session), make_team(session)
    join_team(session, member, team, "lead")
    browser, office = sign_in_as(app, session, member), sign_in_as(app, session, admin)
    assert browser.get("/password").status_code == 200
    assert post(office, f"/people/{member.id}/deactivate").status_code == 303
    assert browser.get("/password").status_code == 303
    assert session.scalars(select(Membership)).all() == []
    assert (member.password_hash, member.is_admin) == (None, False)
    assert _changes(session)[-1][0] == {
        "member_id": member.id,
        "is_admin": False,
        "seats": [[team.id, "lead"]],
    }
    page = post(office, f"/people/{member.id}/one-time-password")
    password = re.search(r"\b\w{4}-\w{4}-\w{4}-\w{4}\b", page.text)
    assert password is not None
    assert passwords.is_right(member.password_hash, password.group())
    assert member.must_change_password
    assert member.deactivated_at is None


def test_admins_manage_in_the_browser(app: Flask, session: Session, admin: Member) -> None:
    office, member = sign_in_as(app, session, admin), make_member_with_password(session, name="Marta")
    channel = make_channel(session, display_name="Acme Shop")
    made = post(office, "/teams", name="  Night   shift ")
    team = session.scalars(select(Team)).one()
    assert made.location == f"/teams/{team.id}"
    assert team.name == "Night shift"
    post(office, f"/teams/{team.id}/seats", member_id=member.id, role="responder")
    post(office, f"/teams/{team.id}/grants/{channel.id}", can_see="1", can_answer="1")
    assert grants.list_grants(session, team.id) == {channel.id: Powers(can_see=True, can_answer=True)}
    page = office.get(f"/teams/{team.id}").text
    assert "Marta" in page
    assert "Acme Shop" in page
    assert post(office, f"/teams/{team.id}/rename", name="Nights").status_code == 303
    assert "Nights" in office.get("/people").text
    post(office, f"/people/{member.id}/seats", team_id=team.id, role="lead")
    assert [seat.role for seat in teams.list_seats(session, team_id=team.id)] == ["lead"]
    assert post(office, f"/people/{member.id}/admin", is_admin="1").status_code == 303
    session.refresh(member)
    assert member.is_admin
    assert post(office, f"/people/{admin.id}/deactivate").status_code == 303
    assert office.get("/people").location.startswith("/sign-in")


def test_refusals_are_said_on_the_page(app: Flask, session: Session, admin: Member) -> None:
    office = sign_in_as(app, session, admin)
    answer = post(office, f"/people/{admin.id}/admin", is_admin="")
    assert answer.status_code == 409
    assert "This is the last admin" in answer.text
    assert post(office, "/invitations", email=admin.email).status_code == 409
    assert post(office, "/teams/999/grants/1", can_see="1").status_code == 404


def test_an_admin_ends_somebodys_sessions(app: Flask, session: Session, admin: Member) -> None:
    member = make_member_with_password(session)
    browser, office = sign_in_as(app, session, member), sign_in_as(app, session, admin)
    make_session(session, admin)
    post(office, f"/people/{member.id}/sign-out")
    assert browser.get("/password").status_code == 303
    post(office, f"/people/{admin.id}/sign-out")
    assert office.get("/people").status_code == 200
    assert len(sessions.list_live(session, admin.id, pace=PACE)) == 1


def test_one_sees_and_ends_ones_own_devices_only(app: Flask, session: Session, admin: Member) -> None:
    member = make_member_with_password(session)
    here, there = sign_in_as(app, session, member), sign_in_as(app, session, member)
    office = sign_in_as(app, session, admin)
    page = here.get("/me").text
    other = max(int(found) for found in re.findall(r"/me/sessions/(\d+)/end", page))
    assert post(office, f"/me/sessions/{other}/end").status_code == 404
    assert post(here, f"/me/sessions/{other}/end").status_code == 303
    assert there.get("/me").status_code == 303
    make_session(session, member)
    assert post(here, "/me/sessions/end-others").status_code == 303
    assert len(sessions.list_live(session, member.id, pace=PACE)) == 1
    assert here.get("/me").status_code == 200


def test_one_changes_ones_own_settings(app: Flask, session: Session, admin: Member) -> None:
    browser = sign_in_as(app, session, admin)
    fields = {
        "name": "Eva Ruiz",
        "locale": "es",
        "time_zone": "Europe/Madrid",
        "theme": "dark",
        "undo_seconds": "0",
        "are_keys_on": "",
    }
    assert post(browser, "/me", **fields).status_code == 303
    session.refresh(admin)
    assert (admin.name, admin.locale, admin.theme, admin.undo_seconds, admin.are_keys_on) == (
        "Eva Ruiz",
        "es",
        "dark",
        0,
        False,
    )
    assert 'lang="es"' in browser.get("/me").text
    for wrong in (
        {"undo_seconds": "31"},
        {"undo_seconds": "x"},
        {"time_zone": "Mars/Base"},
        {"theme": "pink"},
        {"name": " "},
    ):
        assert post(browser, "/me", **fields | wrong).status_code == 400
    session.refresh(admin)
    assert admin.name == "Eva Ruiz"


def test_one_changes_ones_address_with_the_password(app: Flask, session: Session, admin: Member) -> None:
    other = make_member(session)
    browser = sign_in_as(app, session, admin)
    right = {"current": "four quiet herons"}
    assert post(browser, "/me/email", email="eva@acme.example", current="no").status_code == 400
    assert post(browser, "/me/email", email=other.email, **right).status_code == 409
    assert post(browser, "/me/email", email="Eva@Acme.example", **right).status_code == 303
    session.refresh(admin)
    assert admin.email == "eva@acme.example"


def test_the_first_member_leads_a_team(session: Session, moving_clock: MovingClock) -> None:
    passwords.set_cost(memory_kib=8, rounds=1)
    made = first.make_first_member(session, PACE)
    assert made is not None
    member, _password = made
    assert member.one_time_until_at == moving_clock.at + timedelta(hours=1)
    assert [seat.role for seat in teams.list_seats(session, member_id=member.id)] == ["lead"]


def test_a_stolen_session_may_not_guess_the_password_by_changing_the_address(app: Flask, session: Session) -> None:
    eva = make_member_with_password(session)
    browser = sign_in_as(app, session, eva)
    guesses = [post(browser, "/me/email", email="eva@acme.example", current=f"no {turn}") for turn in range(11)]
    assert (guesses[0].status_code, guesses[-1].status_code) == (400, 429)
    refused = post(browser, "/me/email", email="eva@acme.example", current=PASSWORD)
    assert refused.status_code == 429
