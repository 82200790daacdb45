"""Which promise a conversation has: the first policy, in order, that fits it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.calendars.hours import ALWAYS, Hours
from inbox.calendars.models import Calendar, CalendarVersion
from inbox.calendars.queries import get_hours
from inbox.sla.deadlines import Promise
from inbox.sla.models import SlaPolicy, SlaPolicyVersion

_CURRENT = (
    select(SlaPolicyVersion)
    .join(SlaPolicy, SlaPolicy.id == SlaPolicyVersion.policy_id)
    .where(SlaPolicyVersion.number == SlaPolicy.version, SlaPolicy.is_archived.is_(False))
    .order_by(SlaPolicy.position, SlaPolicy.id)
)


@dataclass(frozen=True)
class Facts:
    """A conversation as far as its promise and its reports need it."""

    conversation_id: int
    channel_id: int
    is_private: bool
    kind: str
    team_id: int | None
    assignee_id: int | None
    priority: str
    label_ids: tuple[int, ...] = ()  # rising
    is_snoozed: bool = False


def list_current(session: Session) -> Sequence[SlaPolicyVersion]:
    """Return the policies as they stand now, in the order in which they are tried."""
    return session.scalars(_CURRENT).all()


def get_version(session: Session, policy_id: int, number: int) -> SlaPolicyVersion:
    """Return one version of a policy."""
    found = (SlaPolicyVersion.policy_id == policy_id, SlaPolicyVersion.number == number)
    return session.scalars(select(SlaPolicyVersion).where(*found)).one()


def list_versions(session: Session, policy_id: int, limit: int) -> Sequence[SlaPolicyVersion]:
    """List a policy's versions, newest first."""
    query = select(SlaPolicyVersion).where(SlaPolicyVersion.policy_id == policy_id)
    return session.scalars(query.order_by(SlaPolicyVersion.number.desc()).limit(limit)).all()


def find_calendar(session: Session, version: SlaPolicyVersion) -> Calendar | None:
    """Return the calendar by which a policy counts; None: around the clock."""
    query = select(Calendar).join(CalendarVersion, CalendarVersion.calendar_id == Calendar.id)
    return session.scalar(query.where(CalendarVersion.id == version.calendar_version_id))


def is_calendar_newer(session: Session, version: SlaPolicyVersion, calendar: Calendar) -> bool:
    """Tell whether a policy's calendar has another version since; it is offered, never taken by itself (C4)."""
    newest = (CalendarVersion.calendar_id == calendar.id, CalendarVersion.version == calendar.version)
    return session.scalar(select(CalendarVersion.id).where(*newest)) != version.calendar_version_id


def fits_everything(version: SlaPolicyVersion) -> bool:
    """Tell whether a policy asks for nothing, so that none behind it is ever reached; pure."""
    return not (version.channel_ids or version.team_ids or version.priorities or version.label_ids)


def find_fitting(versions: Sequence[SlaPolicyVersion], facts: Facts) -> SlaPolicyVersion | None:
    """Return the first policy that fits; None: nothing was promised to this person."""
    return next((one for one in versions if fits(one, facts)), None)


def fits(version: SlaPolicyVersion, facts: Facts) -> bool:
    """Tell whether a conversation has one of each that the policy asks for; pure."""
    if version.channel_ids and facts.channel_id not in version.channel_ids:
        return False
    if version.team_ids and facts.team_id not in version.team_ids:
        return False
    if version.priorities and facts.priority not in version.priorities:
        return False
    return not version.label_ids or not set(facts.label_ids).isdisjoint(version.label_ids)


def promise_of(session: Session, version: SlaPolicyVersion) -> Promise:
    """Return what a policy version promises, with its open hours."""
    hours: Hours = ALWAYS
    if version.calendar_version_id is not None:
        hours = get_hours(session, version.calendar_version_id)
    return Promise(version.target_seconds, hours, tuple(version.warnings))
