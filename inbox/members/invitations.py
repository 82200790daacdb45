"""Invitations: a link that lets one person in, once, within 72 hours; shown once, kept as a hash."""

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import Conflict, Invalid, NotFound
from inbox.members.models import Invitation, Member, Membership, Role
from inbox.members.profile import check_name
from inbox.members.sign_in import fold_email
from inbox.members.teams import get_team
from inbox.security import new_token, token_hash
from inbox.settings import Pace


def invite(
    session: Session,
    email: str,
    *,
    by_member_id: int,
    pace: Pace,
    team_id: int | None = None,
    role: str | None = None,
    is_admin: bool = False,
) -> tuple[Invitation, str]:
    """Invite an address and return the row and the link's token; open invitations of it are revoked."""
    email = fold_email(email)
    if session.scalar(select(Member.id).where(Member.email == email)) is not None:
        raise Conflict("already_member", email=email)
    if team_id is not None:
        get_team(session, team_id)
        if role not in set(Role):
            raise Invalid("role_unknown", role=role)
    now = clock.now()
    session.execute(update(Invitation).where(Invitation.email == email, *_is_open()).values(revoked_at=now))
    token = new_token()
    row = Invitation(
        email=email,
        token_hash=token_hash(token),
        is_admin=is_admin,
        team_id=team_id,
        role=role if team_id is not None else None,
        invited_by_id=by_member_id,
        created_at=now,
        expires_at=now + timedelta(seconds=pace.invitation_seconds),
    )
    session.add(row)
    session.flush()
    _record(session, row, by_member_id, "invited")
    return row, token


def list_open(session: Session) -> list[Invitation]:
    """List invitations that were neither accepted nor revoked, expired ones too: they can be renewed."""
    query = select(Invitation).where(*_is_open()).order_by(Invitation.created_at.desc(), Invitation.id.desc())
    return list(session.scalars(query))


def renew(session: Session, invitation_id: int, *, by_member_id: int, pace: Pace) -> tuple[Invitation, str]:
    """Give an open invitation a new link and another 72 hours; the old link is dead."""
    row = _get_open(session, invitation_id)
    token = new_token()
    row.token_hash = token_hash(token)
    row.expires_at = clock.now() + timedelta(seconds=pace.invitation_seconds)
    _record(session, row, by_member_id, "renewed")
    return row, token


def revoke_invitation(session: Session, invitation_id: int, *, by_member_id: int) -> None:
    """Make an open invitation's link useless."""
    row = _get_open(session, invitation_id)
    row.revoked_at = clock.now()
    _record(session, row, by_member_id, "revoked")


def find_valid(session: Session, token: str) -> Invitation | None:
    """Return the invitation of this link if it can still be accepted."""
    query = select(Invitation).where(
        Invitation.token_hash == token_hash(token), *_is_open(), Invitation.expires_at > clock.now()
    )
    return session.scalar(query)


def accept(session: Session, token: str, name: str, password_hash: str) -> Member:
    """Make the invited person a member; raises NotFound if the link is used, revoked, expired or unknown."""
    name = check_name(name)
    now = clock.now()
    query = (
        update(Invitation)
        .where(Invitation.token_hash == token_hash(token), *_is_open(), Invitation.expires_at > now)
        .values(accepted_at=now)
        .returning(Invitation.id)
    )
    invitation_id = session.scalar(query)
    if invitation_id is None:
        raise NotFound("invitation_not_valid")
    row = session.get_one(Invitation, invitation_id)
    if session.scalar(select(Member.id).where(Member.email == row.email)) is not None:
        raise Conflict("already_member", email=row.email)
    return _make_member(session, row, name, password_hash)


def _make_member(session: Session, row: Invitation, name: str, password_hash: str) -> Member:
    member = Member(
        email=row.email,
        name=name,
        password_hash=password_hash,
        is_admin=row.is_admin,
        created_at=clock.now(),
    )
    session.add(member)
    session.flush()
    if row.team_id is not None and row.role is not None:
        session.add(Membership(member_id=member.id, team_id=row.team_id, role=row.role))
        session.flush()
    after = {"member_id": member.id, "team_id": row.team_id, "role": row.role, "is_admin": row.is_admin}
    record(session, kinds.ACCESS_CHANGED, member_id=member.id, after={"invitation_id": row.id, **after})
    return member


def _get_open(session: Session, invitation_id: int) -> Invitation:
    row = session.scalar(select(Invitation).where(Invitation.id == invitation_id, *_is_open()))
    if row is None:
        raise NotFound("invitation_not_found")
    return row


def _is_open() -> tuple[ColumnElement[bool], ...]:
    return Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None)


def _record(session: Session, row: Invitation, by_member_id: int, what: str) -> None:
    after = {
        "invitation_id": row.id,
        "email": row.email,
        "invitation": what,
        "team_id": row.team_id,
        "role": row.role,
        "is_admin": row.is_admin,
    }
    record(session, kinds.ACCESS_CHANGED, member_id=by_member_id, after=after)
