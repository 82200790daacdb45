"""The sandbox's channels go in one action, and it is not started again (DESIGN, the sandbox)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.connect import disconnect
from inbox.channels.models import Channel, ChannelState
from inbox.settings import Settings


def end_sandbox(session: Session, settings: Settings, member_id: int | None) -> list[Channel]:
    """Disconnect the sandbox's channels and leave word that it shall not be started again."""
    connected = Channel.is_sandbox & (Channel.state != ChannelState.DISCONNECTED)
    channels = list(session.scalars(select(Channel).where(connected)))
    for channel in channels:
        disconnect(session, channel, member_id)
    if settings.sandbox_off.parent.is_dir():
        settings.sandbox_off.touch(mode=0o600)
    return channels
