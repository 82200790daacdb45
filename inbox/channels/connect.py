"""Connecting, reconnecting, pausing and disconnecting a channel; none of it loses history (RULES A4, C6)."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels import credentials
from inbox.channels.gaps import after_gap, begin_import, make_all_due
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.channels.states import hold, move
from inbox.errors import Conflict
from inbox.platforms.contract import Secret
from inbox.platforms.outgoing import Verified
from inbox.security import Vault
from inbox.settings import Pace

_GRAIN = timedelta(hours=1)


@dataclass(frozen=True)
class SignedIn:
    """What a connector made of what a member typed: whose account it is, and the secret for it."""

    platform: str
    secret: Secret
    verified: Verified
    is_sandbox: bool = False


def connect(session: Session, vault: Vault, signed_in: SignedIn, *, member_id: int | None, pace: Pace) -> Channel:
    """Make a channel for an account, or revive the one that we know; starts its import.

    Raises Conflict('channel_is_connected') when it is connected already and well.
    """
    channel = find_known(session, signed_in)
    if channel is None:
        channel = _new_channel(signed_in)
        session.add(channel)
    elif channel.state not in (ChannelState.DISCONNECTED, ChannelState.NEEDS_YOU):
        raise Conflict("channel_is_connected", handle=channel.handle, channel_id=channel.id)
    session.flush()
    _take_in(session, vault, channel, signed_in, member_id)
    begin_import(session, channel, pace)
    record(session, kinds.CHANNEL_CONNECTED, channel_id=channel.id, member_id=member_id, after=_who(signed_in))
    return channel


def find_known(session: Session, signed_in: SignedIn) -> Channel | None:
    """Return the channel of this account, connected or not."""
    found = signed_in.verified
    return session.scalar(
        select(Channel).where(
            Channel.platform == signed_in.platform,
            Channel.scope == found.scope,
            Channel.external_id == found.external_id,
        )
    )


def reconnect(
    session: Session, vault: Vault, channel: Channel, signed_in: SignedIn, *, member_id: int | None, pace: Pace
) -> None:
    """Give a channel a new credential of the same account and let it go on where it stopped.

    Raises Conflict('another_account') when it is not the channel's account: nothing is stored.
    """
    found = signed_in.verified
    same = (channel.platform, channel.scope, channel.external_id)
    if (signed_in.platform, found.scope, found.external_id) != same:
        raise Conflict("another_account", handle=channel.handle, other_handle=found.handle)
    silent_since = channel.failing_since_at or channel.disconnected_at or channel.state_since_at
    was_away = channel.state in (ChannelState.DISCONNECTED, ChannelState.NEEDS_YOU)
    _take_in(session, vault, channel, signed_in, member_id)
    if not (was_away and after_gap(session, channel, silent_since, pace)):
        make_all_due(session, channel)
    record(session, kinds.CHANNEL_CONNECTED, channel_id=channel.id, member_id=member_id, after=_who(signed_in))


def pause(session: Session, channel: Channel, member_id: int | None) -> None:
    """Stop reading and sending on a channel until somebody resumes it."""
    hold(session, channel)
    if channel.state == ChannelState.DISCONNECTED:
        raise Conflict("channel_is_disconnected", handle=channel.handle)
    move(session, channel, ChannelState.PAUSED, reason="by_member", member_id=member_id)


def resume(session: Session, channel: Channel, member_id: int | None, pace: Pace) -> None:
    """Read and send again; every stream is due now, so that nothing of the pause is missed."""
    hold(session, channel)
    if channel.state != ChannelState.PAUSED:
        raise Conflict("channel_is_not_paused", handle=channel.handle)
    paused_at = channel.state_since_at
    move(session, channel, ChannelState.ACTIVE, member_id=member_id)
    channel.verify_due_at = clock.now()
    if not after_gap(session, channel, paused_at, pace):
        make_all_due(session, channel)


def disconnect(session: Session, channel: Channel, member_id: int | None) -> None:
    """Forget a channel's credential and stop its streams; conversations and history stay."""
    move(session, channel, ChannelState.DISCONNECTED, reason="by_member", member_id=member_id)
    credentials.forget(session, channel.id)
    channel.disconnected_at = clock.now()
    channel.push_key = None
    channel.verify_due_at = channel.failing_since_at = channel.quiet_since_at = None
    session.execute(
        update(ChannelStream)
        .where(ChannelStream.channel_id == channel.id)
        .values(due_at=None, lease_token=None, lease_until_at=None)
    )


def _new_channel(signed_in: SignedIn) -> Channel:
    now = clock.now()
    found = signed_in.verified
    return Channel(
        platform=signed_in.platform,
        scope=found.scope,
        external_id=found.external_id,
        handle=found.handle,
        service_url=found.service_url,
        host=urlsplit(found.service_url).netloc,
        state=ChannelState.ACTIVE,
        state_since_at=now,
        is_sandbox=signed_in.is_sandbox,
        created_at=now,
        connected_at=now,
    )


def _take_in(session: Session, vault: Vault, channel: Channel, signed_in: SignedIn, member_id: int | None) -> None:
    found = signed_in.verified
    now = clock.now()
    credentials.keep(session, vault, channel.id, signed_in.secret)
    take_profile(channel, found)
    channel.connected_by_id = member_id
    channel.connected_at = channel.last_verified_at = channel.verify_due_at = now
    channel.disconnected_at = channel.failing_since_at = channel.quiet_since_at = None
    move(session, channel, ChannelState.ACTIVE, member_id=member_id)


def take_profile(channel: Channel, found: Verified) -> None:
    """Keep how the account is called now, what it may, and until when its token lives."""
    channel.handle = found.handle
    channel.display_name = found.display_name
    channel.avatar_url = found.avatar_url
    channel.service_url = found.service_url
    channel.host = urlsplit(found.service_url).netloc
    channel.limits = asdict(found.limits)
    channel.permissions = list(found.permissions)
    channel.missing_permissions = list(found.missing_permissions) or None
    channel.api_version = found.api_version or None
    if _is_renewed(channel.token_expires_at, found.token_expires_at):
        channel.token_warned_count = None
    channel.token_expires_at = found.token_expires_at


def _is_renewed(known: datetime | None, told: datetime | None) -> bool:
    """Tell whether a token's end is another; platforms count seconds from each answer, which is none."""
    if known is None or told is None:
        return known is not told
    return told - known > _GRAIN


def _who(signed_in: SignedIn) -> dict[str, str]:
    return {"platform": signed_in.platform, "handle": signed_in.verified.handle}
