"""What servers call Relevo: one registration a server and address of ours, sealed, kept for the next account there."""

import hashlib
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import PlatformApp
from inbox.platforms.signing_in import App
from inbox.security import Vault


def way_back(platform: str, service_url: str) -> str:
    """Return the last part of the address to which one server sends members back, and no other.

    A server that leads a member on to another one, to be given that one's code, gets it on the other's way back, which
    is not the one of the sign-in that was begun (OAuth mix-up, RFC 9700 §4.4).
    """
    return hashlib.sha256(f"{platform}\n{service_url}".encode()).hexdigest()[:20]


def find_app(session: Session, vault: Vault, platform: str, service_url: str, redirect_uri: str) -> App | None:
    """Return the registration at a server, None where there is none yet. Raises Invalid if no key fits."""
    row = _find(session, platform, service_url, redirect_uri)
    return App(**json.loads(vault.open(row.sealed))) if row is not None else None


def keep_app(session: Session, vault: Vault, platform: str, service_url: str, redirect_uri: str, app: App) -> None:
    """Keep a registration in the caller's transaction, in place of any before it."""
    row = _find(session, platform, service_url, redirect_uri)
    if row is None:
        row = PlatformApp(platform=platform, service_url=service_url, redirect_uri=redirect_uri)
        session.add(row)
    said = {"client_id": app.client_id, "client_secret": app.client_secret, "scopes": app.scopes}
    row.sealed, row.created_at = vault.seal(json.dumps(said).encode()), clock.now()
    session.flush()


def forget_app(session: Session, platform: str, service_url: str, redirect_uri: str) -> None:
    """Forget a registration that the server does not know any more."""
    row = _find(session, platform, service_url, redirect_uri)
    if row is not None:
        session.delete(row)
        session.flush()


def rotate_all(session: Session, vault: Vault) -> int:
    """Seal every registration again with the first key; returns how many. Raises Invalid if a key is missing."""
    rows = session.scalars(select(PlatformApp).with_for_update()).all()
    for row in rows:
        row.sealed = vault.rotate(row.sealed)
    session.flush()
    return len(rows)


def _find(session: Session, platform: str, service_url: str, redirect_uri: str) -> PlatformApp | None:
    return session.scalar(
        select(PlatformApp).where(
            PlatformApp.platform == platform,
            PlatformApp.service_url == service_url,
            PlatformApp.redirect_uri == redirect_uri,
        )
    )
