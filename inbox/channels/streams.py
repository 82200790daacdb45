"""Streams: which there are, who reads one now, and what a poll left behind (RULES E1, E3, E4)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.claims import SILENT, Claim, claim_due, has_due
from inbox.channels.intervals import comment_stream_ends_at, interval_seconds, is_comment_stream
from inbox.channels.models import Channel, ChannelStream
from inbox.platforms.items import Cursor, Stream
from inbox.settings import Pace

OWN_POSTS = "own_posts"
# What others read from here, though it is written in a smaller room.
__all__ = [
    "Claim",
    "advance",
    "after_own_posts",
    "claim_due",
    "ensure_comment_stream",
    "ensure_streams",
    "get_claimed",
    "has_due",
    "is_import_read",
    "list_streams",
    "make_due",
    "release",
    "repeats",
]
_CLAIMED = (
    select(ChannelStream, Channel)
    .join(Channel, Channel.id == ChannelStream.channel_id)
    .where(ChannelStream.id == bindparam("stream_id"))
)
_HELD = select(ChannelStream).where(ChannelStream.id == bindparam("stream_id")).with_for_update(key_share=True)


def ensure_streams(session: Session, channel: Channel, streams: Sequence[Stream]) -> list[ChannelStream]:
    """Make the rows of an account's streams, and switch off with a reason those that it can't read.

    During an import only our own posts are due; the others follow when those have been read (RULES C6).
    """
    known = {row.name: row for row in list_streams(session, channel.id)}
    for stream in sorted(streams, key=lambda stream: stream.name):
        row = known.get(stream.name)
        is_fresh = row is None or (row.is_off and stream.is_available)
        if row is None:
            row = known[stream.name] = ChannelStream(channel_id=channel.id, name=stream.name)
            session.add(row)
        row.is_off = not stream.is_available
        row.off_reason = stream.reason
        if row.is_off:
            row.due_at = None
        elif is_fresh and not _waits_for_own_posts(channel, stream.name, streams):
            row.due_at = clock.now()
    session.flush()
    return list(known.values())


def _waits_for_own_posts(channel: Channel, name: str, streams: Sequence[Stream]) -> bool:
    has_own_posts = any(stream.name == OWN_POSTS and stream.is_available for stream in streams)
    return channel.import_done_at is None and name != OWN_POSTS and has_own_posts


def ensure_comment_stream(
    session: Session, channel: Channel, post_external_id: str, posted_at: datetime | None, pace: Pace
) -> ChannelStream:
    """Make the comments stream of a post of ours: read often while it is young, else nightly."""
    name = f"comments:{post_external_id}"
    row = session.scalar(
        select(ChannelStream).where(ChannelStream.channel_id == channel.id, ChannelStream.name == name)
    )
    if row is None:
        now = clock.now()
        row = ChannelStream(channel_id=channel.id, name=name, followed_from_at=posted_at or now)
        row.due_at = now
        session.add(row)
        session.flush()
    return row


def list_streams(session: Session, channel_id: int) -> list[ChannelStream]:
    """Return a channel's streams by name."""
    return list(
        session.scalars(
            select(ChannelStream).where(ChannelStream.channel_id == channel_id).order_by(ChannelStream.name)
        )
    )


def get_claimed(session: Session, claim: Claim) -> tuple[ChannelStream, Channel]:
    """Return what a claim is for: the stream and its channel."""
    stream, channel = session.execute(_CLAIMED, {"stream_id": claim.stream_id}).one()
    return stream, channel


def advance(
    session: Session,
    claim: Claim,
    cursor: Cursor,
    *,
    is_complete: bool,
    had_new: bool,
    digest: str,
    pace: Pace,
    lacks: str | None = None,
) -> bool:
    """Write what a page moved, in the transaction of its messages; False: the lease was lost, roll back.

    The end of a walk gives the lease back. `lacks`: what of the page could not be read.
    """
    now = clock.now()
    session.flush()
    stream = session.scalar(_HELD, {"stream_id": claim.stream_id}, execution_options={"populate_existing": True})
    if stream is None or stream.lease_token != claim.token:
        return False
    stream.last_polled_at = now
    if stream.failure_code == SILENT:
        _let_others_ask(session, stream, now)
    stream.cursor = cursor
    stream.is_walking = not is_complete
    stream.page_digest = digest
    stream.lost_count = stream.failure_count = stream.bad_page_count = 0
    stream.failing_since_at = (stream.failing_since_at or now) if lacks else None
    stream.failure_code, stream.failure_detail = lacks, None
    if had_new:
        stream.last_item_at = now
        stream.last_comment_at = now if is_comment_stream(stream.name) else stream.last_comment_at
    if is_complete:
        _complete(stream, now, pace)
    session.flush()
    return True


