"""Asks a platform whose account a channel is and whether it lives (RULES E4)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import states
from inbox.channels.connect import take_profile
from inbox.channels.models import Channel, ChannelState
from inbox.channels.streams import ensure_streams
from inbox.platforms.contract import Connection, PlatformError
from inbox.settings import Pace


def list_due(session: Session, now: datetime, limit: int) -> list[int]:
    """Return the ids of the channels to be verified now, longest due first."""
    alive = Channel.state.in_([ChannelState.ACTIVE, ChannelState.NEEDS_YOU])
    query = select(Channel.id).where(Channel.verify_due_at <= now, alive)
    return list(session.scalars(query.order_by(Channel.verify_due_at).limit(limit)))


def make_verify_due(channel: Channel) -> None:
    """Let a channel be verified with the next tick, because somebody asks for it."""
    channel.verify_due_at = clock.now()


def verify_channel(
    make_session: Callable[[], Session], open_connection: Callable[[Channel], Connection], channel_id: int, pace: Pace
) -> None:
    """Verify one channel now: claimed by moving its due time on, asked without a transaction, then written."""
    channel = _claim(make_session, channel_id, pace)
    if channel is None:
        return
    try:
        connection = open_connection(channel)
        found = connection.verify()
        its_streams = connection.streams()
    except PlatformError as error:
        with make_session() as session, session.begin():
            states.verify_failed(session, session.get_one(Channel, channel_id), error, pace)
        return
    with make_session() as session, session.begin():
        channel = session.get_one(Channel, channel_id, with_for_update=True)
        if channel.state == ChannelState.DISCONNECTED:
            return
        states.verified(session, channel, found, pace)
        if found.is_alive and found.external_id == channel.external_id:
            take_profile(channel, found)
            ensure_streams(session, channel, its_streams)


def _claim(make_session: Callable[[], Session], channel_id: int, pace: Pace) -> Channel | None:
    now = clock.now()
    with make_session() as session, session.begin():
        taken = session.execute(
            update(Channel)
            .where(Channel.id == channel_id, Channel.verify_due_at <= now)
            .values(verify_due_at=now + timedelta(seconds=pace.poll_idle_seconds))
        )
        if taken.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult, as every update gives
            return None
        channel = session.get_one(Channel, channel_id)
        session.expunge(channel)
    return channel
