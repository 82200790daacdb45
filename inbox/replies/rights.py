"""Whether a member may send a reply, asked when it is written and again before it leaves (RULES D6, G)."""

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from inbox.errors import NotAllowed
from inbox.members.models import Grant, Member, Membership, Role


def find_obstacle(session: Session, member_id: int, channel_id: int, is_private: bool) -> str | None:
    """Return None where the member may answer, else why not: may_not_answer, needs_approval."""
    query = (
        select(Grant.needs_approval)
        .join(Membership, Membership.team_id == Grant.team_id)
        .join(Member, Member.id == Membership.member_id)
        .where(
            Membership.member_id == member_id,
            Member.deactivated_at.is_(None),
            Membership.role.in_((Role.RESPONDER, Role.LEAD)),
            Grant.channel_id == channel_id,
            Grant.can_see.is_(True),
            Grant.can_answer.is_(True),
            Grant.can_see_private.is_(True) if is_private else true(),
        )
    )
    needs = session.scalars(query).all()
    if not needs:
        return "may_not_answer"
    return "needs_approval" if all(needs) else None


def require(session: Session, member_id: int, channel_id: int, is_private: bool) -> None:
    """Raise NotAllowed unless the member may answer there."""
    obstacle = find_obstacle(session, member_id, channel_id, is_private)
    if obstacle:
        raise NotAllowed(obstacle)
