"""Channels with streams, credentials and what a connector says of an account."""

from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.connect import SignedIn
from inbox.channels.models import Channel, ChannelStream
from inbox.platforms.contract import Secret
from inbox.platforms.outgoing import Limits, ModeLimits, Verified
from inbox.security import Vault

LIMITS = Limits(public=ModeLimits(300), private=ModeLimits(1000))


def make_vault() -> Vault:
    """Return a vault with a key of its own."""
    return Vault((Fernet.generate_key().decode(),))


def make_verified(external_id: str = "did:plc:acme", **given: Any) -> Verified:
    """Return what a platform says of a living account."""
    values: dict[str, Any] = {
        "external_id": external_id,
        "scope": "",
        "handle": "acme.test",
        "display_name": "Acme",
        "avatar_url": None,
        "service_url": "https://pds.example",
        "is_alive": True,
        "limits": LIMITS,
    }
    return Verified(**values | given)


def make_signed_in(external_id: str = "did:plc:acme", **given: Any) -> SignedIn:
    """Return a sign-in that worked."""
    secret = Secret({"access": "token-of-" + external_id})
    return SignedIn("bluesky", secret, make_verified(external_id, **given))


def make_stream(session: Session, channel: Channel, name: str = "mentions", **given: Any) -> ChannelStream:
    """Add a stream that is due now."""
    stream = ChannelStream(**{"channel_id": channel.id, "name": name, "due_at": clock.now()} | given)
    session.add(stream)
    session.flush()
    return stream
