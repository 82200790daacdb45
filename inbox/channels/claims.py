"""Who reads which stream now: claims under a lease, fair between channels, two at once a host (RULES E4)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, or_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.security import new_token
from inbox.settings import Pace

POLLS_PER_HOST = 2
# Hosts that did not answer in time are only probed: by one stream each, and by so many at once in all.
PROBES_AT_ONCE = 3
SILENT = "timeout"
LOST_LIMIT = 3
_IS_SILENT = func.coalesce(ChannelStream.failure_code, "") == SILENT


@dataclass(frozen=True)
class Claim:
    """The right to read one stream until the lease ends; `token` fences what is written."""

    stream_id: int
    channel_id: int
    token: str
    is_probe: bool = False


def has_due(session: Session) -> bool:
    """Tell whether any stream is due: the sweep's first look, which takes no write lock."""
    return session.scalar(select(ChannelStream.id).where(_due(clock.now())).limit(1)) is not None


def claim_due(
    session: Session, pace: Pace, limit: int, channel_id: int | None = None, *, probes: int = PROBES_AT_ONCE
) -> list[Claim]:
    """Claim up to `limit` due streams of channels in use; of each channel that is due first what is due longest.

    Hosts that answer come first; of the others one stream a host, as long as fewer than `probes` are being asked.
    The caller commits before the network is touched.
    """
    now = clock.now()
    claims = _claim(session, now, pace, limit, channel_id, is_probe=False)
    left = min(limit - len(claims), probes - _count_probes(session, now))
    return claims + (_claim(session, now, pace, left, channel_id, is_probe=True) if left > 0 else [])


def _claim(
    session: Session, now: datetime, pace: Pace, limit: int, channel_id: int | None, *, is_probe: bool
) -> list[Claim]:
    ids = list(session.scalars(_fair(now, limit, channel_id, is_probe=is_probe)))
    if not ids:
        return []
    locked = select(ChannelStream).where(ChannelStream.id.in_(ids), _due(now)).with_for_update(skip_locked=True)
    found = {one.id: one for one in session.scalars(locked.execution_options(populate_existing=True))}
    claims = [_take(found[number], now, pace, is_probe=is_probe) for number in ids if number in found]
    session.flush()
    return [claim for claim in claims if claim is not None]


def _fair(now: datetime, limit: int, channel_id: int | None, *, is_probe: bool) -> Select[int]:
    """Select the streams to claim, in order: every channel's first before anybody's second, then longest due first."""
    turns = _turns(now, channel_id, is_probe=is_probe)
    order = (turns.c.turn, turns.c.due_at, turns.c.id)
    place = func.row_number().over(partition_by=turns.c.host, order_by=order).label("place")
    busy = _busy().where(ChannelStream.lease_until_at > now).subquery()
    joined = turns.outerjoin(busy, busy.c.host == turns.c.host)
    free = (1 if is_probe else POLLS_PER_HOST) - func.coalesce(busy.c.count, 0)
    placed = select(*order, place, free.label("free")).select_from(joined).subquery()
    free_ones = select(placed.c.id).where(placed.c.place <= placed.c.free)
    return free_ones.order_by(placed.c.turn, placed.c.due_at, placed.c.id).limit(limit)


def _turns(now: datetime, channel_id: int | None, *, is_probe: bool) -> Subquery:
    turn = func.row_number().over(
        partition_by=ChannelStream.channel_id, order_by=(ChannelStream.due_at, ChannelStream.id)
    )
    query = (
        select(ChannelStream.id, ChannelStream.due_at, Channel.host, turn.label("turn"))
        .join(Channel, Channel.id == ChannelStream.channel_id)
        .where(_due(now), Channel.state.in_([ChannelState.ACTIVE, ChannelState.NEEDS_YOU]))
        .where(_IS_SILENT if is_probe else ~_IS_SILENT)
    )
    return (query if channel_id is None else query.where(Channel.id == channel_id)).subquery()


def _busy() -> Select[str, int]:
    leased = select(Channel.host, func.count().label("count")).select_from(ChannelStream)
    return leased.join(Channel, Channel.id == ChannelStream.channel_id).group_by(Channel.host)


def _count_probes(session: Session, now: datetime) -> int:
    query = select(func.count()).select_from(ChannelStream).where(ChannelStream.lease_until_at > now, _IS_SILENT)
    return session.scalar(query) or 0


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(
        ChannelStream.due_at <= now,
        ChannelStream.is_off.is_(False),
        or_(ChannelStream.lease_until_at.is_(None), ChannelStream.lease_until_at <= now),
    )


def _take(stream: ChannelStream, now: datetime, pace: Pace, *, is_probe: bool) -> Claim | None:
    if stream.lease_token is not None:  # its last reader never came back
        stream.lost_count += 1
    if stream.lost_count >= LOST_LIMIT:
        _set_aside(stream, now, pace)
        return None
    stream.lease_token = new_token()
    stream.lease_until_at = now + timedelta(seconds=pace.stream_lease_seconds)
    if not stream.is_walking:
        stream.walk_started_at = now
        stream.is_deep = stream.deep_due_at is not None and stream.deep_due_at <= now
    return Claim(stream.id, stream.channel_id, stream.lease_token, is_probe)


def _set_aside(stream: ChannelStream, now: datetime, pace: Pace) -> None:
    """Leave a stream that lost three readers alone for the longest interval, and say so."""
    stream.lease_token = stream.lease_until_at = None
    stream.lost_count = 0
    stream.failure_count += 1
    stream.failure_code = "reader_lost"
    stream.failing_since_at = stream.failing_since_at or now
    stream.due_at = now + timedelta(seconds=pace.poll_longest_seconds)
