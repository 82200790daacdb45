"""Which policies count by a calendar: one that any of them does is not put away."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.calendars.archive import archive_calendar, check_in_use, lock
from inbox.calendars.models import CalendarVersion
from inbox.errors import Conflict
from inbox.sla.models import SlaPolicy, SlaPolicyVersion


def list_using(session: Session, calendar_id: int) -> Sequence[str]:
    """Return the names of the policies in use that count by any version of a calendar, in order."""
    query = (
        select(SlaPolicyVersion.name)
        .join(SlaPolicy, SlaPolicy.id == SlaPolicyVersion.policy_id)
        .join(CalendarVersion, CalendarVersion.id == SlaPolicyVersion.calendar_version_id)
        .where(CalendarVersion.calendar_id == calendar_id, SlaPolicyVersion.number == SlaPolicy.version)
        .where(SlaPolicy.is_archived.is_(False))
    )
    return session.scalars(query.order_by(SlaPolicy.position, SlaPolicy.id)).all()


def put_away(session: Session, calendar_id: int, *, by_member_id: int) -> None:
    """Archive a calendar; raises Conflict while a policy counts by it, NotFound."""
    calendar = lock(session, calendar_id)
    check_in_use(calendar)
    if names := list_using(session, calendar_id):
        raise Conflict("calendar_in_use", name=calendar.name, policies=", ".join(names))
    archive_calendar(session, calendar, by_member_id=by_member_id)


def check_countable(session: Session, calendar_version_id: int | None) -> None:
    """Check that a policy may count by a version, whose calendar is held against being put away; raises Conflict."""
    if calendar_version_id is not None:
        version = session.get_one(CalendarVersion, calendar_version_id)
        check_in_use(lock(session, version.calendar_id))
