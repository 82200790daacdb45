"""Connects both personalities of the running sandbox, or gives their channels the address of this run.

Part of the first start; a program of its own where the sandbox is connected later. A channel that a member disconnected
stays so.
"""

from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from inbox import create_app
from inbox.channels import connect
from inbox.channels.connect import SignedIn
from inbox.channels.connections import sign_in
from inbox.channels.models import ChannelState
from inbox.channels.opening import find_streams
from inbox.database import db
from inbox.members.grants import open_channel
from inbox.security import Vault
from inbox.settings import Settings
from launcher import sandbox

_PLATFORMS = {"feed": "sandbox_feed", "pages": "sandbox_pages"}


def main() -> None:
    """Sign in to both, then store what changed."""
    settings = Settings.from_environ()
    told = sandbox.read(sandbox.folder(settings))
    connect_all(create_app(settings, busy_seconds=30, has_pages=False), settings, told)


def connect_all(app: Flask, settings: Settings, told: dict[str, Any]) -> None:
    """Connect what `told` (the sandbox's own account of itself) names; commits once for each personality."""
    vault = Vault(settings.secret_keys)
    for personality, platform in _PLATFORMS.items():
        told_here = told[personality]
        given = {"service_url": told_here["url"], "access_token": told_here["access_token"]}
        given |= {name: told_here[name] for name in ("app_id", "app_secret") if name in told_here}
        signed_in = sign_in(settings, platform, given)
        with app.app_context():
            _keep(db.session(), vault, signed_in, settings)
            db.session.commit()
            _find_streams(db.session(), signed_in, settings)


def _keep(session: Session, vault: Vault, signed_in: SignedIn, settings: Settings) -> None:
    known = connect.find_known(session, signed_in)
    if known is None:
        channel = connect.connect(session, vault, signed_in, member_id=None, pace=settings.pace)
        session.flush()
        open_channel(session, channel.id, None)
    elif known.state != ChannelState.DISCONNECTED and known.service_url != signed_in.verified.service_url:
        connect.reconnect(session, vault, known, signed_in, member_id=None, pace=settings.pace)


def _find_streams(session: Session, signed_in: SignedIn, settings: Settings) -> None:
    channel = connect.find_known(session, signed_in)
    if channel is not None and channel.state == ChannelState.ACTIVE:
        find_streams(session, settings, channel)


if __name__ == "__main__":
    main()
