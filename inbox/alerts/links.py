"""Links by which one member takes one alert: once, within 24 hours, signing nobody in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from inbox.alerts.acknowledge import BY_LINK, acknowledge
from inbox.alerts.models import Alert, AlertLink
from inbox.errors import NotFound
from inbox.members.models import Member
from inbox.security import token_hash
from inbox.settings import Pace


@dataclass(frozen=True)
class Opened:
    """What a link leads to, and whose it is."""

    alert: Alert
    member: Member


def keep(session: Session, token: str, *, alert_id: int, member_id: int, now: datetime, pace: Pace) -> None:
    """Keep a link's hash, so that whoever has its token may take this alert as this member."""
    row = AlertLink(
        alert_id=alert_id,
        member_id=member_id,
        token_hash=token_hash(token),
        created_at=now,
        expires_at=now + timedelta(seconds=pace.alert_link_seconds),
    )
    session.add(row)


def open_link(session: Session, token: str, now: datetime) -> Opened:
    """Return what a link leads to; raises NotFound for one that was used, is old, or is nobody's. Changes nothing."""
    found = session.execute(_valid(token, now)).one_or_none()
    if found is None:
        raise NotFound("alert_link_not_valid")
    _link, alert, member = found
    return Opened(alert, member)


def take_by_link(session: Session, token: str, *, now: datetime, pace: Pace) -> Alert:
    """Take an alert as the link's member, and use the link up.

    Raises NotFound as `open_link` does, and Conflict where somebody has the alert already or it is over.
    """
    link = session.scalar(_valid(token, now).with_only_columns(AlertLink).with_for_update(of=AlertLink))
    if link is None:
        raise NotFound("alert_link_not_valid")
    alert = acknowledge(session, link.alert_id, link.member_id, by=BY_LINK, now=now, pace=pace)
    link.used_at = now
    return alert


def _valid(token: str, now: datetime) -> Select[AlertLink, Alert, Member]:
    return (
        select(AlertLink, Alert, Member)
        .join(Alert, Alert.id == AlertLink.alert_id)
        .join(Member, Member.id == AlertLink.member_id)
        .where(AlertLink.token_hash == token_hash(token), AlertLink.used_at.is_(None), AlertLink.expires_at > now)
        .where(Member.deactivated_at.is_(None))
    )
