"""Bluesky as a platform: how an account is signed in and a connection made."""

from collections.abc import Mapping

from inbox.platforms.bluesky import errors
from inbox.platforms.bluesky.connection import BlueskyConnection
from inbox.platforms.bluesky.sign_in import sign_in
from inbox.platforms.bluesky.xrpc import Calls
from inbox.platforms.contract import Account, BudgetSeen, Http, Secret, SecretKeeper
from inbox.platforms.outgoing import Verified


class BlueskyConnector:
    """A contract.Connector for any AT Protocol server; accounts are their DIDs."""

    platform = "bluesky"
    is_sandbox = False

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Read an answer's RateLimit headers."""
        return errors.read_budget(headers, status)

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Sign in with {handle, app_password, service_url?, public_only?} (see sign_in.sign_in)."""
        return sign_in(given, http)

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> BlueskyConnection:
        """Open a connection; nothing is asked yet."""
        return BlueskyConnection(Calls(http, keeper), account)
