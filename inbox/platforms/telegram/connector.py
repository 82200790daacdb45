"""Telegram as a platform: how a bot is signed in and a connection made."""

from collections.abc import Mapping

from inbox.platforms.contract import Account, BudgetSeen, Http, Secret, SecretKeeper
from inbox.platforms.outgoing import Verified
from inbox.platforms.telegram import errors
from inbox.platforms.telegram.calls import Calls
from inbox.platforms.telegram.connection import TelegramConnection
from inbox.platforms.telegram.profile import sign_in


class TelegramConnector:
    """A contract.Connector for any Bot API server; accounts are bots, known by their numbers."""

    platform = "telegram"
    is_sandbox = False

    def read_budget(self, headers: Mapping[str, str], status: int) -> BudgetSeen | None:
        """Read until when a 429 wants silence."""
        return errors.read_budget(headers, status)

    def sign_in(self, given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
        """Take a bot's token (see profile.sign_in)."""
        return sign_in(given, http)

    def connect(self, keeper: SecretKeeper, http: Http, account: Account) -> TelegramConnection:
        """Open a connection; nothing is asked yet."""
        return TelegramConnection(Calls(account.service_url, http, keeper), account)
