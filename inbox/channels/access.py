"""The only way to load a channel that a member named."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.errors import NotAllowed, NotFound
from inbox.members.access import sees_channel
from inbox.members.models import Member


def access_channel(session: Session, member: Member, channel_id: int, power: str = "see") -> Channel:
    """Return a channel; `power` see (by grant, or an admin) or manage (admins).

    Raises NotFound where the member may not know of it, NotAllowed where they may not manage it.
    """
    channel = session.get(Channel, channel_id)
    if channel is None:
        raise NotFound("channel_not_found")
    if not member.is_admin:
        sees = session.scalar(select(sees_channel(member.id, channel_id)))
        if not sees:
            raise NotFound("channel_not_found")
        if power == "manage":
            raise NotAllowed("admins_only")
    return channel
