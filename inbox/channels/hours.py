"""How many messages each hour brought a channel, kept for eight weeks: what its silences are compared with."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Insert, Select, delete, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox.channels.habits import WEEKS, Silence, compare
from inbox.channels.models import Channel, ChannelHour
from inbox.settings import Pace


def hour_of(at: datetime, pace: Pace) -> datetime:
    """Return the beginning of the hour that a time is in."""
    length = pace.quiet_hour_seconds
    return datetime.fromtimestamp(at.timestamp() // length * length, UTC)


def note(session: Session, channel_id: int, at: datetime, count: int, pace: Pace) -> None:
    """Count messages that just came."""
    if count:
        session.execute(_upsert(session.get_bind().dialect.name), [_row(channel_id, hour_of(at, pace), count)])


def seed(session: Session, channel_id: int, times: Iterable[datetime], pace: Pace) -> None:
    """Begin with what an import found; not where hours are counted already."""
    if session.scalar(select(exists().where(ChannelHour.channel_id == channel_id))):
        return
    counts: dict[datetime, int] = {}
    for at in times:
        hour = hour_of(at, pace)
        counts[hour] = counts.get(hour, 0) + 1
    rows = [_row(channel_id, hour, counts[hour]) for hour in sorted(counts)]
    if rows:
        session.execute(_upsert(session.get_bind().dialect.name), rows)


def list_old(now: datetime, pace: Pace) -> Select[int]:
    """Select the hours that no silence is compared with any more, by their channel."""
    before = now - timedelta(seconds=pace.quiet_week_seconds * (WEEKS + 2))
    return select(ChannelHour.channel_id).where(ChannelHour.hour_at < before)


def drop_old(session: Session, now: datetime, pace: Pace) -> None:
    """Forget those hours."""
    before = now - timedelta(seconds=pace.quiet_week_seconds * (WEEKS + 2))
    session.execute(delete(ChannelHour).where(ChannelHour.hour_at < before))


def read_silence(session: Session, channel: Channel, now: datetime, pace: Pace) -> Silence:
    """Compare a channel's present silence, in whole hours and at most a week of it, with the weeks before."""
    hour, week = pace.quiet_hour_seconds, timedelta(seconds=pace.quiet_week_seconds)
    if channel.last_message_at is None:
        return compare(0, ())
    since = hour_of(channel.last_message_at, pace) + timedelta(seconds=hour)
    until = min(hour_of(now, pace), since + week)
    is_longer = now > since + week
    hours = int((until - since).total_seconds() // hour)
    first = session.scalar(select(func.min(ChannelHour.hour_at)).where(ChannelHour.channel_id == channel.id))
    if hours <= 0 or first is None:
        return compare(max(hours, 0), ())
    windows = [(since - week * number, until - week * number) for number in range(1, WEEKS + 1)]
    windows = [window for window in windows if window[0] >= first]
    return compare(hours, _sums(session, channel.id, windows), is_longer=is_longer)


def _sums(session: Session, channel_id: int, windows: list[tuple[datetime, datetime]]) -> list[int]:
    if not windows:
        return []
    inside = or_(*((ChannelHour.hour_at >= begin) & (ChannelHour.hour_at < end) for begin, end in windows))
    rows = session.execute(
        select(ChannelHour.hour_at, ChannelHour.count.label("brought")).where(
            ChannelHour.channel_id == channel_id, inside
        )
    ).all()
    return [sum(row.brought for row in rows if begin <= row.hour_at < end) for begin, end in windows]


def _row(channel_id: int, hour_at: datetime, count: int) -> dict[str, object]:
    return {"channel_id": channel_id, "hour_at": hour_at, "count": count}


def _upsert(dialect: str) -> Insert:
    statement = postgresql.insert(ChannelHour) if dialect == "postgresql" else sqlite.insert(ChannelHour)
    return statement.on_conflict_do_update(
        index_elements=["channel_id", "hour_at"], set_={"count": ChannelHour.count + statement.excluded["count"]}
    )
