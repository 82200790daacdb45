"""Who may see and change escalation policies: admins all; leads their teams', and they read the house's."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from inbox.errors import NotAllowed, NotFound
from inbox.escalation.models import EscalationPolicy
from inbox.members.models import Member, Membership, Role, Team


def may_read(session: Session, member: Member) -> bool:
    """Tell whether the member is an admin or leads a team."""
    return member.is_admin or session.scalar(_led(member).limit(1)) is not None


def check_may_read(session: Session, member: Member) -> None:
    """Let admins and leads pass; for others the pages do not exist."""
    if not may_read(session, member):
        raise NotFound("not_found")


def access_policy(session: Session, member: Member, policy_id: int, power: str = "see") -> EscalationPolicy:
    """Return a policy; `power` see, or edit: an admin, or a lead of its team.

    Raises NotFound where the member may not know of it, NotAllowed where they may not change it.
    """
    check_may_read(session, member)
    policy = session.scalar(select(EscalationPolicy).where(EscalationPolicy.id == policy_id, _is_seen(member)))
    if policy is None:
        raise NotFound("escalation_not_found")
    if power == "edit" and not may_edit(member, policy):
        raise NotAllowed("admins_only")
    return policy


def may_edit(member: Member, policy: EscalationPolicy) -> bool:
    """Tell whether who sees a policy may change it: the house's only admins."""
    return member.is_admin or policy.team_id is not None


def list_policies(session: Session, member: Member) -> Sequence[EscalationPolicy]:
    """List the policies that the member may know of: the house's first, then by name."""
    query = select(EscalationPolicy).where(_is_seen(member))
    order = (EscalationPolicy.is_default.desc(), EscalationPolicy.name, EscalationPolicy.id)
    return session.scalars(query.order_by(*order)).all()


def list_led_teams(session: Session, member: Member) -> Sequence[Team]:
    """List the teams for which the member may make policies."""
    query = select(Team) if member.is_admin else select(Team).where(Team.id.in_(_led(member)))
    return session.scalars(query.order_by(Team.name, Team.id)).all()


def list_known_members(session: Session, member: Member) -> Sequence[Member]:
    """List the active members whom the member may name in a step: admins everybody, leads those of their teams."""
    query = select(Member).where(Member.deactivated_at.is_(None))
    if not member.is_admin:
        seats = select(Membership.member_id).where(Membership.team_id.in_(_led(member)))
        query = query.where(Member.id.in_(seats))
    return session.scalars(query.order_by(Member.name, Member.id)).all()


def _is_seen(member: Member) -> ColumnElement[bool]:
    if member.is_admin:
        return EscalationPolicy.id.is_not(None)
    return or_(EscalationPolicy.team_id.is_(None), EscalationPolicy.team_id.in_(_led(member)))


def _led(member: Member) -> Select[int]:
    return select(Membership.team_id).where(Membership.member_id == member.id, Membership.role == Role.LEAD.value)
