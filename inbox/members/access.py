"""Who may what with a channel: the predicates that every query filters by (RULES G).

A member may what the best of their teams' grants allow, cut by their role in that team. Being an
admin opens nothing here: admins read content only through grants.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, exists, false, or_, select, true
from sqlalchemy.orm import Session

from inbox.bulk import table_of, within, written_out
from inbox.members.models import Grant, Member, Membership, Role

POWERS = ("see", "triage", "answer", "lead")
_WORKERS = written_out((Role.RESPONDER.value, Role.LEAD.value))

# Tables, not models: a statement that loads plain rows stays plain with such a predicate in it.
_GRANT, _MEMBERSHIP = table_of(Grant), table_of(Membership)

Id = SQLColumnExpression[int] | int
Flag = SQLColumnExpression[bool] | bool


def sees_channel(member_id: Id, channel_id: Id) -> ColumnElement[bool]:
    """SQL: the member may see this channel's public side (enough for its page and its name)."""
    return _some_grant(channel_id, _MEMBERSHIP.c.member_id == member_id)


def list_seen_channels(member_id: Id) -> Select[int]:
    """SQL: the channels of which `sees_channel` is true, found once instead of asked of each."""
    return (
        select(_GRANT.c.channel_id)
        .join(_MEMBERSHIP, _MEMBERSHIP.c.team_id == _GRANT.c.team_id)
        .where(_GRANT.c.can_see.is_(True), _MEMBERSHIP.c.member_id == member_id)
    )


def sees(member_id: Id, channel_id: Id, is_private: Flag) -> ColumnElement[bool]:
    """SQL: the member may see this; what is private only where the grant says so."""
    return _some_grant(channel_id, _MEMBERSHIP.c.member_id == member_id, _private_allowed(is_private))


def sees_on_the_way(
    member_id: Id, channel_id: ColumnElement[int], is_private: ColumnElement[bool]
) -> ColumnElement[bool]:
    """SQL: as `sees`, for long lists that are walked in their own order: what is seen is found once, before."""
    seen = list_seen_channels(member_id)
    private = seen.where(_GRANT.c.can_see_private.is_(True))
    return and_(within(channel_id, seen), or_(~is_private, within(channel_id, private)))


def triages(member_id: Id, channel_id: Id, is_private: Flag) -> ColumnElement[bool]:
    """SQL: the member may see this and assign, snooze, finish, label, note."""
    return _some_grant(channel_id, _MEMBERSHIP.c.member_id == member_id, *_power("triage", is_private))


def answers(member_id: Id, channel_id: Id, is_private: Flag) -> ColumnElement[bool]:
    """SQL: the member may also write to the person on the platform."""
    return _some_grant(channel_id, _MEMBERSHIP.c.member_id == member_id, *_power("answer", is_private))


def leads(member_id: int, channel_id: Id) -> ColumnElement[bool]:
    """SQL: the member is a lead in a team that sees this channel."""
    return _some_grant(channel_id, _MEMBERSHIP.c.member_id == member_id, *_power("lead", False))


def may(session: Session, member_id: int, power: str, channel_id: int, is_private: bool) -> bool:
    """Tell whether the member has `power` ("see", "triage", "answer", "lead") there."""
    allowed = _some_grant(channel_id, _MEMBERSHIP.c.member_id == member_id, *_power(power, is_private))
    return bool(session.scalar(select(allowed)))


def rely_on(session: Session, member_id: int) -> None:
    """Let nobody take access from a member until the transaction ends: what was checked still holds at its commit.

    Taken before conversations are locked, as `begin_taking` is.
    """
    session.execute(select(Member.id).where(Member.id == member_id).with_for_update(read=True))


def begin_taking(session: Session, member_ids: Iterable[int]) -> None:
    """Wait for whoever relies on these members' access, and let others wait, until the transaction ends."""
    for member_id in sorted(set(member_ids)):
        session.execute(select(Member.id).where(Member.id == member_id).with_for_update(key_share=True))


def list_colleagues(session: Session, channel_id: int, is_private: bool, power: str = "see") -> list[Member]:
    """List the active members who have `power` there, by name."""
    allowed = _some_grant(channel_id, _MEMBERSHIP.c.member_id == Member.id, *_power(power, is_private))
    query = select(Member).where(Member.deactivated_at.is_(None), allowed).order_by(Member.name, Member.id)
    return list(session.scalars(query))


def _power(power: str, is_private: Flag) -> tuple[ColumnElement[bool], ...]:
    if power == "see":
        return (_private_allowed(is_private),)
    if power == "triage":
        return (_private_allowed(is_private), _MEMBERSHIP.c.role.in_(_WORKERS))
    if power == "answer":
        return (_private_allowed(is_private), _MEMBERSHIP.c.role.in_(_WORKERS), _GRANT.c.can_answer.is_(True))
    if power == "lead":
        return (_private_allowed(is_private), _MEMBERSHIP.c.role == Role.LEAD.value)
    raise ValueError(f"no such power: {power}")


def _private_allowed(is_private: Flag) -> ColumnElement[bool]:
    if isinstance(is_private, bool):
        return _GRANT.c.can_see_private.is_(True) if is_private else true()
    return or_(is_private == false(), _GRANT.c.can_see_private.is_(True))


def _some_grant(channel_id: Id, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    query = (
        select(_GRANT.c.id)
        .join(_MEMBERSHIP, _MEMBERSHIP.c.team_id == _GRANT.c.team_id)
        .where(_GRANT.c.channel_id == channel_id, _GRANT.c.can_see.is_(True), *conditions)
    )
    return exists(query.correlate_except(_GRANT, _MEMBERSHIP))


def sets_policies(session: Session, member: Member) -> bool:
    """Tell whether a member sets what holds for everybody's time: calendars, policies. Admins do, and leads."""
    leading = select(Membership.id).where(Membership.member_id == member.id, Membership.role == Role.LEAD.value)
    return member.is_admin or session.scalar(leading.limit(1)) is not None
