"""Reads again what was kept in quarantine, once a connector can (RULES E3)."""

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel, ChannelStream
from inbox.errors import Conflict, Invalid
from inbox.intake import borders, quarantine
from inbox.intake.models import Quarantined
from inbox.intake.receive import Received, receive
from inbox.intake.sorting import sort_items
from inbox.platforms.contract import PlatformError
from inbox.platforms.items import Item, Page
from inbox.settings import Pace

Parse = Callable[[str, bytes], Sequence[Item]]


def read_again(row: Quarantined, parse: Parse) -> Sequence[Item]:
    """Parse a row with `Connection.parse`; raises Invalid('still_unreadable') when it can't be read yet.

    Reading may ask the platform, so no transaction is open meanwhile: `row` belongs to no session by then.
    """
    try:
        items = parse(row.stream_name, borders.unpack(row.compressed))
    except PlatformError as error:
        raise Invalid("still_unreadable", reason=error.code) from None
    found = sort_items(items)
    if not items or found.rejects:
        reason = found.rejects[0].code if found.rejects else "empty"
        raise Invalid("still_unreadable", reason=reason)
    return items


def replay(
    session: Session, row: Quarantined, items: Sequence[Item], *, pace: Pace, member_id: int | None = None
) -> Received:
    """Receive what was read again from a row as if it had been readable when it came.

    Idempotent: what came meanwhile by another way stays as it is. The clock is the platform's time, at most
    when we received it first. Raises Conflict('quarantine_resolved') when somebody decided before.
    """
    session.refresh(row, with_for_update=True)
    if row.resolved_at is not None:
        raise Conflict("quarantine_resolved", resolution=row.resolution)
    channel = session.get_one(Channel, row.channel_id)
    received = receive(
        session,
        channel,
        _stream(session, row),
        Page(items=items, cursor_after={}),
        received_at=row.first_seen_at,
        pace=pace,
    )
    quarantine.resolve(session, row, quarantine.REPLAYED, member_id, None)
    return received


def _stream(session: Session, row: Quarantined) -> ChannelStream:
    """Return the stream it came by, without the times of its polls: it was there when it was seen first."""
    query = select(ChannelStream.id).where(
        ChannelStream.channel_id == row.channel_id, ChannelStream.name == row.stream_name
    )
    known_id = session.scalar(query)
    return ChannelStream(id=known_id, channel_id=row.channel_id, name=row.stream_name)
