"""Calendars are made and saved: each save is a new version, and the second of two who save at once is told."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.calendars.archive import check_in_use
from inbox.calendars.models import Calendar, CalendarVersion, Source
from inbox.calendars.plan import Plan, read_plan
from inbox.calendars.proposals import supersede
from inbox.calendars.queries import MADE_HERE, Current, get_calendar
from inbox.calendars.written import write_hours
from inbox.errors import Conflict, Invalid
from inbox.taken import flushed_or

LONGEST_NAME = 80


def make_calendar(session: Session, name: str, plan: Plan, *, by_member_id: int | None) -> CalendarVersion:
    """Add a calendar with its first version; raises Invalid, and Conflict if the name is in use."""
    name = _free_name(session, name)
    calendar = Calendar(name=name, version=1, created_at=clock.now(), holidays_until=plan.holidays_until)
    with flushed_or(session, "calendar.name", Conflict("calendar_name_taken", name=name)):
        session.add(calendar)
    version = _add_version(session, calendar, plan, by_member_id)
    _record(session, None, calendar.name, version)
    return version


def save_calendar(
    session: Session, calendar_id: int, name: str, plan: Plan, *, seen_version: int, by_member_id: int | None
) -> CalendarVersion:
    """Make a calendar's next version and return it; the present one, if nothing is different.

    Raises Conflict if the calendar is no longer at `seen_version`, or the name is in use; Invalid; NotFound.
    """
    current = get_calendar(session, calendar_id)
    calendar, old_name = current.calendar, current.calendar.name
    name = name if name == old_name else _free_name(session, name)
    check_in_use(calendar)
    if calendar.version != seen_version:
        raise Conflict("calendar_changed_meanwhile", name=old_name)
    old = read_plan(current.version.plan)
    if plan == old and name == old_name:
        return current.version
    _move_on(session, calendar, name, plan)
    if (plan.country, plan.region) != (old.country, old.region):
        supersede(session, calendar_id, Source.HOLIDAYS)
    version = _add_version(session, calendar, plan, by_member_id)
    _record(session, Current(calendar, current.version), old_name, version)
    return version


def _move_on(session: Session, calendar: Calendar, name: str, plan: Plan) -> None:
    """Number the calendar's next version, unless somebody else has meanwhile."""
    seen = calendar.version
    moved = (
        update(Calendar)
        .where(Calendar.id == calendar.id, Calendar.version == seen)
        .values(version=seen + 1, name=name, holidays_until=plan.holidays_until)
        .returning(Calendar.id)
        .execution_options(synchronize_session=False)
    )
    with flushed_or(session, "calendar.name", Conflict("calendar_name_taken", name=name)):
        found = session.execute(moved).one_or_none()
    if found is None:
        raise Conflict("calendar_changed_meanwhile", name=calendar.name)
    session.refresh(calendar)


def _add_version(session: Session, calendar: Calendar, plan: Plan, by_member_id: int | None) -> CalendarVersion:
    version = CalendarVersion(
        calendar_id=calendar.id,
        version=calendar.version,
        hours=write_hours(plan.hours()),
        plan=plan.written(),
        member_id=by_member_id,
        created_at=clock.now(),
    )
    session.add(version)
    session.flush()
    session.info.setdefault(MADE_HERE, set()).add(version.id)
    return version


def _record(session: Session, before: Current | None, old_name: str, version: CalendarVersion) -> None:
    calendar_id = version.calendar_id
    was = None
    if before is not None:
        was = {"calendar_id": calendar_id, "version": before.version.version, "name": old_name}
    now = {"calendar_id": calendar_id, "version": version.version, "name": session.get_one(Calendar, calendar_id).name}
    record(session, kinds.CALENDAR_CHANGED, member_id=version.member_id, before=was, after=now)


def _free_name(session: Session, given: str) -> str:
    name = " ".join(given.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("calendar_name", most=LONGEST_NAME)
    if session.scalar(select(Calendar.id).where(Calendar.name == name)) is not None:
        raise Conflict("calendar_name_taken", name=name)
    return name
