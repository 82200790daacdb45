"""What was said before a channel was connected, or while it was away: read as history that waits for nobody (C6)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.intervals import is_comment_stream
from inbox.channels.models import Channel, ChannelStream
from inbox.settings import Pace


def begin_import(session: Session, channel: Channel, pace: Pace) -> None:
    """Read what is there already as history, own posts first."""
    now = clock.now()
    channel.import_began_at = now
    channel.import_since_at = now - timedelta(seconds=pace.import_span_seconds)
    channel.import_done_at = None
    channel.import_waiting_count = channel.import_late_count = 0
    channel.recount_due_at = None
    make_all_due(session, channel, own_posts_first=True)


def after_gap(session: Session, channel: Channel, since_at: datetime, pace: Pace) -> bool:
    """Begin an import where a channel was away for longer than the span, and let a lead say from when clocks count.

    Until one does, what is younger than the span waits, as after connecting. False: it was not away that long.
    """
    now = clock.now()
    if now - since_at <= timedelta(seconds=pace.import_span_seconds):
        return False
    begin_import(session, channel, pace)
    channel.gap_from_at, channel.gap_until_at = since_at, now
    after = {"gap": {"from": since_at.isoformat(), "until": now.isoformat()}}
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id, after=after)
    return True


def find_gap(session: Session, channel: Channel, stream: ChannelStream, pace: Pace) -> datetime | None:
    """Return since when a channel in use has not been read, where that is longer than the span; None: it was, or never.

    `stream` is the one that is being read again. Servers go down for days, and so may we.
    """
    span = timedelta(seconds=pace.import_span_seconds)
    last = stream.last_complete_at
    if channel.import_done_at is None or last is None or clock.now() - last <= span or is_comment_stream(stream.name):
        return None
    rows = session.scalars(
        select(ChannelStream).where(ChannelStream.channel_id == channel.id, ChannelStream.is_off.is_(False))
    )
    times = [row.last_complete_at for row in rows if row.last_complete_at and not is_comment_stream(row.name)]
    newest = max(times, default=last)
    return newest if clock.now() - newest > span else None


def make_all_due(session: Session, channel: Channel, *, own_posts_first: bool = False) -> None:
    """Let every stream be read now, or those of others once our own posts have been read."""
    streams = session.scalars(select(ChannelStream).where(ChannelStream.channel_id == channel.id)).all()
    has_own_posts = own_posts_first and any(row.name == "own_posts" and not row.is_off for row in streams)
    for row in streams:
        row.lease_token = row.lease_until_at = row.failure_code = row.failing_since_at = None
        row.failure_count = row.bad_page_count = 0
        if own_posts_first:
            row.last_complete_at = None
        if not row.is_off:
            row.due_at = None if has_own_posts and row.name != "own_posts" else clock.now()
    session.flush()
