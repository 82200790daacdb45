"""Who may plan: admins, and whoever leads a team; everybody who is signed in may read who is on."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from inbox.errors import NotAllowed
from inbox.members.models import Member, Membership, Role


def may_plan(session: Session, member: Member) -> bool:
    """Tell whether a member may make and change rotations."""
    leads = select(Membership.id).where(Membership.member_id == member.id, Membership.role == Role.LEAD.value)
    return member.is_admin or bool(session.scalar(select(exists(leads))))


def check_may_plan(session: Session, member: Member) -> None:
    """Check that a member may make and change rotations; raises NotAllowed."""
    if not may_plan(session, member):
        raise NotAllowed("leads_only")


def list_choosable(session: Session, member: Member) -> list[Member]:
    """List the active members whom a planner may put into a rotation, by name: a lead those of the teams they lead."""
    query = select(Member).where(Member.deactivated_at.is_(None)).order_by(Member.name, Member.id)
    if not member.is_admin:
        led = select(Membership.team_id).where(Membership.member_id == member.id, Membership.role == Role.LEAD.value)
        query = query.where(Member.id.in_(select(Membership.member_id).where(Membership.team_id.in_(led))))
    return list(session.scalars(query))
