"""Calendars put away, which can't be chosen any more, and taken up again; their versions stay as they are."""

from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.calendars.models import Calendar
from inbox.errors import Conflict, NotFound


def archive_calendar(session: Session, calendar: Calendar, *, by_member_id: int) -> None:
    """Put a calendar away: its feed is not read and no holidays are proposed. Whoever calls this asked who uses it."""
    calendar.archived_at, calendar.feed_due_at = clock.now(), None
    _record(session, calendar, by_member_id)


def restore_calendar(session: Session, calendar_id: int, *, by_member_id: int) -> None:
    """Take a calendar up again, and read its feed soon; one that is in use stays as it is. Raises NotFound."""
    calendar = lock(session, calendar_id)
    if calendar.archived_at is None:
        return
    calendar.archived_at = None
    if calendar.feed_url is not None:
        calendar.feed_due_at = clock.now()
    _record(session, calendar, by_member_id)


def lock(session: Session, calendar_id: int) -> Calendar:
    """Return a calendar as it is now, held until the transaction ends; raises NotFound."""
    calendar = session.get(Calendar, calendar_id, with_for_update=True, populate_existing=True)
    if calendar is None:
        raise NotFound("calendar_not_found")
    return calendar


def check_in_use(calendar: Calendar) -> None:
    """Check that a calendar is not put away; raises Conflict."""
    if calendar.archived_at is not None:
        raise Conflict("calendar_archived", name=calendar.name)


def _record(session: Session, calendar: Calendar, by_member_id: int) -> None:
    is_archived = calendar.archived_at is not None
    whose = {"calendar_id": calendar.id, "name": calendar.name}
    before, after = whose | {"is_archived": not is_archived}, whose | {"is_archived": is_archived}
    record(session, kinds.CALENDAR_CHANGED, member_id=by_member_id, before=before, after=after)
    session.flush()
