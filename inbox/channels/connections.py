"""Opens connections: a channel's connector with its kept credential and its budgeted client."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox.channels.budgets import DatabaseBudgets, app_key
from inbox.channels.connect import SignedIn
from inbox.channels.credentials import Keeper
from inbox.channels.models import Channel
from inbox.channels.pushing import push_url
from inbox.errors import NotFound
from inbox.fetch import shared
from inbox.platforms.contract import Account, Connection, Connector, Malformed
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.registry import get_connector
from inbox.platforms.shallow import SLIPS
from inbox.platforms.signing_in import App, Begun, SignIn, SignsInThere
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
            push_url=push_url(settings, channel),
        )
        return without_slips(connector.connect(Keeper(make_session, vault, channel.id), http, account))

    return open_connection


def sign_in(settings: Settings, platform: str, given: Mapping[str, str]) -> SignedIn:
    """Ask a platform whose account a credential is; nothing is stored. Raises PlatformError, NotFound."""
    connector = get_connector(platform)
    with _without_slips():
        secret, verified = connector.sign_in(given, _http(settings, connector))
    return SignedIn(platform, secret, verified, is_sandbox=connector.is_sandbox)


def find_sign_in_there(platform: str) -> SignsInThere | None:
    """Return how members sign in on the platform itself, None where they type a credential here."""
    connector = get_connector(platform)
    return connector if isinstance(connector, SignsInThere) else None


def begin_sign_in(settings: Settings, platform: str, wanted: SignIn, app: App | None) -> Begun:
    """Ask a platform where a member signs in; nothing is stored. Raises PlatformError, NotFound."""
    there = _there(platform)
    with _without_slips():
        return there.begin_sign_in(wanted, app, _http(settings, get_connector(platform)))


def finish_sign_in(settings: Settings, platform: str, pending: Mapping[str, str], app: App, code: str) -> SignedIn:
    """Take the code that a platform sent back; nothing is stored. Raises PlatformError, NotFound."""
    connector = get_connector(platform)
    there = _there(platform)
    with _without_slips():
        secret, verified = there.finish_sign_in(pending, app, code, _http(settings, connector))
    return SignedIn(platform, secret, verified, is_sandbox=connector.is_sandbox)


def _there(platform: str) -> SignsInThere:
    there = find_sign_in_there(platform)
    if there is None:
        raise NotFound("platform_unknown", platform=platform)
    return there


def _http(settings: Settings, connector: Connector) -> BudgetedHttp:
    return BudgetedHttp(shared(settings.local_services), MemoryBudgets(), "sign-in", connector.read_budget)


@contextmanager
def _without_slips() -> Iterator[None]:
    try:
        yield
    except SLIPS as error:
        raise Malformed(f"our reading of the answer failed: {type(error).__name__}") from None
