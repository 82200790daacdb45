"""Methods that end by themselves: a browser that took its subscription back, or in which its member signed out.

Such a method reaches nobody: it counts as verified no more, and its member is told by the others that they have.
"""

from collections.abc import Sequence

from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.members.models import Member, MemberSession
from inbox.notifications import words
from inbox.notifications.models import MethodState, NotificationMethod
from inbox.notifications.queue import list_usable, queue_notice

SIGNED_OUT = "signed_out"
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


def has_signed_out(session: Session) -> bool:
    """Tell, reading only, whether there is a browser in which its member signed out since."""
    return session.scalar(_signed_out.with_only_columns(NotificationMethod.id).limit(1)) is not None


def end_signed_out(session: Session) -> int:
    """End the methods of browsers in which their members signed out; returns how many."""
    query = _signed_out.order_by(NotificationMethod.id).limit(_MOST)
    rows: Sequence[NotificationMethod] = session.scalars(query.with_for_update(of=NotificationMethod)).all()
    for row in rows:
        end_method(session, row, SIGNED_OUT)
    return len(rows)


_signed_out = (
    select(NotificationMethod)
    .join(MemberSession, MemberSession.id == NotificationMethod.session_id)
    .where(NotificationMethod.sealed.is_not(None), MemberSession.ended_at.is_not(None))
)
