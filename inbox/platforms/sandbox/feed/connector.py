"""The sandbox's feed as a platform that can be connected."""

from collections.abc import Mapping

from inbox.platforms.contract import Account, BudgetSeen, Http, Secret, SecretKeeper
from inbox.platforms.given import Given
from inbox.platforms.outgoing import Verified
from inbox.platforms.sandbox.feed.calls import Calls
from inbox.platforms.sandbox.feed.connection import FeedConnection
from inbox.platforms.sandbox.feed.profile import read_profile
from inbox.platforms.waits import resets_at

LONGEST_NUMBER = 16


class FeedConnector:
    """Connects by a pasted token."""

    platform = "sandbox_feed"
    is_sandbox = True

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Read X-RateLimit-* (mastodon.md §7)."""
        limit, remaining = headers.get("x-ratelimit-limit", ""), headers.get("x-ratelimit-remaining", "")
        if not all(value.isdecimal() and len(value) < LONGEST_NUMBER for value in (limit, remaining)):
            return None
        until_at = resets_at(headers)
        return BudgetSeen(int(limit), int(remaining), until_at, until_at if status == 429 else None)

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Take {service_url, access_token}; raises PlatformError."""
        secret = Secret({"access_token": given["access_token"]})
        calls = Calls(given["service_url"].rstrip("/"), http, Given(secret))
        return secret, read_profile(calls)

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> FeedConnection:
        """Open a connection for a known account."""
        return FeedConnection(Calls(account.service_url, http, keeper), account)