def _let_others_ask(session: Session, stream: ChannelStream, now: datetime) -> None:
    """A host that was silent answers again: its other streams need not wait until each has been probed."""
    host = select(Channel.host).where(Channel.id == stream.channel_id).scalar_subquery()
    others = select(ChannelStream.id).join(Channel, Channel.id == ChannelStream.channel_id).where(Channel.host == host)
    session.execute(
        update(ChannelStream)
        .where(ChannelStream.id.in_(others), ChannelStream.id != stream.id, ChannelStream.failure_code == SILENT)
        .where(ChannelStream.lease_token.is_(None), ChannelStream.is_off.is_(False))
        .values(due_at=now, failure_code=None, failure_detail=None, failure_count=0)
        .execution_options(synchronize_session=False)
    )


def _complete(stream: ChannelStream, now: datetime, pace: Pace) -> None:
    stream.lease_token = stream.lease_until_at = None
    stream.last_complete_at = now
    stream.complete_started_at = stream.walk_started_at
    stream.page_digest = None
    stream.page_repeat_count = 0
    stream.interval_seconds = interval_seconds(stream.name, stream.last_item_at, now, pace)
    if stream.is_deep or stream.deep_due_at is None:
        stream.deep_due_at = now + timedelta(seconds=pace.deep_walk_seconds)
        stream.is_deep = False
    stream.due_at = _next_due(stream, now, pace)


def _next_due(stream: ChannelStream, now: datetime, pace: Pace) -> datetime:
    soon = now + timedelta(seconds=stream.interval_seconds)
    if not is_comment_stream(stream.name):
        return soon
    ends_at = comment_stream_ends_at(stream.followed_from_at or now, stream.last_comment_at, pace)
    return soon if now < ends_at else now + timedelta(seconds=pace.deep_walk_seconds)


def release(session: Session, claim: Claim, *, due_at: datetime | None = None) -> None:
    """Give a lease back, so that the stream can be claimed when it is due; quiet when it was lost."""
    values: dict[str, object] = {"lease_token": None, "lease_until_at": None}
    if due_at is not None:
        values["due_at"] = due_at
    session.execute(
        update(ChannelStream)
        .where(ChannelStream.id == claim.stream_id, ChannelStream.lease_token == claim.token)
        .values(**values)
    )


def repeats(session: Session, claim: Claim, digest: str) -> bool:
    """Count a page that came again in one walk; True at the third: stop, and say so (RULES E3)."""
    stream = session.get_one(ChannelStream, claim.stream_id)
    if not stream.is_walking or stream.page_digest != digest:
        stream.page_repeat_count = 0
        return False
    stream.page_repeat_count += 1
    session.flush()
    return stream.page_repeat_count >= 2


def after_own_posts(session: Session, channel: Channel) -> None:
    """Make every other stream due once our own posts have been read (RULES C6)."""
    session.execute(
        update(ChannelStream)
        .where(
            ChannelStream.channel_id == channel.id,
            ChannelStream.due_at.is_(None),
            ChannelStream.is_off.is_(False),
            ChannelStream.last_complete_at.is_(None),
        )
        .values(due_at=clock.now())
    )


def is_import_read(session: Session, channel: Channel) -> bool:
    """Tell whether every stream has been read to its end since the import began."""
    since = channel.import_began_at or channel.connected_at
    unread = or_(ChannelStream.last_complete_at.is_(None), ChannelStream.last_complete_at < since)
    found = session.scalar(
        select(ChannelStream.id)
        .where(ChannelStream.channel_id == channel.id, ChannelStream.is_off.is_(False), unread)
        .limit(1)
    )
    return found is None


def make_due(session: Session, channel_id: int, *, is_deep: bool = False) -> int:
    """Make a channel's streams due now (a member asked, or it is oddly quiet); returns how many."""
    now = clock.now()
    values: dict[str, object] = {"due_at": now}
    if is_deep:
        values["deep_due_at"] = now
    done = session.execute(
        update(ChannelStream)
        .where(ChannelStream.channel_id == channel_id, ChannelStream.is_off.is_(False))
        .values(**values)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult, as every update gives
