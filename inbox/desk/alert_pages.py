"""What the pages and banners of alerts show, read from several subjects."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.alerts.access import Open, list_events
from inbox.alerts.models import TOLD_ONCE, Alert, AlertEvent, AlertKind, AlertState, AlertTimer, EventKind
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation
from inbox.desk.alert_words import NAMED, AlertShown, EventShown, alert_sentence, event_sentence, show_alert, way_words
from inbox.desk.words import person_word, platform_word
from inbox.languages import gettext as _
from inbox.members.access import sees
from inbox.members.models import Member, Team
from inbox.notifications.models import Notification, NotificationMethod
from inbox.notifications.settle import MERGED
from inbox.oncall.models import Rotation
from inbox.outbox.models import Delivery
from inbox.platforms.names import channel_name

MOST_PEOPLE = 50


@dataclass(frozen=True)
class Banner:
    """An open alert above every page; without `alert_id` the member may not know what it is about."""

    alert_id: int | None
    sentence: str
    is_unreachable: bool
    is_unanswered: bool
    is_warning: bool


@dataclass(frozen=True)
class Waiter:
    """Somebody who waits, in a conversation that the member sees."""

    conversation_id: int
    name: str
    due_at: datetime | None


def show_banners(session: Session, found: Sequence[Open], said_of: Collection[int] = ()) -> list[Banner]:
    """Return the banners of open alerts: what somebody has taken has none, nor has a warning that was told.

    `said_of`: the channels above which another banner says already that they need somebody. What the sandbox plays is
    told to nobody, so that nobody could be reached is no news there.
    """
    names = channel_names(session, [one.alert for one in found])
    played = _list_played(session, found)
    banners = []
    for one in found:
        alert = one.alert
        is_lost = alert.state == AlertState.UNREACHABLE and alert.channel_id not in played
        if alert.state == AlertState.ACKNOWLEDGED or (alert.kind in TOLD_ONCE and not is_lost):
            continue
        if alert.kind == AlertKind.CHANNEL and alert.channel_id in said_of:
            continue
        banners.append(
            Banner(
                alert_id=alert.id if one.is_known else None,
                sentence=alert_sentence(alert, names.get(alert.channel_id or 0, ""))
                if one.is_known
                else _unknown(alert),
                is_unreachable=is_lost,
                is_unanswered=alert.unreachable_why == "unanswered",
                is_warning=alert.kind in TOLD_ONCE,
            )
        )
    known = [one for one in banners if one.alert_id is not None]
    return known + [one for one in banners if one.alert_id is None][:1]


def _list_played(session: Session, found: Sequence[Open]) -> set[int | None]:
    ids = {one.alert.channel_id for one in found if one.alert.channel_id is not None}
    return set(session.scalars(select(Channel.id).where(Channel.id.in_(ids), Channel.is_sandbox))) if ids else set()


def _unknown(alert: Alert) -> str:
    """Say of an alert that nobody took what everybody may know."""
    if alert.kind == AlertKind.CHANNEL:
        return _("A channel needs somebody, and nobody took it.")
    return _("People wait too long, and nobody took it.")


def show_alerts(session: Session, alerts: Sequence[Alert]) -> list[AlertShown]:
    """Put alerts into words."""
    channels = channel_names(session, alerts)
    members = member_names(session, [one.acknowledged_by_id for one in alerts])
    return [show_alert(one, channels.get(one.channel_id or 0, ""), members) for one in alerts]


def show_log(session: Session, alert: Alert) -> list[EventShown]:
    """Return an alert's log, newest first: who was told, when, by what, and what came of it."""
    events = list_events(session, alert.id)
    ids = {event.member_id for event in events if event.member_id is not None}
    members = {one.id: one for one in session.scalars(select(Member).where(Member.id.in_(ids)))}
    names = _names(session, events)
    ways = _ways(session, alert.id, min((event.at for event in events), default=alert.raised_at))
    shown = []
    for event in _joined_as_one(events):
        key = (_whose(event.member_id, event.detail.get("webhook")), event.at)
        sentence = event_sentence(event, members.get(event.member_id or 0), names)
        shown.append(EventShown(event.at, sentence, ways.get(key, ()) if _has_ways(event.kind) else ()))
    return shown


