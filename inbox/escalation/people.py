"""Who stands behind a step's target at this moment."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from inbox.alerts.models import Alert, AlertTimer
from inbox.escalation.steps import Target, TargetKind
from inbox.members.access import list_colleagues
from inbox.members.models import Member, Membership, Role
from inbox.oncall.queries import who_is_on


@dataclass(frozen=True)
class Person:
    """A member to be told, and as what: the kind of target, and whether a rota says that they are on call."""

    member: Member
    via: TargetKind
    is_on_call: bool = False


def find_people(session: Session, alert: Alert, targets: Iterable[Target], now: datetime) -> list[Person]:
    """Return whom some targets mean now, each once, in their order; those who left are nobody."""
    found: dict[int, Person] = {}
    for target in targets:
        is_on_call = target.kind is TargetKind.ROTATION
        for member in _members(session, alert, target, now):
            known = found.get(member.id)
            if known is None or (is_on_call and not known.is_on_call):
                found[member.id] = Person(member, target.kind, is_on_call)
    return list(found.values())


def list_empty(session: Session, alert: Alert, targets: Iterable[Target], now: datetime) -> list[Target]:
    """Return which of a step's targets were chosen by name and are nobody now: a rota's gap, a team, who left."""
    named = (TargetKind.ROTATION, TargetKind.TEAM, TargetKind.MEMBER)
    return [one for one in targets if one.kind in named and not _members(session, alert, one, now)]


def _members(session: Session, alert: Alert, target: Target, now: datetime) -> list[Member]:
    number = target.number or 0
    match target.kind:
        case TargetKind.ASSIGNEE:
            return _active(session, _each(alert, AlertTimer.assignee_id))
        case TargetKind.TEAM_LEADS:
            return _team_leads(session, alert)
        case TargetKind.ALL_LEADS:
            return _all_leads(session, alert)
        case TargetKind.ADMINS:
            return _active(session, select(Member.id).where(Member.is_admin.is_(True)))
        case TargetKind.MEMBER:
            return _active(session, select(Member.id).where(Member.id == number))
        case TargetKind.TEAM:
            return _active(session, select(Membership.member_id).where(Membership.team_id == number))
        case TargetKind.ROTATION:
            return _in_order(session, who_is_on(session, number, now))
        case TargetKind.WEBHOOK:
            return []


def _team_leads(session: Session, alert: Alert) -> list[Member]:
    """Return the leads of the teams whose work it is; where none is said or none has a lead, the channel's leads."""
    teams = _each(alert, AlertTimer.team_id)
    leads = select(Membership.member_id).where(Membership.role == Role.LEAD.value, Membership.team_id.in_(teams))
    found = _active(session, leads)
    return found or _channel_leads(session, alert)


def _all_leads(session: Session, alert: Alert) -> list[Member]:
    """Return every lead who may know of the channel; where there is none, or no channel, every lead."""
    leads = select(Membership.member_id).where(Membership.role == Role.LEAD.value)
    return _channel_leads(session, alert) or _active(session, leads)


def _channel_leads(session: Session, alert: Alert) -> list[Member]:
    if alert.channel_id is None:
        return []
    return list_colleagues(session, alert.channel_id, is_private=False, power="lead")


def _each(alert: Alert, column: InstrumentedAttribute[int | None]) -> Select[int | None]:
    return select(column).where(AlertTimer.alert_id == alert.id, AlertTimer.gone_at.is_(None), column.is_not(None))


def _active(session: Session, ids: Select[int] | Select[int | None]) -> list[Member]:
    query = select(Member).where(Member.id.in_(ids), Member.deactivated_at.is_(None))
    return list(session.scalars(query.order_by(Member.name, Member.id)))


def _in_order(session: Session, ids: tuple[int, ...]) -> list[Member]:
    found = {member.id: member for member in _active(session, select(Member.id).where(Member.id.in_(ids)))}
    return [found[number] for number in ids if number in found]
