"""The last call: before a desk closes, who sits there is told what falls due until its next shift begins (RULES F)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import LastCall
from inbox.conversations import last_call_words
from inbox.conversations.last_call_words import Call
from inbox.conversations.queries import count_due
from inbox.members.models import Member
from inbox.notifications.queue import notify
from inbox.oncall.models import Rotation, RotationKind
from inbox.oncall.queries import find_closing, list_rotations, who_is_on
from inbox.oncall.shifts import Closing

BEFORE = timedelta(hours=1)


@dataclass(frozen=True)
class Due:
    """Somebody at a desk that closes soon; `count`: what falls due until its next shift, as far as they see it."""

    desk: Rotation
    closing: Closing
    member_id: int
    count: int


def list_due(session: Session) -> list[Due]:
    """List who is to be told something now; nobody of whom nothing falls due, nor at a desk that was told already."""
    now = clock.now()
    found = [
        Due(desk, closing, member_id, count_due(session, member_id, last_call_words.until_at(closing)))
        for desk, closing in _closing(session, now)
        for member_id in who_is_on(session, desk.id, now)
    ]
    return [one for one in found if one.count]


def tell_due(session: Session) -> int:
    """Tell whoever is to be told something; returns how many. Another who does the same meanwhile fails at commit."""
    now = clock.now()
    found = list_due(session)
    for one in found:
        closing = one.closing
        row = LastCall(rotation_id=one.desk.id, member_id=one.member_id, ends_at=closing.ends_at, told_at=now)
        row.next_begins_at = closing.next_begins_at
        session.add(row)
        session.flush()
        zone = session.get_one(Member, one.member_id).time_zone
        make = last_call_words.maker(Call(one.desk.name, one.count, closing, zone, now))
        notify(session, one.member_id, make, alert_id=None, is_alert=False, now=now)
    return len(found)


def find_call(session: Session, member_id: int) -> tuple[LastCall, int] | None:
    """Return what a member was told of a desk that is still open and has not put away, and how much falls due now.

    None once nothing does. Of several desks, that which closes first.
    """
    query = select(LastCall).where(LastCall.member_id == member_id, LastCall.ends_at > clock.now())
    for row in session.scalars(query.where(LastCall.dismissed_at.is_(None)).order_by(LastCall.ends_at, LastCall.id)):
        if count := count_due(session, member_id, last_call_words.until_at(Closing(row.ends_at, row.next_begins_at))):
            return row, count
    return None


def dismiss(session: Session, member_id: int, last_call_id: int) -> None:
    """Put away what a member was told up to this one; what is another's stays."""
    theirs = update(LastCall).where(LastCall.member_id == member_id, LastCall.id <= last_call_id)
    session.execute(theirs.where(LastCall.dismissed_at.is_(None)).values(dismissed_at=clock.now()))


def _closing(session: Session, now: datetime) -> Iterator[tuple[Rotation, Closing]]:
    """Give the desks that close within the hour and have told nobody of it yet."""
    for desk in list_rotations(session):
        closing = find_closing(session, desk.id, now) if desk.kind == RotationKind.DESK else None
        if closing is None or closing.ends_at - now > BEFORE:
            continue
        told = select(LastCall.id).where(LastCall.rotation_id == desk.id, LastCall.ends_at == closing.ends_at)
        if not session.scalar(select(exists(told))):
            yield desk, closing
