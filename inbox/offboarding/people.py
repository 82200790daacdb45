"""The pages of people: who is here, who is invited, what each may, and letting them go."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from inbox.database import db
from inbox.errors import RelevoError
from inbox.members import admins, doors, first, forms, invitations, passwords, profile, sessions, teams
from inbox.members.models import Invitation
from inbox.offboarding import revoke
from inbox.sentences import sentence_of
from inbox.settings import Settings

blueprint = Blueprint("people", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.get("/people")
@doors.admins
def index() -> Answer:
    """List members, teams and open invitations."""
    return people_page()


@blueprint.post("/invitations")
@doors.admins
def invite() -> Answer:
    """Invite an address and show the link, this once."""
    try:
        row, token = invitations.invite(
            db.session(),
            forms.text("email"),
            by_member_id=doors.current_member().id,
            pace=_settings().pace,
            team_id=forms.optional_number("team_id"),
            role=forms.text("role") or None,
            is_admin=forms.is_ticked("is_admin"),
        )
    except RelevoError as error:
        db.session.rollback()
        return people_page(error=sentence_of(error)), error.status
    db.session.commit()
    return people_page(invited=row, link=_link(token))


@blueprint.post("/invitations/<int:invitation_id>/renew")
@doors.admins
def renew_invitation(invitation_id: int) -> Answer:
    """Make a new link for an invitation and show it, this once; the old one is dead."""
    by = doors.current_member().id
    row, token = invitations.renew(db.session(), invitation_id, by_member_id=by, pace=_settings().pace)
    db.session.commit()
    return people_page(invited=row, link=_link(token))


@blueprint.post("/invitations/<int:invitation_id>/revoke")
@doors.admins
def revoke_invitation(invitation_id: int) -> Answer:
    """Make an invitation's link useless."""
    invitations.revoke_invitation(db.session(), invitation_id, by_member_id=doors.current_member().id)
    db.session.commit()
    return redirect(url_for("people.index"), 303)


@blueprint.get("/people/<int:member_id>")
@doors.admins
def show(member_id: int) -> Answer:
    """Show one person: seats, sessions, what can be done."""
    return _person(member_id)


@blueprint.post("/people/<int:member_id>/seats")
@doors.admins
def seat(member_id: int) -> Answer:
    """Give, change or take away this person's role in a team."""
    role = forms.text("role") or None
    by = doors.current_member().id
    revoke.set_role(db.session(), forms.whole_number("team_id"), member_id, role, by_member_id=by)
    db.session.commit()
    return _back(member_id)


@blueprint.post("/people/<int:member_id>/admin")
@doors.admins
def set_admin(member_id: int) -> Answer:
    """Make or unmake an admin, never the last."""
    try:
        admins.set_admin(db.session(), member_id, forms.is_ticked("is_admin"), by_member_id=doors.current_member().id)
    except RelevoError as error:
        return _refused(member_id, error)
    db.session.commit()
    return _back(member_id)


@blueprint.post("/people/<int:member_id>/sign-out")
@doors.admins
def sign_out(member_id: int) -> Answer:
    """End all sessions of a person; of oneself, all but this one."""
    me = doors.current_member().id
    profile.get_member(db.session(), member_id)
    kept = doors.current_session_id() if member_id == me else None
    sessions.end_all(db.session(), member_id, by_member_id=me, but=kept)
    db.session.commit()
    return _back(member_id)


@blueprint.post("/people/<int:member_id>/deactivate")
@doors.admins
def deactivate(member_id: int) -> Answer:
    """Let a person go."""
    try:
        revoke.revoke(db.session(), member_id, by_member_id=doors.current_member().id)
    except RelevoError as error:
        return _refused(member_id, error)
    db.session.commit()
    return _back(member_id)


@blueprint.post("/people/<int:member_id>/one-time-password")
@doors.admins
def give_one_time_password(member_id: int) -> Answer:
    """Give a person a one-time password, shown this once; it lets a deactivated one back in."""
    by = doors.current_member().id
    password = passwords.new_one_time()
    stored = passwords.hash_password(password)
    member = admins.reactivate(db.session(), member_id, by_member_id=by)
    first.set_one_time(db.session(), member, stored, pace=_settings().pace, by_member_id=by)
    if member_id != by:
        sessions.end_all(db.session(), member_id, by_member_id=by)
    db.session.commit()
    return _person(member_id, one_time_password=password)


def people_page(
    error: str | None = None,
    invited: Invitation | None = None,
    link: str | None = None,
    team_error: str | None = None,
) -> str:
    """Render the page of people and teams, with what is wrong with the form of an invitation or of a team."""
    session = db.session()
    seats: dict[int, list[teams.Seat]] = {}
    for one in teams.list_seats(session):
        seats.setdefault(one.member.id, []).append(one)
    return render_template(
        "members/people.html",
        people=admins.list_members(session),
        seats=seats,
        teams=teams.list_teams(session),
        invitations=invitations.list_open(session),
        error=error,
        team_error=team_error,
        team_name=request.form.get("name", "") if team_error else "",
        invited=invited,
        link=link,
        email=request.form.get("email", "") if error else "",
    )


def _person(member_id: int, error: str | None = None, one_time_password: str | None = None) -> str:
    session = db.session()
    return render_template(
        "members/person.html",
        person=profile.get_member(session, member_id),
        seats=teams.list_seats(session, member_id=member_id),
        teams=teams.list_teams(session),
        devices=sessions.list_live(session, member_id, pace=_settings().pace),
        error=error,
        one_time_password=one_time_password,
    )


def _refused(member_id: int, error: RelevoError) -> Answer:
    db.session.rollback()
    return _person(member_id, error=sentence_of(error)), error.status


def _back(member_id: int) -> Response:
    return redirect(url_for("people.show", member_id=member_id), 303)


def _link(token: str) -> str:
    path = url_for("members.invitation", token=token)
    return (_settings().public_url or request.url_root).rstrip("/") + path


def _settings() -> Settings:
    settings: Settings = current_app.config["RELEVO"]
    return settings
