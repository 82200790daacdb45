"""The sandbox's pages as a platform that can be connected."""

import json
from collections.abc import Mapping
from datetime import timedelta

from inbox import clock
from inbox.platforms.contract import Account, BudgetSeen, Http, Secret, SecretKeeper
from inbox.platforms.given import Given
from inbox.platforms.outgoing import Verified
from inbox.platforms.sandbox.pages.calls import Calls
from inbox.platforms.sandbox.pages.connection import PagesConnection
from inbox.platforms.sandbox.pages.profile import read_profile

# The budget is that of a rolling hour: it has no end to wait for, a part of it comes back all the time.
LOOK_AGAIN = timedelta(minutes=1)


class PagesConnector:
    """Connects by a page's token."""

    platform = "sandbox_pages"
    is_sandbox = True
    has_app_budget = True

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Read X-App-Usage, which tells per cent of an hour's budget (facebook.md §7)."""
        try:
            used = max(int(value) for value in json.loads(headers["x-app-usage"]).values())
        except (KeyError, ValueError, TypeError, AttributeError):
            return None
        return BudgetSeen(100, max(0, 100 - used), clock.now() + LOOK_AGAIN, is_of_app=True)

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Take {service_url, access_token, app_id?, app_secret?}: the app is for pushes. Raises PlatformError."""
        app = {name: given[name] for name in ("app_id", "app_secret") if given.get(name)}
        secret = Secret({"access_token": given["access_token"]} | app)
        return secret, read_profile(Calls(given["service_url"].rstrip("/"), http, Given(secret)))

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> PagesConnection:
        """Open a connection for a known page."""
        return PagesConnection(Calls(account.service_url, http, keeper), account)
