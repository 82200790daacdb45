"""Sign-ins as rows: begun, found by the cookie's token, listed, ended."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.errors import NotFound
from inbox.members.models import Member, MemberSession
from inbox.security import new_token, token_hash
from inbox.settings import Pace

COOKIE = "relevo_session"

_IS_LIVE: tuple[ColumnElement[bool], ...] = (
    MemberSession.ended_at.is_(None),
    MemberSession.expires_at > bindparam("now"),
    MemberSession.last_seen_at > bindparam("idle_since"),
    Member.deactivated_at.is_(None),
)
# Asked by every request, so it stands ready (decision 0012).
_LIVE = (
    select(MemberSession.id, MemberSession.last_seen_at, Member)
    .join(Member, Member.id == MemberSession.member_id)
    .where(MemberSession.token_hash == bindparam("token_hash"), *_IS_LIVE)
)
_LIVE_OF_MEMBER = (
    select(MemberSession)
    .join(Member, Member.id == MemberSession.member_id)
    .where(MemberSession.member_id == bindparam("member_id"), *_IS_LIVE)
    .order_by(MemberSession.last_seen_at.desc(), MemberSession.id.desc())
)


Heir = Callable[[Session, int, int], None]
_heirs: list[Heir] = []


class Live(NamedTuple):
    """A session that goes on, and whose it is."""

    id: int
    last_seen_at: datetime
    member: Member


def begin(session: Session, member_id: int, device: str, *, pace: Pace) -> tuple[MemberSession, str]:
    """Start a session and return its row and the token for the cookie, which is kept nowhere else."""
    now = clock.now()
    token = new_token()
    row = MemberSession(
        member_id=member_id,
        token_hash=token_hash(token),
        device=device,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(seconds=pace.session_life_seconds),
    )
    session.add(row)
    session.flush()
    return row, token


def find_live(session: Session, token: str, *, pace: Pace) -> Live | None:
    """Return the session of this token and its member, or None if it ended, idled out or expired."""
    values = {"token_hash": token_hash(token)} | _live_values(clock.now(), pace)
    found = session.execute(_LIVE, values).one_or_none()
    return Live(*found) if found else None


def list_live(session: Session, member_id: int, *, pace: Pace) -> list[MemberSession]:
    """List where the member is signed in, most recently seen first."""
    values = {"member_id": member_id} | _live_values(clock.now(), pace)
    return list(session.scalars(_LIVE_OF_MEMBER, values))


def end(session: Session, member_id: int, session_id: int, *, by_member_id: int) -> None:
    """End one session of the member; raises NotFound if it is not theirs or has ended."""
    if not _end(session, member_id, by_member_id, MemberSession.id == session_id):
        raise NotFound("session_not_found")


def end_all(session: Session, member_id: int, *, by_member_id: int | None, but: int | None = None) -> int:
    """End every session of the member, `but` one, and return how many were open."""
    kept = MemberSession.id != but if but is not None else MemberSession.id.is_not(None)
    return _end(session, member_id, by_member_id, kept)


def add_heir(heir: Heir) -> None:
    """Have what hangs on a sign-in move along when its browser signs in anew: given the old one's id and the new's."""
    if heir not in _heirs:
        _heirs.append(heir)


def hand_over(session: Session, member_id: int, old_token: str, new_token: str) -> None:
    """End the sign-in that a member's browser brought when it signed in anew, and move along what hangs on it.

    One that was ended before, by whomever, hands nothing over.
    """
    hashes = (token_hash(old_token), token_hash(new_token))
    old_id, new_id = (session.scalar(select(MemberSession.id).where(MemberSession.token_hash == one)) for one in hashes)
    if old_id is None or new_id is None or not _end(session, member_id, member_id, MemberSession.id == old_id):
        return
    for heir in _heirs:
        heir(session, old_id, new_id)


def is_over(now: datetime, pace: Pace) -> ColumnElement[bool]:
    """Return the condition that a sign-in goes on no more: ended, expired or idle for too long."""
    idle_since = now - timedelta(seconds=pace.session_idle_seconds)
    row = MemberSession
    return or_(row.ended_at.is_not(None), row.expires_at <= now, row.last_seen_at <= idle_since)


def _end(session: Session, member_id: int, by_member_id: int | None, which: ColumnElement[bool]) -> int:
    query = (
        update(MemberSession)
        .where(MemberSession.member_id == member_id, MemberSession.ended_at.is_(None), which)
        .values(ended_at=clock.now())
        .returning(MemberSession.id)
    )
    ended = list(session.scalars(query))
    if ended:
        after = {"member_id": member_id, "session_ids": sorted(ended)}
        record(session, kinds.SESSION_ENDED, member_id=by_member_id, after=after)
    return len(ended)


def _live_values(now: datetime, pace: Pace) -> dict[str, datetime]:
    return {"now": now, "idle_since": now - timedelta(seconds=pace.session_idle_seconds)}