def _joined_as_one(events: Iterable[AlertEvent]) -> Iterator[AlertEvent]:
    """Give what joined one after the other as one line, at the time of the last."""
    before: AlertEvent | None = None
    for event in events:
        if before is not None and before.kind == event.kind == EventKind.JOINED:
            count = int(before.detail["count"]) + int(event.detail["count"])
            before = AlertEvent(at=before.at, kind=before.kind, detail={"count": count})
            continue
        if before is not None:
            yield before
        before = event
    if before is not None:
        yield before


def list_waiters(session: Session, alert: Alert, member: Member) -> list[Waiter]:
    """List who waits, longest due first, among those that the member sees."""
    query = (
        select(Conversation.id, Contact.display_name, Contact.handle, AlertTimer.due_at)
        .join(Conversation, Conversation.id == AlertTimer.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(AlertTimer.alert_id == alert.id, AlertTimer.gone_at.is_(None))
        .where(sees(member.id, Conversation.channel_id, Conversation.is_private))
        .order_by(AlertTimer.due_at, AlertTimer.id)
        .limit(MOST_PEOPLE)
    )
    return [Waiter(number, person_word(name, handle), at) for number, name, handle, at in session.execute(query)]


def channel_names(session: Session, alerts: Iterable[Alert]) -> dict[int, str]:
    """Return the names of alerts' channels, by id: with the platform, as a brand has one name on all of them."""
    ids = {alert.channel_id for alert in alerts if alert.channel_id is not None}
    if not ids:
        return {}
    query = select(Channel.id, Channel.platform, Channel.display_name, Channel.handle).where(Channel.id.in_(ids))
    return {
        row.id: channel_name(platform_word(row.platform), row.display_name or row.handle)
        for row in session.execute(query)
    }


def member_names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Return members' names, by id."""
    wanted = {number for number in ids if number is not None}
    if not wanted:
        return {}
    rows = session.execute(select(Member.id, Member.name).where(Member.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def _names(session: Session, events: Sequence[AlertEvent]) -> dict[tuple[str, int], str]:
    """Return what webhooks, rotations and teams in a log are called, by kind and id."""
    columns = {
        "webhook": (NotificationMethod.id, NotificationMethod.hint),
        "rotation": (Rotation.id, Rotation.name),
        "team": (Team.id, Team.name),
    }
    found: dict[tuple[str, int], str] = {}
    for kind in NAMED:
        key, name = columns[kind]
        ids = {int(event.detail[kind]) for event in events if kind in event.detail}
        if ids:
            found |= {(kind, row[0]): row[1] for row in session.execute(select(key, name).where(key.in_(ids)))}
    return found


def _ways(session: Session, alert_id: int, since_at: datetime) -> dict[tuple[str, datetime], tuple[str, ...]]:
    """Return by what an alert was told since then and what became of it, by whom and when it was queued."""
    columns = (Notification.member_id, Notification.method_id, Notification.created_at, NotificationMethod.kind)
    query = (
        select(*columns, Delivery.state, Delivery.reason_code, Delivery.is_resent)
        .join(Delivery, Delivery.id == Notification.delivery_id)
        .outerjoin(NotificationMethod, NotificationMethod.id == Notification.method_id)
        .where(Notification.alert_id == alert_id, Notification.created_at >= since_at)
        .order_by(Notification.id)
    )
    found: dict[tuple[str, datetime], tuple[str, ...]] = {}
    for row in session.execute(query):
        hook = row.method_id if row.member_id is None else None
        key = (_whose(row.member_id, hook), row.created_at)
        state = MERGED if row.reason_code == MERGED else row.state
        found[key] = (*found.get(key, ()), way_words(row.kind or "last_resort", state, row.is_resent))
    return found


def _whose(member_id: int | None, hook: object) -> str:
    if member_id is not None:
        return f"member {member_id}"
    return f"hook {hook}" if hook is not None else "last resort"


def _has_ways(kind: str) -> bool:
    return kind in ("told", "last_resort")
