"""The first reading of a channel, and the one after a gap: history waits for nobody (RULES C6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.alerts.models import AlertKind
from inbox.alerts.raising import raise_for
from inbox.channels import hours
from inbox.channels.habits import WEEKS
from inbox.channels.models import Channel
from inbox.conversations.awaits import Reason
from inbox.conversations.models import Message
from inbox.settings import Pace

_MOST_TIMES = 50_000


@dataclass(frozen=True)
class ImportCounts:
    """What an import found: messages in all, those that wait, and those unanswered for longer than the span."""

    messages: int
    waiting: int
    late: int


def is_importing(channel: Channel) -> bool:
    """Tell whether what the channel shows may be history."""
    return channel.import_done_at is None


def is_history(channel: Channel, clock_at: datetime) -> bool:
    """Tell whether a message was there before the channel was connected (again)."""
    return is_importing(channel) and clock_at < began_at(channel)


def began_at(channel: Channel) -> datetime:
    """Return when the last import began."""
    return channel.import_began_at or channel.connected_at


def is_before_span(channel: Channel, clock_at: datetime) -> bool:
    """Tell whether a message is too old to wait: older than the span that the import lets wait."""
    since = channel.import_since_at
    return is_history(channel, clock_at) and since is not None and clock_at < since


def finish_import(session: Session, channel: Channel, pace: Pace) -> ImportCounts:
    """End an import and write down what it found; called when every stream has been read to its end.

    What is unanswered and younger than the span waits already: our own posts were read first, and each
    answer given on the platform settles what it answers, in whichever order the two came.
    """
    if not is_importing(channel):
        return ImportCounts(0, channel.import_waiting_count, channel.import_late_count)
    counts = count_again(session, channel)
    channel.import_done_at = clock.now()
    hours.seed(session, channel.id, _list_times(session, channel, pace), pace)
    session.flush()
    after = {"import": {"messages": counts.messages, "waiting": counts.waiting, "late": counts.late}}
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id, after=after)
    _tell_late(session, channel)
    return counts


def _tell_late(session: Session, channel: Channel) -> None:
    """Tell the channel's leads once how many people were late already."""
    late = list_late(channel).with_only_columns(Message.conversation_id).distinct()
    people = session.scalar(select(func.count()).select_from(late.subquery())) or 0
    if people:
        raise_for(
            session,
            kind=AlertKind.IMPORT.value,
            channel_id=channel.id,
            escalation_policy_id=None,
            waiting=(),
            is_urgent=False,
            now=clock.now(),
            count=people,
        )


def list_late(channel: Channel) -> Select[Message]:
    """Select what was late already when the channel was connected, or came back: unanswered and older than the span."""
    is_old = Message.awaits_reason == Reason.BEFORE_IMPORT
    return select(Message).where(*_inbound(channel), is_old, Message.settled.is_(None), ~is_followed())


def is_followed() -> ColumnElement[bool]:
    """SQL on Message: we said something in its thread afterwards."""
    later = aliased(Message)
    return exists().where(
        later.thread_id == Message.thread_id, later.direction == "outbound", later.clock_at >= Message.clock_at
    )


def count_again(session: Session, channel: Channel) -> ImportCounts:
    """Count what the last import found, as it stands now, and keep it for the channel's page."""
    counts = _count(session, channel)
    channel.import_waiting_count, channel.import_late_count = counts.waiting, counts.late
    return counts


def _history(channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return Message.channel_id == channel.id, Message.is_history.is_(True), Message.received_at >= began_at(channel)


def _inbound(channel: Channel) -> tuple[ColumnElement[bool], ...]:
    return (*_history(channel), Message.direction == "inbound", Message.gone_at.is_(None))


def _count(session: Session, channel: Channel) -> ImportCounts:
    def count(query: Select[Message]) -> int:
        return session.scalar(select(func.count()).select_from(query.with_only_columns(Message.id).subquery())) or 0

    waiting = select(Message).where(*_inbound(channel), Message.awaits)
    return ImportCounts(count(select(Message).where(*_history(channel))), count(waiting), count(list_late(channel)))


def _list_times(session: Session, channel: Channel, pace: Pace) -> Sequence[datetime]:
    since = clock.now() - timedelta(seconds=pace.quiet_week_seconds * WEEKS)
    found = select(Message.clock_at).where(*_inbound(channel), Message.clock_at >= since)
    return session.scalars(found.order_by(Message.id.desc()).limit(_MOST_TIMES)).all()
