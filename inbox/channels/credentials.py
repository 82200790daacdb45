"""A channel's secret: sealed at rest, refreshed by one process at a time, kept before it is used (RULES E4)."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Credential
from inbox.errors import NotFound
from inbox.platforms.contract import Refresher, Secret, TokenExpired, Unavailable
from inbox.security import Vault, new_token

REFRESH_LEASE_SECONDS = 30


def seal(vault: Vault, secret: Secret) -> bytes:
    """Return a credential as it is stored."""
    expires = secret.expires_at.isoformat() if secret.expires_at else None
    return vault.seal(json.dumps({"values": dict(secret.values), "expires_at": expires}).encode())


def unseal(vault: Vault, sealed: bytes) -> Secret:
    """Return a stored credential in the clear; raises Invalid if no key fits."""
    kept = json.loads(vault.open(sealed))
    expires = datetime.fromisoformat(kept["expires_at"]) if kept["expires_at"] else None
    return Secret(values=kept["values"], expires_at=expires)


def keep(session: Session, vault: Vault, channel_id: int, secret: Secret) -> Credential:
    """Store a channel's credential in the caller's transaction, in place of any before it."""
    row = session.get(Credential, channel_id)
    if row is None:
        row = Credential(channel_id=channel_id, version=0, updated_at=clock.now(), sealed=b"")
        session.add(row)
    row.sealed = seal(vault, secret)
    row.version += 1
    row.expires_at = secret.expires_at
    row.refresh_token = row.refresh_lease_until_at = None
    row.updated_at = clock.now()
    session.flush()
    return row


def forget(session: Session, channel_id: int) -> None:
    """Remove a channel's credential."""
    row = session.get(Credential, channel_id)
    if row is not None:
        session.delete(row)
        session.flush()


@dataclass
class Keeper:
    """A contract.SecretKeeper on the database; every step is a short transaction of its own."""

    make_session: Callable[[], Session]
    vault: Vault
    channel_id: int
    wait_seconds: float = 20

    def current(self) -> Secret:
        """Return the credential as last kept; raises NotFound without one."""
        with self.make_session() as session:
            return unseal(self.vault, self._row(session).sealed)

    def refresh(self, refresher: Refresher, stale: Secret) -> Secret:
        """Exchange `stale` at the platform, or take what another process got meanwhile.

        Raises TokenExpired when it is dead or forgotten, Unavailable when another refresher does not finish. What
        came of our exchange is kept only in place of `stale`: a refresher may outlive its lease.
        """
        deadline = time.monotonic() + self.wait_seconds
        while time.monotonic() < deadline:
            token = new_token()
            fresh = self._claim(token, stale)
            if fresh is not None:
                return fresh
            if self._holds(token):
                return self._exchange(refresher, stale, token)
            time.sleep(0.1)
        raise Unavailable("another refresh of this credential did not finish", code="timeout")

    def _claim(self, token: str, stale: Secret) -> Secret | None:
        """Take the refresher's lease if it is free; return the credential if it is newer than `stale`."""
        now = clock.now()
        with self.make_session() as session, session.begin():
            row = self._locked_row(session)
            kept = unseal(self.vault, row.sealed)
            if dict(kept.values) != dict(stale.values):
                return kept
            if row.refresh_lease_until_at is None or row.refresh_lease_until_at <= now:
                row.refresh_token = token
                row.refresh_lease_until_at = now + timedelta(seconds=REFRESH_LEASE_SECONDS)
        return None

    def _holds(self, token: str) -> bool:
        with self.make_session() as session:
            return self._row(session).refresh_token == token

    def _exchange(self, refresher: Refresher, stale: Secret, token: str) -> Secret:
        try:
            fresh = refresher(stale)
        except BaseException:
            self._release(token)
            raise
        with self.make_session() as session, session.begin():
            row = self._locked_row(session)
            kept = unseal(self.vault, row.sealed)
            if dict(kept.values) != dict(stale.values):
                return kept  # somebody signed in anew, or took over from us: what came later stands
            keep(session, self.vault, self.channel_id, fresh)
        return fresh

    def _release(self, token: str) -> None:
        with self.make_session() as session, session.begin():
            session.execute(
                update(Credential)
                .where(Credential.channel_id == self.channel_id, Credential.refresh_token == token)
                .values(refresh_token=None, refresh_lease_until_at=None)
            )

    def _locked_row(self, session: Session) -> Credential:
        row = session.scalar(select(Credential).where(Credential.channel_id == self.channel_id).with_for_update())
        if row is None:
            raise TokenExpired("the channel has no credential")
        return row

    def _row(self, session: Session) -> Credential:
        row = session.get(Credential, self.channel_id)
        if row is None:
            raise NotFound("credential_missing")
        return row


def rotate_all(session: Session, vault: Vault) -> int:
    """Seal every credential again with the first key; returns how many. Raises Invalid if a key is missing."""
    rows = session.scalars(select(Credential).with_for_update()).all()
    for row in rows:
        row.sealed = vault.rotate(row.sealed)
    session.flush()
    return len(rows)
