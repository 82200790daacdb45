"""Methods that end by themselves: a browser that took its subscription back, or in which its member signed out or
was not seen for so long that the sign-in expired.

Such a method reaches nobody: it counts as verified no more, and its member is told by the others that they have.
"""

from flask_babel import force_locale
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.members import sessions
from inbox.members.models import Member, MemberSession
from inbox.notifications import words
from inbox.notifications.models import MethodState, NotificationMethod
from inbox.notifications.queue import list_usable, queue_notice
from inbox.settings import Pace

SIGNED_OUT, SIGN_IN_EXPIRED = "signed_out", "sign_in_expired"
_MOST = 50


def end_method(session: Session, method: NotificationMethod, code: str) -> None:
    """Let a method be told nothing any more, forget its address, and tell its member by their other methods."""
    if method.sealed is None:
        return
    was_verified = method.verified_at is not None
    method.state, method.verified_at, method.sealed, method.code_hash = MethodState.UNVERIFIED, None, None, None
    method.error_code, method.failing_since_at = code, clock.now()
    after = {"member_id": method.member_id, "method": "ended", "kind": method.kind, "why": code}
    record(session, kinds.MEMBER_CHANGED, after=after)
    session.flush()
    member = session.get(Member, method.member_id) if method.member_id is not None else None
    if member is None or member.deactivated_at is not None or not was_verified:
        return
    with force_locale(member.locale or "en"):
        notice = words.ended_notice(method.label or method.hint, code)
    queue_notice(session, notice, list_usable(session, member.id, is_alert=True), member=member, now=clock.now())


def has_signed_out(session: Session, pace: Pace) -> bool:
    """Tell, reading only, whether there is a browser in which its member's sign-in is over."""
    return session.scalar(_signed_out(pace).with_only_columns(NotificationMethod.id).limit(1)) is not None


def end_signed_out(session: Session, pace: Pace) -> int:
    """End the methods of browsers in which their members' sign-ins are over; returns how many."""
    query = _signed_out(pace).order_by(NotificationMethod.id).limit(_MOST)
    rows = session.execute(query.add_columns(MemberSession.ended_at).with_for_update(of=NotificationMethod)).all()
    for row, ended_at in rows:
        end_method(session, row, SIGN_IN_EXPIRED if ended_at is None else SIGNED_OUT)
    return len(rows)


def move_along(session: Session, old_id: int, new_id: int) -> None:
    """Let a browser's methods end with its new sign-in instead of the one before."""
    hang = update(NotificationMethod).where(NotificationMethod.session_id == old_id)
    session.execute(hang.values(session_id=new_id))


def _signed_out(pace: Pace) -> Select[NotificationMethod]:
    query = select(NotificationMethod).join(MemberSession, MemberSession.id == NotificationMethod.session_id)
    return query.where(NotificationMethod.sealed.is_not(None), sessions.is_over(clock.now(), pace))
