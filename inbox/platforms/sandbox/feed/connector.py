"""The sandbox's feed as a platform that can be connected."""

from collections.abc import Mapping
from dataclasses import dataclass

from inbox.platforms.contract import Account, Http, Refresher, Secret, SecretKeeper, TokenExpired
from inbox.platforms.outgoing import Verified
from inbox.platforms.sandbox.feed.calls import Calls
from inbox.platforms.sandbox.feed.connection import FeedConnection
from inbox.platforms.sandbox.feed.profile import read_profile


@dataclass(frozen=True)
class Given:
    """A contract.SecretKeeper for a credential that is not kept yet."""

    secret: Secret

    def current(self) -> Secret:
        """Return what was given."""
        return self.secret

    def refresh(self, refresher: Refresher, stale: Secret) -> Secret:
        """Tokens of the sandbox are not refreshed."""
        raise TokenExpired("this token can't be refreshed")


class FeedConnector:
    """Connects by a pasted token."""

    platform = "sandbox_feed"
    is_sandbox = True

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Take {service_url, access_token}; raises PlatformError."""
        secret = Secret({"access_token": given["access_token"]})
        calls = Calls(given["service_url"].rstrip("/"), http, Given(secret))
        return secret, read_profile(calls)

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> FeedConnection:
        """Open a connection for a known account."""
        return FeedConnection(Calls(account.service_url, http, keeper), account)
