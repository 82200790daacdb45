"""Where a channel's platform pushes what is new: an address that is made when somebody chooses so."""

from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.security import new_token
from inbox.settings import Settings


def push_base(settings: Settings, channel: Channel) -> str:
    """Return the beginning of addresses that a platform can push to, empty where it can't reach us.

    Platforms push over the internet and to https alone; the sandbox to this machine alone.
    """
    if channel.is_sandbox:
        return f"http://127.0.0.1:{settings.port}"
    url = (settings.public_url or "").rstrip("/")
    return url if url.startswith("https://") else ""


def push_url(settings: Settings, channel: Channel) -> str:
    """Return the whole address of a channel, empty where its platform does not push."""
    base = push_base(settings, channel)
    return f"{base}/push/{channel.platform}/{channel.push_key}" if base and channel.push_key else ""


def can_push(settings: Settings, channel: Channel) -> bool:
    """Tell whether the platform could push for this channel."""
    return channel.limits.get("can_push") is True and bool(push_base(settings, channel))


def begin(session: Session, channel: Channel, member_id: int | None) -> str:
    """Give a channel a new address and return its key; the platform is told of it afterwards."""
    channel.push_key = key = new_token()
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id, member_id=member_id, after={"is_pushed": True})
    return key


def end(session: Session, channel: Channel, member_id: int | None) -> None:
    """Take the address away: whatever still comes to it is not found."""
    channel.push_key = None
    record(session, kinds.CHANNEL_CHANGED, channel_id=channel.id, member_id=member_id, after={"is_pushed": False})
