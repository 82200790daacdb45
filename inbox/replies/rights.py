"""Whether a member may send a reply, asked when it is written and again before it leaves (RULES D6, G)."""

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.orm import Session

from inbox.errors import NotAllowed
from inbox.members.models import Grant, Member, Membership, Role

_ANSWERING = (
    select(Grant.needs_approval)
    .join(Membership, Membership.team_id == Grant.team_id)
    .join(Member, Member.id == Membership.member_id)
    .where(
        Membership.member_id == bindparam("member_id", type_=BigInteger),
        Member.deactivated_at.is_(None),
        Membership.role.in_((Role.RESPONDER, Role.LEAD)),
        Grant.channel_id == bindparam("channel_id", type_=BigInteger),
        Grant.can_see.is_(True),
        Grant.can_answer.is_(True),
    )
)
_ANSWERING_IN_PRIVATE = _ANSWERING.where(Grant.can_see_private.is_(True))


def find_obstacle(session: Session, member_id: int, channel_id: int, is_private: bool) -> str | None:
    """Return None where the member may answer, else why not: may_not_answer, needs_approval."""
    query = _ANSWERING_IN_PRIVATE if is_private else _ANSWERING
    needs = session.scalars(query, {"member_id": member_id, "channel_id": channel_id}).all()
    if not needs:
        return "may_not_answer"
    return "needs_approval" if all(needs) else None


def require(session: Session, member_id: int, channel_id: int, is_private: bool) -> None:
    """Raise NotAllowed unless the member may answer there."""
    obstacle = find_obstacle(session, member_id, channel_id, is_private)
    if obstacle:
        raise NotAllowed(obstacle)
