"""The hours of a version are read once, and never those of another database or of what was rolled back."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from inbox import clock
from inbox.calendars.hours import CLOSED, WHOLE_DAY, Hours, Period
from inbox.calendars.models import Calendar, CalendarVersion
from inbox.calendars.queries import get_hours, list_calendars
from inbox.calendars.written import write_hours
from inbox.errors import NotFound

HOURS = Hours(
    "Europe/Madrid", (*((Period(540, 840), Period(960, 1560)),) * 5, CLOSED, WHOLE_DAY), {date(2026, 12, 25): CLOSED}
)


def make_version(session: Session, hours: Hours) -> int:
    calendar = Calendar(name=f"Office {hours.zone}", version=1, created_at=clock.now())
    session.add(calendar)
    session.flush()
    row = CalendarVersion(calendar_id=calendar.id, version=1, hours=write_hours(hours), plan={}, created_at=clock.now())
    session.add(row)
    session.flush()
    return row.id


def test_hours_come_back_as_they_were_written(session: Session) -> None:
    version_id = make_version(session, HOURS)
    assert get_hours(session, version_id) == HOURS
    assert [one.version.id for one in list_calendars(session)] == [version_id]
    with pytest.raises(NotFound):
        get_hours(session, version_id + 1)


def test_a_version_is_read_once(session: Session, asked: dict[str, Any]) -> None:
    version_id = make_version(session, HOURS)
    get_hours(session, version_id)
    session.commit()
    asked.clear()
    assert get_hours(session, version_id) == HOURS
    assert not asked
