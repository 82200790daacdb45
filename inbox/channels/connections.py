"""Opens connections: a channel's connector with its kept credential and its budgeted client."""

from collections.abc import Callable, Mapping

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox.channels.budgets import DatabaseBudgets, app_key
from inbox.channels.connect import SignedIn
from inbox.channels.credentials import Keeper
from inbox.channels.models import Channel
from inbox.fetch import shared
from inbox.platforms.contract import Account, Connection, Malformed
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.registry import get_connector
from inbox.platforms.shallow import SLIPS
from inbox.platforms.slips import without_slips
from inbox.security import Vault
from inbox.settings import Settings


def connector_for(settings: Settings, engine: Engine) -> Callable[[Channel], Connection]:
    """Return a function that opens a channel's connection; it touches neither network nor database yet."""
    vault = Vault(settings.secret_keys, settings.read_secret_keys)

    def make_session() -> Session:
        return Session(engine)

    budgets = DatabaseBudgets(make_session)

    def open_connection(channel: Channel) -> Connection:
        connector = get_connector(channel.platform)
        http = BudgetedHttp(
            shared(settings.local_services),
            budgets,
            f"channel:{channel.id}",
            connector.read_budget,
            settings.pace.write_call_seconds,
            app_key(channel.platform) if getattr(connector, "has_app_budget", False) else "",
        )
        account = Account(
            external_id=channel.external_id,
            scope=channel.scope,
            handle=channel.handle,
            service_url=channel.service_url,
            limits=channel.limits,
            pace=settings.pace,
        )
        return without_slips(connector.connect(Keeper(make_session, vault, channel.id), http, account))

    return open_connection


def sign_in(settings: Settings, platform: str, given: Mapping[str, str]) -> SignedIn:
    """Ask a platform whose account a credential is; nothing is stored. Raises PlatformError, NotFound."""
    connector = get_connector(platform)
    http = BudgetedHttp(shared(settings.local_services), MemoryBudgets(), "sign-in", connector.read_budget)
    try:
        secret, verified = connector.sign_in(given, http)
    except SLIPS as error:
        raise Malformed(f"our reading of the answer failed: {type(error).__name__}") from None
    return SignedIn(platform, secret, verified, is_sandbox=connector.is_sandbox)
