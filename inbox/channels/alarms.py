"""Tells those who can mend it of a channel that does not deliver: one alert while it lasts, each notice once.

What needs a person at once raises its alert where its state changes (states.py); here is what time makes of it.
"""

from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from inbox.alerts.models import Alert, AlertKind
from inbox.alerts.raising import close_open, raise_for
from inbox.channels.intervals import is_comment_stream
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.settings import Pace

IN_USE = (ChannelState.ACTIVE.value, ChannelState.NEEDS_YOU.value)


def follow(session: Session, channel: Channel, now: datetime, pace: Pace) -> None:
    """Raise the channel's alert where it needs somebody or fails for long, and close it where that is over."""
    is_wanted, is_open = _is_wanted(session, channel, now, pace), _is_open(session, channel)
    if is_wanted and not is_open:
        _raise(session, channel, AlertKind.CHANNEL, now)
    elif is_open and not is_wanted:
        close_open(session, kind=AlertKind.CHANNEL, channel_id=channel.id, now=now, why="mended")


def is_news(session: Session, channel: Channel, now: datetime, pace: Pace) -> bool:
    """Tell, reading only, whether `follow` or `warn_of_end` would change anything."""
    if _is_wanted(session, channel, now, pace) != _is_open(session, channel):
        return True
    return _count_warnings(channel, now, pace) > (channel.token_warned_count or 0)


def find_failing_since(session: Session, channel: Channel) -> datetime | None:
    """Return since when one of the channel's main streams can't be read to its end, as far as it is not mended.

    A stream that its budget keeps from being read fails as well; the comments of single posts are shown, and tell
    nobody.
    """
    if channel.state != ChannelState.ACTIVE:
        return None
    streams = session.scalars(
        select(ChannelStream).where(ChannelStream.channel_id == channel.id, ChannelStream.failing_since_at.is_not(None))
    )
    times = [one.failing_since_at for one in streams if not (one.is_off or is_comment_stream(one.name))]
    return min((at for at in times if at is not None), default=None)


def tell_quiet(session: Session, channel: Channel, now: datetime) -> None:
    """Tell once that a channel is oddly quiet."""
    _raise(session, channel, AlertKind.QUIET, now, count=1)


def warn_of_end(session: Session, channel: Channel, now: datetime, pace: Pace) -> bool:
    """Tell ahead that a channel's token ends: once at each length that Pace names, of those missed the shortest."""
    count = _count_warnings(channel, now, pace)
    if count <= (channel.token_warned_count or 0):
        return False
    channel.token_warned_count = count
    _raise(session, channel, AlertKind.SIGN_IN_ENDS, now, count=1, due_at=channel.token_expires_at)
    return True


def _count_warnings(channel: Channel, now: datetime, pace: Pace) -> int:
    if channel.token_expires_at is None or channel.token_expires_at <= now or channel.state not in IN_USE:
        return 0
    left = (channel.token_expires_at - now).total_seconds()
    return sum(left <= length for length in pace.token_warned_seconds)


def _is_wanted(session: Session, channel: Channel, now: datetime, pace: Pace) -> bool:
    if channel.state == ChannelState.NEEDS_YOU:
        return True
    since = find_failing_since(session, channel)
    return since is not None and now - since >= timedelta(seconds=pace.channel_alert_seconds)


def _is_open(session: Session, channel: Channel) -> bool:
    session.flush()
    return bool(session.scalar(select(exists().where(Alert.open_key == f"{AlertKind.CHANNEL.value}:{channel.id}:"))))


def _raise(
    session: Session,
    channel: Channel,
    kind: AlertKind,
    now: datetime,
    *,
    count: int | None = None,
    due_at: datetime | None = None,
) -> None:
    raise_for(
        session,
        kind=kind.value,
        channel_id=channel.id,
        escalation_policy_id=None,
        waiting=(),
        is_urgent=False,
        now=now,
        due_at=due_at,
        count=count,
    )
