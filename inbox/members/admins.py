"""Admins: made and unmade, never the last; members who leave and come back."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict
from inbox.members import sessions
from inbox.members.models import Member, Membership
from inbox.members.profile import check_name, get_member
from inbox.members.sign_in import fold_email


def list_members(session: Session) -> list[Member]:
    """List all members by name, those who left last."""
    order = (Member.deactivated_at.is_not(None), Member.name, Member.id)
    return list(session.scalars(select(Member).order_by(*order)))


def make_member(session: Session, email: str, name: str, *, is_admin: bool = False) -> Member:
    """Add a member without a password (first.set_one_time gives one); raises Conflict for a known address."""
    email = fold_email(email)
    if session.scalar(select(Member.id).where(Member.email == email)) is not None:
        raise Conflict("already_member", email=email)
    member = Member(email=email, name=check_name(name), is_admin=is_admin, created_at=clock.now())
    session.add(member)
    session.flush()
    after = {"member_id": member.id, "is_admin": is_admin}
    record(session, kinds.ACCESS_CHANGED, after=after)
    return member


def set_admin(session: Session, member_id: int, is_admin: bool, *, by_member_id: int | None) -> None:
    """Make or unmake an admin; raises Conflict if nobody would be left."""
    member = get_member(session, member_id)
    if member.is_admin == is_admin:
        return
    if is_admin and member.deactivated_at is not None:
        raise Conflict("member_is_deactivated")
    if not is_admin:
        _check_not_last(session, member_id)
    member.is_admin = is_admin
    before = {"member_id": member_id, "is_admin": not is_admin}
    after = {"member_id": member_id, "is_admin": is_admin}
    record(session, kinds.ACCESS_CHANGED, member_id=by_member_id, before=before, after=after)


def deactivate(session: Session, member_id: int, *, by_member_id: int | None) -> None:
    """Sign a member out everywhere, empty their seats and let them in no more; raises Conflict for the last admin.

    Called by offboarding/revoke.py, which also sees to their conversations.
    """
    member = get_member(session, member_id)
    if member.deactivated_at is not None:
        return
    if member.is_admin:
        _check_not_last(session, member_id)
    seats = session.execute(
        delete(Membership).where(Membership.member_id == member_id).returning(Membership.team_id, Membership.role)
    ).all()
    before = {
        "member_id": member_id,
        "is_admin": member.is_admin,
        "seats": sorted([team_id, role] for team_id, role in seats),
    }
    member.deactivated_at = clock.now()
    member.is_admin = False
    member.password_hash = None
    member.one_time_until_at = None
    sessions.end_all(session, member_id, by_member_id=by_member_id)
    after = {"member_id": member_id, "is_admin": False, "seats": [], "is_deactivated": True}
    record(session, kinds.ACCESS_CHANGED, member_id=by_member_id, before=before, after=after)


def reactivate(session: Session, member_id: int, *, by_member_id: int | None) -> Member:
    """Let a member back in, without seats; they need a one-time password to sign in."""
    member = get_member(session, member_id)
    if member.deactivated_at is None:
        return member
    member.deactivated_at = None
    after = {"member_id": member_id, "is_deactivated": False}
    record(session, kinds.ACCESS_CHANGED, member_id=by_member_id, after=after)
    return member


def _check_not_last(session: Session, member_id: int) -> None:
    # locked, so that two admins can't unmake each other at the same moment
    admins = select(Member.id).where(Member.is_admin.is_(True), Member.deactivated_at.is_(None))
    if set(session.scalars(admins.order_by(Member.id).with_for_update())) <= {member_id}:
        raise Conflict("last_admin")
