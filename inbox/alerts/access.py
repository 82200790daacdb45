"""Who may know of an alert and take it: admins, the channel's leads, and whoever was told of it.

What reached nobody may be taken by all who work on its channel. Everybody else learns at most that there is such a
thing (RULES F and G): neither its channel nor how many wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Boolean, ColumnElement, and_, column, exists, func, or_, select, table, true
from sqlalchemy.orm import Session

from inbox.alerts.models import TOLD_ONCE, Alert, AlertEvent, AlertKind, AlertState, EventKind
from inbox.errors import NotFound
from inbox.members.access import leads, sees, triages
from inbox.members.models import Member

MOST_SHOWN = 50
# What is told once is no siren, and that the engine stands still has a banner of its own above every page.
_SHOWN_OTHERWISE = [*(kind.value for kind in TOLD_ONCE), AlertKind.ENGINE.value]
_CHANNEL = table("channel", column("id"), column("is_sandbox", Boolean))  # channels lie above


@dataclass(frozen=True)
class Open:
    """An open alert, and whether the member may know what it is about."""

    alert: Alert
    is_known: bool


def knows(member: Member) -> ColumnElement[bool]:
    """SQL on Alert: the member may know of it."""
    if member.is_admin:
        return true()
    was_told = exists().where(
        AlertEvent.alert_id == Alert.id, AlertEvent.member_id == member.id, AlertEvent.kind == EventKind.TOLD.value
    )
    channel_id = func.coalesce(Alert.channel_id, 0)  # what is of no channel is admins' and theirs who were told
    # who was named in a step themselves, or by a rota, hears of channels that they don't see; all others see them still
    by_name = exists().where(
        AlertEvent.alert_id == Alert.id,
        AlertEvent.member_id == member.id,
        AlertEvent.kind == EventKind.TOLD.value,
        AlertEvent.detail["via"].as_string().in_(("member", "rotation")),
    )
    is_still_theirs = or_(Alert.channel_id.is_(None), sees(member.id, channel_id, False), by_name)
    is_for_workers = and_(Alert.state == AlertState.UNREACHABLE.value, triages(member.id, channel_id, False))
    return or_(leads(member.id, channel_id), and_(was_told, is_still_theirs), is_for_workers)


def access_alert(session: Session, member: Member, alert_id: int) -> Alert:
    """Return an alert; raises NotFound where the member may not know of it."""
    alert = session.scalar(select(Alert).where(Alert.id == alert_id, knows(member)))
    if alert is None:
        raise NotFound("alert_not_found")
    return alert


def list_open(session: Session, member: Member) -> Sequence[Open]:
    """List the open alerts for the member's banners and page, those that nobody was reached for first."""
    is_everybodys = and_(
        Alert.state == AlertState.UNREACHABLE.value,
        Alert.kind.not_in(_SHOWN_OTHERWISE),
        func.coalesce(Alert.channel_id, 0).not_in(select(_CHANNEL.c.id).where(_CHANNEL.c.is_sandbox)),
    )
    known = knows(member).label("is_known")
    query = select(Alert, known).where(Alert.state != AlertState.CLOSED.value, or_(known, is_everybodys))
    order = (Alert.state != AlertState.UNREACHABLE.value, Alert.raised_at, Alert.id)
    return [
        Open(alert, bool(is_known)) for alert, is_known in session.execute(query.order_by(*order).limit(MOST_SHOWN))
    ]


def list_closed(session: Session, member: Member, before: int | None = None) -> Sequence[Alert]:
    """List the alerts that are over and that the member may know of, newest first, MOST_SHOWN at once."""
    query = select(Alert).where(Alert.state == AlertState.CLOSED.value, knows(member))
    if before is not None:
        query = query.where(Alert.id < before)
    return session.scalars(query.order_by(Alert.id.desc()).limit(MOST_SHOWN)).all()


def list_events(session: Session, alert_id: int, limit: int = 300) -> Sequence[AlertEvent]:
    """Return an alert's log, newest first."""
    query = select(AlertEvent).where(AlertEvent.alert_id == alert_id)
    return session.scalars(query.order_by(AlertEvent.id.desc()).limit(limit)).all()
