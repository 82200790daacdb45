"""The first reading of a channel, and the one after a gap: history waits for nobody (RULES C6)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.conversations.awaits import Reason
from inbox.conversations.models import Message
from inbox.settings import Pace


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
    return is_importing(channel) and clock_at < channel.connected_at


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
    counts = _count(session, channel)
    channel.import_done_at = clock.now()
    channel.import_waiting_count, channel.import_late_count = counts.waiting, counts.late
    session.flush()
    after = {"import": {"messages": counts.messages, "waiting": counts.waiting, "late": counts.late}}
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id, after=after)
    return counts


def _count(session: Session, channel: Channel) -> ImportCounts:
    history = (Message.channel_id == channel.id, Message.is_history, Message.received_at >= channel.connected_at)
    inbound = (*history, Message.direction == "inbound", Message.gone_at.is_(None))

    def count(*which: object) -> int:
        return session.scalar(select(func.count()).select_from(Message).where(*which)) or 0  # type: ignore[arg-type]

    later = aliased(Message)
    followed = exists().where(
        later.thread_id == Message.thread_id, later.direction == "outbound", later.clock_at >= Message.clock_at
    )
    late = (*inbound, Message.awaits_reason == Reason.BEFORE_IMPORT, Message.settled.is_(None), ~followed)
    return ImportCounts(count(*history), count(*inbound, Message.awaits), count(*late))
