"""The sandbox's channels go in one action, and it is not started again (DESIGN, the sandbox)."""

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.connect import disconnect
from inbox.channels.models import Channel, ChannelState
from inbox.settings import Settings

# `relevo up` looks at this file: it ends the sandbox and does not start it again.
OFF = Path("sandbox", "off")


def end_sandbox(session: Session, settings: Settings, member_id: int | None) -> list[Channel]:
    """Disconnect the sandbox's channels and leave word that it shall not be started again."""
    connected = Channel.is_sandbox & (Channel.state != ChannelState.DISCONNECTED)
    channels = list(session.scalars(select(Channel).where(connected)))
    for channel in channels:
        disconnect(session, channel, member_id)
    marker = settings.data_dir / OFF
    if marker.parent.is_dir():
        marker.touch(mode=0o600)
    return channels
