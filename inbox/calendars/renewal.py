"""Proposals are accepted, and the holidays of coming years are proposed before the known ones run out."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.calendars.models import Calendar, CalendarVersion, Source
from inbox.calendars.plan import Plan, read_plan
from inbox.calendars.proposals import merge, propose, take
from inbox.calendars.public_holidays import YEARS_AHEAD, find_holidays
from inbox.calendars.queries import get_calendar
from inbox.calendars.versions import save_calendar

# Beyond this a due time is hardly ever: when fewer days than these have their holidays, the next years are proposed.
_AHEAD = timedelta(days=400)


def accept(
    session: Session, calendar_id: int, proposal_id: int, *, seen_version: int, by_member_id: int
) -> CalendarVersion:
    """Make a version with what was proposed; raises NotFound, and Conflict if that or the calendar has moved on."""
    proposal = take(session, calendar_id, proposal_id, is_accepted=True, by_member_id=by_member_id)
    current = get_calendar(session, calendar_id)
    plan = merge(read_plan(current.version.plan), proposal, clock.now().date())
    name = current.calendar.name
    return save_calendar(session, calendar_id, name, plan, seen_version=seen_version, by_member_id=by_member_id)


def with_holidays(plan: Plan, country: str, region: str) -> Plan:
    """Return the plan with the public holidays of a place, this year's and the next two; raises Invalid.

    Of the same place what is known is kept as it is. "" takes the holidays away.
    """
    first = clock.now().year
    if (country, region) == (plan.country, plan.region) and (plan.holidays_until or 0) >= first:
        return plan
    if not country:
        return replace(plan.with_days(Source.HOLIDAYS, ()), country="", region="", holidays_until=None)
    known = plan if country == plan.country else plan.with_days(Source.HOLIDAYS, ())
    last = first + YEARS_AHEAD
    fresh = known.with_days(Source.HOLIDAYS, find_holidays(country, region, first, last))
    return replace(fresh, country=country, region=region, holidays_until=last)


def are_running_out() -> ColumnElement[bool]:
    """SQL: the years whose holidays a calendar has end within about a year."""
    return and_(Calendar.holidays_until < (clock.now() + _AHEAD).year, Calendar.archived_at.is_(None))


def propose_holidays(session: Session) -> int:
    """Propose the holidays of the coming years where those known run out; returns for how many calendars."""
    count = 0
    for calendar_id in session.scalars(select(Calendar.id).where(are_running_out())).all():
        plan = read_plan(get_calendar(session, calendar_id).version.plan)
        first = clock.now().year
        days = find_holidays(plan.country, plan.region, first, first + YEARS_AHEAD)
        count += propose(session, calendar_id, Source.HOLIDAYS, days) is not None
    return count
