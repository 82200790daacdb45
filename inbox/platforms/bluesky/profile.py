"""Whose account a credential is, whether it lives, and what it may do."""

import re
import time
from dataclasses import dataclass

from inbox.platforms.bluesky.session import expires_at
from inbox.platforms.bluesky.values import Json, text
from inbox.platforms.bluesky.xrpc import Calls, Params
from inbox.platforms.contract import Gone, Malformed, PermissionMissing, PlatformError, Refused, TokenExpired
from inbox.platforms.outgoing import Limits, ModeLimits, Verified

_STATUS = {
    "deactivated": "account_deactivated",
    "takendown": "account_takendown",
    "suspended": "account_suspended",
    "deleted": "account_deleted",
}
_BLUESKYS_OWN = re.compile(r"^https://(?:[a-z0-9.-]+\.)?bsky\.(?:social|network)$")
_UNKNOWN_TO_ITS_SERVER = "could not find user info"


@dataclass(frozen=True)
class Profile:
    """Asks about one account; `within_seconds` is for all questions together."""

    calls: Calls
    within_seconds: float = 20

    def verify(self) -> Verified:
        """Ask the account's own server, then the network how it is called; raises PlatformError.

        Notifications can't tell: of a dead account they are an empty list with status 200 (measured).
        """
        ends_at = time.monotonic() + self.within_seconds
        try:
            session = self._ask("com.atproto.server.getSession", (), _left(ends_at))
        except TokenExpired as error:
            if not error.code.startswith("account_"):
                raise
            return self._verified({}, {}, dead_reason=error.code)
        except Refused as error:
            if _UNKNOWN_TO_ITS_SERVER not in error.detail.lower():
                raise
            return self._verified({}, {}, dead_reason="account_takendown")
        if not text(session, "did").startswith("did:"):
            raise Malformed("a session without a DID")
        if session.get("active") is False:
            reason = _STATUS.get(text(session, "status"), "account_inactive")
            return self._verified(session, {}, dead_reason=reason)
        profile = self._profile(text(session, "did"), _left(ends_at))
        return self._verified(session, profile, direct=self.why_not_direct(_left(ends_at)))

    def _profile(self, did: str, seconds: float) -> Json:
        """Read how the account is called; a young one may be unknown to the network still (measured)."""
        try:
            return self._ask("app.bsky.actor.getProfile", [("actor", did)], seconds)
        except (Refused, Gone):
            return {}

    def why_not_direct(self, seconds: float = 10) -> str | None:
        """Return why private messages can't be read, None if they can or the service is away just now.

        A server that can't find the chat service at all answers 500 (measured): on Bluesky's own that passes,
        a network that stands alone has none.
        """
        try:
            self._ask("chat.bsky.convo.listConvos", [("limit", "1")], seconds)
        except PermissionMissing as error:
            return error.code
        except PlatformError as error:
            stands_alone = not _BLUESKYS_OWN.search(self.calls.keeper.current().values["service_url"])
            return "direct_not_offered" if error.detail.startswith("InternalServerError") and stands_alone else None
        return None

    def _ask(self, nsid: str, params: Params, seconds: float) -> Json:
        """Ask with what is kept for replies: whether an account lives must be known when polls have to wait."""
        return self.calls.get(nsid, params, timeout_seconds=seconds, is_for_send=True).body

    def _verified(
        self, session: Json, profile: Json, *, dead_reason: str | None = None, direct: str | None = None
    ) -> Verified:
        secret = self.calls.keeper.current()
        did = text(session, "did") or secret.values["did"]
        return Verified(
            external_id=did,
            scope="",
            handle=text(profile, "handle") or text(session, "handle"),
            display_name=text(profile, "displayName"),
            avatar_url=text(profile, "avatar") or None,
            service_url=secret.values["service_url"],
            is_alive=dead_reason is None,
            limits=limits(direct),
            permissions=("public",) if direct else ("public", "direct"),
            token_expires_at=expires_at(secret.values["refreshJwt"]),
            dead_reason=dead_reason,
        )


def limits(why_not_direct: str | None) -> Limits:
    """Return what can be sent: 300 graphemes and 3,000 bytes in public, 1,000 and 10,000 in private."""
    return Limits(
        public=ModeLimits(300, "graphemes", 3000),
        private=ModeLimits(1000, "graphemes", 10000, is_available=why_not_direct is None, reason=why_not_direct),
        can_like=True,
        can_delete_own=True,
    )


def _left(ends_at: float) -> float:
    return min(10.0, max(ends_at - time.monotonic(), 0.05))
