"""What a feed or the coming years would change waits as a proposal, until a lead accepts or declines it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.calendars.models import Calendar, CalendarProposal, Source
from inbox.calendars.plan import Day, Plan, read_days, read_plan, write_days
from inbox.calendars.queries import get_calendar
from inbox.errors import Conflict, NotFound


def propose(session: Session, calendar_id: int, source: Source, days: Sequence[Day]) -> CalendarProposal | None:
    """Keep dates for a lead to decide about; None if they change nothing, or were declined before.

    Only what is still to come counts. A proposal that waits already gives way to the new one. Raises NotFound.
    """
    today = clock.now().date()
    session.execute(select(Calendar.id).where(Calendar.id == calendar_id).with_for_update())  # one proposal at a time
    plan = read_plan(get_calendar(session, calendar_id).version.plan)
    wanted = coming(days, today)
    waiting = _find_open(session, calendar_id, source)
    if waiting is not None and coming(read_days(waiting.days), today) == wanted:
        return waiting
    supersede(session, calendar_id, source)
    if coming(plan.of(source), today) == wanted or _was_declined(session, calendar_id, source, wanted, today):
        return None
    row = CalendarProposal(calendar_id=calendar_id, source=source, days=write_days(days), created_at=clock.now())
    session.add(row)
    session.flush()
    after = {"calendar_id": calendar_id, "source": source.value, "proposal_id": row.id}
    record(session, kinds.CALENDAR_PROPOSED, after=after)
    return row


def coming(days: Sequence[Day], today: date) -> set[tuple[date, str]]:
    """Return the dates and names that are not over."""
    return {(one.day, one.name) for one in days if one.day >= today}


def merge(plan: Plan, proposal: CalendarProposal, today: date) -> Plan:
    """Return the plan as it would be with a proposal: its dates instead of those to come of the same source."""
    source, proposed = Source(proposal.source), read_days(proposal.days)
    over = [one for one in plan.of(source) if one.day < today]
    merged = plan.with_days(source, [*over, *(one for one in proposed if one.day >= today)])
    if source is Source.HOLIDAYS and proposed:
        merged = replace(merged, holidays_until=max(one.day.year for one in proposed))
    return merged


def list_open(session: Session, calendar_id: int) -> list[CalendarProposal]:
    """List what waits to be decided about a calendar."""
    return list(session.scalars(_open_of(calendar_id).order_by(CalendarProposal.id)))


def list_waiting(session: Session) -> set[int]:
    """Return the calendars about which something waits to be decided."""
    return set(session.scalars(select(CalendarProposal.calendar_id).where(CalendarProposal.decided_at.is_(None))))


def take(
    session: Session, calendar_id: int, proposal_id: int, *, is_accepted: bool, by_member_id: int
) -> CalendarProposal:
    """Settle a proposal for whoever was first; raises NotFound, and Conflict if it is settled already."""
    row = session.get(CalendarProposal, proposal_id, with_for_update=True)
    if row is None or row.calendar_id != calendar_id:
        raise NotFound("calendar_not_found")
    if row.decided_at is not None:
        raise Conflict("proposal_is_decided")
    row.decided_at, row.is_accepted, row.member_id = clock.now(), is_accepted, by_member_id
    session.flush()
    return row


def decline(session: Session, calendar_id: int, proposal_id: int, *, by_member_id: int) -> None:
    """Leave a calendar as it is; the same dates are not proposed again. Raises NotFound, Conflict."""
    take(session, calendar_id, proposal_id, is_accepted=False, by_member_id=by_member_id)
    after = {"calendar_id": calendar_id, "proposal_id": proposal_id, "is_accepted": False}
    record(session, kinds.CALENDAR_PROPOSED, member_id=by_member_id, after=after)


def supersede(session: Session, calendar_id: int, source: Source) -> None:
    """Take back what waits to be decided."""
    session.execute(
        update(CalendarProposal)
        .where(
            CalendarProposal.calendar_id == calendar_id,
            CalendarProposal.source == source,
            CalendarProposal.decided_at.is_(None),
        )
        .values(decided_at=clock.now())
    )


def _find_open(session: Session, calendar_id: int, source: Source) -> CalendarProposal | None:
    return session.scalar(_open_of(calendar_id).where(CalendarProposal.source == source))


def _open_of(calendar_id: int) -> Select[CalendarProposal]:
    return select(CalendarProposal).where(
        CalendarProposal.calendar_id == calendar_id, CalendarProposal.decided_at.is_(None)
    )


def _was_declined(
    session: Session, calendar_id: int, source: Source, wanted: set[tuple[date, str]], today: date
) -> bool:
    """Tell whether the last that a lead decided was to leave these dates alone."""
    last = session.scalar(
        select(CalendarProposal)
        .where(
            CalendarProposal.calendar_id == calendar_id,
            CalendarProposal.source == source,
            CalendarProposal.is_accepted.is_not(None),
        )
        .order_by(CalendarProposal.id.desc())
        .limit(1)
    )
    return last is not None and last.is_accepted is False and coming(read_days(last.days), today) == wanted
