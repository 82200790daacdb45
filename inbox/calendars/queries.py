"""Reads of calendars: the hours to count by, and the list."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, and_, select
from sqlalchemy.orm import Session

from inbox.calendars.hours import Hours
from inbox.calendars.models import Calendar, CalendarVersion
from inbox.calendars.written import read_hours
from inbox.errors import NotFound

# What was read of each database; a version never changes, and its id is never given again.
_KEPT: WeakKeyDictionary[Engine, dict[int, Hours]] = WeakKeyDictionary()
# Versions made in a session may be rolled back, after which SQLite gives their ids again: they are not kept.
MADE_HERE = "calendar_versions_made"


@dataclass(frozen=True)
class Current:
    """A calendar with the version that holds now."""

    calendar: Calendar
    version: CalendarVersion


def get_hours(session: Session, calendar_version_id: int) -> Hours:
    """Return the hours of a version, from memory after the first time; raises NotFound."""
    bind = session.get_bind()
    kept = _KEPT.setdefault(bind.engine if isinstance(bind, Connection) else bind, {})
    if calendar_version_id in kept:
        return kept[calendar_version_id]
    query = select(CalendarVersion.hours).where(CalendarVersion.id == calendar_version_id)
    written = session.scalar(query)
    if written is None:
        raise NotFound("calendar_not_found")
    hours = read_hours(written)
    if calendar_version_id not in session.info.get(MADE_HERE, ()):
        kept[calendar_version_id] = hours
    return hours


def list_calendars(session: Session, *, with_archived: bool = False) -> list[Current]:
    """List the calendars that are in use by name, with the version that holds now; on demand the archived ones too."""
    query = _current() if with_archived else _current().where(Calendar.archived_at.is_(None))
    rows = session.execute(query.order_by(Calendar.name, Calendar.id))
    return [Current(calendar, version) for calendar, version in rows]


def get_calendar(session: Session, calendar_id: int) -> Current:
    """Return a calendar with the version that holds now; raises NotFound."""
    row = session.execute(_current().where(Calendar.id == calendar_id)).one_or_none()
    if row is None:
        raise NotFound("calendar_not_found")
    return Current(row[0], row[1])


def _current() -> Select[Calendar, CalendarVersion]:
    is_current = and_(CalendarVersion.calendar_id == Calendar.id, CalendarVersion.version == Calendar.version)
    return select(Calendar, CalendarVersion).join(CalendarVersion, is_current)


def list_versions(session: Session, calendar_id: int, most: int) -> list[CalendarVersion]:
    """List the newest versions of a calendar, newest first."""
    query = select(CalendarVersion).where(CalendarVersion.calendar_id == calendar_id)
    return list(session.scalars(query.order_by(CalendarVersion.version.desc()).limit(most)))
