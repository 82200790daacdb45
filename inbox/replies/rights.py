"""Whether a member may send a reply, asked when it is written and again before it leaves (RULES D6, G)."""

from sqlalchemy import BigInteger, Boolean, ColumnElement, Integer, bindparam, cast, false, func, or_, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of, written_out
from inbox.errors import NotAllowed
from inbox.members.models import Grant, Member, Membership, Role

_GRANT, _MEMBERSHIP, _MEMBER = table_of(Grant), table_of(Membership), table_of(Member)
_WORKERS = written_out((Role.RESPONDER.value, Role.LEAD.value))


def least_need(
    member_id: ColumnElement[int], channel_id: ColumnElement[int], is_private: ColumnElement[bool]
) -> ColumnElement[int | None]:
    """SQL: what stands between the member and an answer there, as `obstacle_of` reads it."""
    return (
        select(func.min(cast(_GRANT.c.needs_approval, Integer)))
        .join(_MEMBERSHIP, _MEMBERSHIP.c.team_id == _GRANT.c.team_id)
        .join(_MEMBER, _MEMBER.c.id == _MEMBERSHIP.c.member_id)
        .where(
            _MEMBERSHIP.c.member_id == member_id,
            _MEMBER.c.deactivated_at.is_(None),
            _MEMBERSHIP.c.role.in_(_WORKERS),
            _GRANT.c.channel_id == channel_id,
            _GRANT.c.can_see.is_(True),
            _GRANT.c.can_answer.is_(True),
            or_(is_private == false(), _GRANT.c.can_see_private.is_(True)),
        )
        .correlate_except(_GRANT, _MEMBERSHIP, _MEMBER)
        .scalar_subquery()
    )


_LEAST = select(
    least_need(
        bindparam("member_id", type_=BigInteger),
        bindparam("channel_id", type_=BigInteger),
        bindparam("is_private", type_=Boolean),
    )
)


def obstacle_of(least: int | None) -> str | None:
    """Return None where one may answer, else why not: no grant may_not_answer, or each of them needs_approval."""
    if least is None:
        return "may_not_answer"
    return "needs_approval" if least else None


def find_obstacle(session: Session, member_id: int, channel_id: int, is_private: bool) -> str | None:
    """Return None where the member may answer, else why not: may_not_answer, needs_approval."""
    values = {"member_id": member_id, "channel_id": channel_id, "is_private": is_private}
    return obstacle_of(session.scalar(_LEAST, values))


def require(session: Session, member_id: int, channel_id: int, is_private: bool) -> None:
    """Raise NotAllowed unless the member may answer there."""
    obstacle = find_obstacle(session, member_id, channel_id, is_private)
    if obstacle:
        raise NotAllowed(obstacle)
