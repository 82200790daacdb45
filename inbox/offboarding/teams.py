"""The pages of teams: who sits in one with which role, and what it may do with each channel."""

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from inbox.channels.models import Channel, ChannelState
from inbox.database import db
from inbox.errors import NotFound, RelevoError
from inbox.members import admins, doors, forms, grants, teams
from inbox.members.grants import Powers
from inbox.offboarding import revoke
from inbox.offboarding.people import people_page
from inbox.sentences import sentence_of

blueprint = Blueprint("teams", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.post("/teams")
@doors.admins
def make() -> Answer:
    """Add a team and go to its page."""
    try:
        team = teams.make_team(db.session(), forms.text("name"), by_member_id=doors.current_member().id)
    except RelevoError as error:
        db.session.rollback()
        return people_page(team_error=sentence_of(error)), error.status
    team_id = team.id
    db.session.commit()
    return _back(team_id)


@blueprint.get("/teams/<int:team_id>")
@doors.admins
def show(team_id: int) -> Answer:
    """Show a team's members and its grants, channel by channel."""
    return _team(team_id)


@blueprint.post("/teams/<int:team_id>/rename")
@doors.admins
def rename(team_id: int) -> Answer:
    """Give a team another name."""
    try:
        teams.rename_team(db.session(), team_id, forms.text("name"), by_member_id=doors.current_member().id)
    except RelevoError as error:
        db.session.rollback()
        return _team(team_id, error=sentence_of(error)), error.status
    db.session.commit()
    return _back(team_id)


@blueprint.post("/teams/<int:team_id>/seats")
@doors.admins
def seat(team_id: int) -> Answer:
    """Give, change or take away somebody's role in this team."""
    role = forms.text("role") or None
    by = doors.current_member().id
    revoke.set_role(db.session(), team_id, forms.whole_number("member_id"), role, by_member_id=by)
    db.session.commit()
    return _back(team_id)


@blueprint.post("/teams/<int:team_id>/grants/<int:channel_id>")
@doors.admins
def grant(team_id: int, channel_id: int) -> Answer:
    """Say what this team may do with a channel."""
    if db.session.get(Channel, channel_id) is None:
        raise NotFound("channel_not_found")
    wanted = Powers(
        can_see=forms.is_ticked("can_see"),
        can_see_private=forms.is_ticked("can_see_private"),
        can_answer=forms.is_ticked("can_answer"),
    )
    revoke.set_grant(db.session(), team_id, channel_id, wanted, by_member_id=doors.current_member().id)
    db.session.commit()
    return _back(team_id)


def _team(team_id: int, error: str | None = None) -> str:
    session = db.session()
    team = teams.get_team(session, team_id)
    seats = teams.list_seats(session, team_id=team_id)
    seated = {one.member.id for one in seats}
    order = (Channel.state == ChannelState.DISCONNECTED, Channel.platform, Channel.handle, Channel.id)
    return render_template(
        "members/team.html",
        team=team,
        seats=seats,
        others=[m for m in admins.list_members(session) if m.id not in seated and m.deactivated_at is None],
        channels=session.scalars(select(Channel).order_by(*order)).all(),
        grants=grants.list_grants(session, team_id),
        nothing=Powers(),
        error=error,
    )


def _back(team_id: int) -> Response:
    return redirect(url_for("teams.show", team_id=team_id), 303)
