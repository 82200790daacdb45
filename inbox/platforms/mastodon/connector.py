"""Mastodon as a platform: how an account is signed in and a connection made."""

from collections.abc import Mapping

from inbox.platforms.contract import Account, BudgetSeen, Http, Secret, SecretKeeper
from inbox.platforms.hurry import within
from inbox.platforms.mastodon import errors, signing_in
from inbox.platforms.mastodon.calls import Calls
from inbox.platforms.mastodon.connection import MastodonConnection
from inbox.platforms.outgoing import Verified
from inbox.platforms.signing_in import App, Begun, SignIn

# So long a member waits for a server at most, whatever it is asked on the way.
WITHIN_SECONDS = 10.0


class MastodonConnector:
    """A contract.Connector and SignsInThere for any server that speaks Mastodon's API."""

    platform = "mastodon"
    is_sandbox = False
    out_of_band_uri = signing_in.OUT_OF_BAND

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Read an answer's X-RateLimit headers."""
        return errors.read_budget(headers, status)

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Sign in with a pasted token: {service_url, access_token}."""
        return signing_in.take_token(given, within(http, WITHIN_SECONDS))

    def server_of(self, given: Mapping[str, str]) -> str:
        """Return the address of the server that was named."""
        return signing_in.clean_service(given.get("service_url", ""))

    def begin_sign_in(self, sign_in: SignIn, app: App | None, http: Http) -> Begun:
        """Return where the member signs in."""
        return signing_in.begin(sign_in, app, within(http, WITHIN_SECONDS))

    def finish_sign_in(self, pending: Mapping[str, str], app: App, code: str, http: Http) -> tuple[Secret, Verified]:
        """Exchange the code for a token."""
        return signing_in.finish(pending, app, code, within(http, WITHIN_SECONDS))

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> MastodonConnection:
        """Open a connection; nothing is asked yet."""
        return MastodonConnection(Calls(account.service_url, http, keeper), account)
