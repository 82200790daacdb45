"""Teams: made, renamed, joined with a role, left."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Member, Membership, Role, Team
from inbox.members.profile import check_name
from inbox.taken import flushed_or


@dataclass(frozen=True)
class Seat:
    """A member's place in a team."""

    team: Team
    member: Member
    role: str


def get_team(session: Session, team_id: int) -> Team:
    """Return the team's row; raises NotFound."""
    team = session.get(Team, team_id)
    if team is None:
        raise NotFound("team_not_found")
    return team


def list_teams(session: Session) -> list[Team]:
    """List every team by name."""
    return list(session.scalars(select(Team).order_by(Team.name, Team.id)))


def list_seats(session: Session, *, team_id: int | None = None, member_id: int | None = None) -> list[Seat]:
    """List who sits in which team, by team and name; of active members only."""
    query = (
        select(Membership, Team, Member)
        .join(Team, Team.id == Membership.team_id)
        .join(Member, Member.id == Membership.member_id)
        .where(Member.deactivated_at.is_(None))
        .order_by(Team.name, Team.id, Member.name, Member.id)
    )
    if team_id is not None:
        query = query.where(Membership.team_id == team_id)
    if member_id is not None:
        query = query.where(Membership.member_id == member_id)
    return [Seat(team, member, seat.role) for seat, team, member in session.execute(query)]


def make_team(session: Session, name: str, *, by_member_id: int | None) -> Team:
    """Add a team; raises Conflict if the name is in use."""
    name = _free_name(session, name)
    team = Team(name=name, created_at=clock.now())
    with flushed_or(session, "team.name", Conflict("team_name_taken", name=name)):
        session.add(team)
    after = {"team_id": team.id, "name": name}
    record(session, kinds.ACCESS_CHANGED, member_id=by_member_id, after=after)
    return team


def rename_team(session: Session, team_id: int, name: str, *, by_member_id: int | None) -> None:
    """Give a team another name; raises Conflict if it is in use."""
    team = get_team(session, team_id)
    if team.name == name.strip():
        return
    name = _free_name(session, name)
    before, after = {"team_id": team_id, "name": team.name}, {"team_id": team_id, "name": name}
    with flushed_or(session, "team.name", Conflict("team_name_taken", name=name)):
        team.name = name
    record(session, kinds.ACCESS_CHANGED, member_id=by_member_id, before=before, after=after)


def set_role(session: Session, team_id: int, member_id: int, role: str | None, *, by_member_id: int | None) -> None:
    """Seat a member in a team with this role, or take the seat away with None.

    Whoever calls this sees to the conversations that the member can no longer see (offboarding).
    """
    if role is not None and role not in set(Role):
        raise Invalid("role_unknown", role=role)
    get_team(session, team_id)
    member = session.get(Member, member_id)
    if member is None or (role is not None and member.deactivated_at is not None):
        raise NotFound("member_not_found")
    seat = session.scalar(select(Membership).where(Membership.team_id == team_id, Membership.member_id == member_id))
    before = seat.role if seat else None
    if before == role:
        return
    _reseat(session, seat, team_id, member_id, role)
    whose = {"team_id": team_id, "member_id": member_id}
    record(
        session,
        kinds.ACCESS_CHANGED,
        member_id=by_member_id,
        before={**whose, "role": before},
        after={**whose, "role": role},
    )


def _reseat(session: Session, seat: Membership | None, team_id: int, member_id: int, role: str | None) -> None:
    if role is None:
        session.delete(seat)
    elif seat is None:
        session.add(Membership(team_id=team_id, member_id=member_id, role=role))
    else:
        seat.role = role
    session.flush()


def _free_name(session: Session, given: str) -> str:
    name = check_name(given)
    if session.scalar(select(Team.id).where(Team.name == name)) is not None:
        raise Conflict("team_name_taken", name=name)
    return name
