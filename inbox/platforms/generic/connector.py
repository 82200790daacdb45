"""A bridge that somebody wrote as a platform that can be connected: an address and a shared secret."""

from collections.abc import Mapping

from inbox.platforms.contract import (
    Account,
    BudgetSeen,
    Http,
    Malformed,
    Refused,
    Secret,
    SecretKeeper,
    TokenExpired,
    Unavailable,
)
from inbox.platforms.generic.calls import Calls, until
from inbox.platforms.generic.connection import GenericConnection
from inbox.platforms.generic.profile import read_profile
from inbox.platforms.generic.signing import SHORTEST_SECRET
from inbox.platforms.given import Given
from inbox.platforms.outgoing import Verified


class GenericConnector:
    """Connects by {service_url, secret}; both sides keep the secret, and neither ever sends it."""

    platform = "generic"
    is_sandbox = False

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Keep silent after a 429, for as long as Retry-After says."""
        return BudgetSeen(paused_until_at=until(headers)) if status == 429 else None

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Ask the bridge whose account it speaks for, signed with the secret.

        Raises PlatformError: besides those of an address, secret_too_short, secret_refused, not_this_platform.
        """
        shared = given.get("secret", "").strip()
        if len(shared) < SHORTEST_SECRET:
            raise Refused(code="secret_too_short")
        secret = Secret({"secret": shared})
        calls = Calls(given.get("service_url", "").strip(), http, Given(secret))
        try:
            return secret, read_profile(calls)
        except TokenExpired as error:
            raise Refused(error.detail, code="secret_refused") from None
        except Malformed as error:
            raise Unavailable(error.detail, code="not_this_platform") from None

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> GenericConnection:
        """Open a connection for an account that is known."""
        return GenericConnection(Calls(account.service_url, http, keeper), account)
