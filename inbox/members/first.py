"""A fresh installation: its first member with a one-time password, and whether its first questions were answered."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.members import passwords
from inbox.members.models import Member, Membership, Role, Setup, Team
from inbox.settings import Pace

FIRST_EMAIL = "admin@relevo.local"
# where the launcher leaves the first one-time password when nobody watches the terminal
NOTE = "first-password.txt"
_ONE = 1  # the only row of its table


def make_first_member(session: Session, pace: Pace) -> tuple[Member, str] | None:
    """Add an admin who leads the first team, if nobody is there; return them and the one-time password."""
    if session.scalar(select(Member.id).limit(1)) is not None:
        return None
    member = Member(email=FIRST_EMAIL, name="Admin", is_admin=True, created_at=clock.now())
    team = session.scalar(select(Team).order_by(Team.id).limit(1))
    if team is None:
        team = Team(name="Team", created_at=clock.now())
    session.add_all([member, team])
    session.flush()
    session.add(Membership(member_id=member.id, team_id=team.id, role=Role.LEAD))
    password = passwords.new_one_time()
    set_one_time(session, member, passwords.hash_password(password), pace=pace)
    return member, password


def set_one_time(
    session: Session, member: Member, password_hash: str, *, pace: Pace, by_member_id: int | None = None
) -> None:
    """Replace the member's password by one that works for an hour and must be changed at once.

    The hash is made by the caller, outside the write transaction.
    """
    member.password_hash = password_hash
    member.one_time_until_at = clock.now() + timedelta(seconds=pace.one_time_password_seconds)
    member.must_change_password = True
    after = {"member_id": member.id, "one_time_password": "given"}
    record(session, kinds.MEMBER_CHANGED, member_id=by_member_id, after=after)


def remove_note(data_dir: Path) -> None:
    """Remove the file with the first one-time password, in whose place another was chosen."""
    (data_dir / NOTE).unlink(missing_ok=True)


def is_set_up(session: Session) -> bool:
    """Tell whether an admin answered the first questions, or skipped them."""
    return session.get(Setup, _ONE) is not None


def note_set_up(session: Session, member_id: int, *, is_skipped: bool) -> None:
    """Note that the first questions are answered; who skips what was answered before changes nothing."""
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    values = {"member_id": member_id, "is_skipped": is_skipped, "answered_at": clock.now()}
    first = insert(Setup).values(id=_ONE, **values).on_conflict_do_nothing(index_elements=["id"])
    if (
        session.scalar(first.returning(Setup.id)) is None
    ):  # it was answered before, perhaps by somebody else at this moment
        if is_skipped:
            return
        session.execute(update(Setup).where(Setup.id == _ONE).values(values))
    record(session, kinds.SET_UP, member_id=member_id, after={"is_skipped": is_skipped})
