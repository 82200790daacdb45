"""Signing in: found by address, proved by password, admitted with a session of their own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.errors import Invalid
from inbox.members import passwords, sessions
from inbox.members.models import Member
from inbox.settings import Pace


@dataclass(frozen=True)
class Candidate:
    """Whose address was given, and what their password is compared with."""

    member_id: int
    stored: str | None
    one_time_until_at: datetime | None


def fold_email(given: str) -> str:
    """Return an address as it is kept; raises Invalid if it can't be one."""
    email = given.strip().casefold()
    name, at, host = email.partition("@")
    if not (name and at and host) or len(email) > 254 or any(c.isspace() for c in email):
        raise Invalid("email_malformed")
    return email


def find_candidate(session: Session, email: str) -> Candidate | None:
    """Return the active member with this address, or None."""
    query = select(Member).where(Member.email == email.strip().casefold(), Member.deactivated_at.is_(None))
    member = session.scalar(query)
    return Candidate(member.id, member.password_hash, member.one_time_until_at) if member else None


def is_right(candidate: Candidate | None, password: str) -> bool:
    """Compare; as slow for an unknown address as for a known one."""
    return passwords.is_right(candidate.stored if candidate else None, password)


def admit(session: Session, candidate: Candidate, device: str, *, pace: Pace) -> str:
    """Begin the candidate's session and return the cookie's token; raises Invalid.

    A one-time password lets in for its hour until its owner has chosen another: who is called away from the page that
    asks for it comes back. Nothing lets in that was replaced while it was compared.
    """
    if candidate.one_time_until_at is not None and candidate.one_time_until_at <= clock.now():
        raise Invalid("one_time_password_expired")
    is_same = Member.password_hash == candidate.stored
    seen = update(Member).where(Member.id == candidate.member_id, is_same, Member.deactivated_at.is_(None))
    if session.scalar(seen.values(last_active_at=clock.now()).returning(Member.id)) is None:
        raise Invalid("sign_in_wrong")
    _row, token = sessions.begin(session, candidate.member_id, device, pace=pace)
    return token
