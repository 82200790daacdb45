"""Taking access away: the members' side first, then the conversations that somebody can no longer see."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.assign import unassign_lost
from inbox.members import access, admins, grants, teams
from inbox.members.grants import Powers
from inbox.members.models import Membership
from inbox.notifications import incidents


def revoke(session: Session, member_id: int, *, by_member_id: int | None) -> None:
    """Let somebody go: signed out everywhere, no seats, no conversations; raises Conflict for the last admin.

    Incidents that call them elsewhere are ended there.
    """
    admins.deactivate(session, member_id, by_member_id=by_member_id)
    incidents.let_go_of_member(session, member_id, clock.now())
    _unassign(session, [member_id], by_member_id)


def set_role(session: Session, team_id: int, member_id: int, role: str | None, *, by_member_id: int | None) -> None:
    """Change or take away a seat, and take off the member what they can no longer see."""
    teams.set_role(session, team_id, member_id, role, by_member_id=by_member_id)
    _unassign(session, [member_id], by_member_id)


def set_grant(session: Session, team_id: int, channel_id: int, wanted: Powers, *, by_member_id: int | None) -> None:
    """Change what a team may do with a channel, and take off its members what they can no longer see."""
    grants.set_grant(session, team_id, channel_id, wanted, by_member_id=by_member_id)
    seats = select(Membership.member_id).where(Membership.team_id == team_id)
    _unassign(session, session.scalars(seats.order_by(Membership.member_id)).all(), by_member_id)


def _unassign(session: Session, member_ids: Iterable[int], by_member_id: int | None) -> None:
    """Take off members what they can no longer see, with whatever is handed to them at this very moment."""
    ids = list(member_ids)
    session.flush()
    access.begin_taking(session, ids)
    for member_id in ids:
        unassign_lost(session, member_id, because_id=by_member_id)
