"""The network, once a session, and a shop on it with a post and a connection."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from inbox.fetch import Fetcher
from inbox.platforms.bluesky.connection import BlueskyConnection
from inbox.platforms.bluesky.connector import BlueskyConnector
from inbox.platforms.contract import Account, Secret
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from tests.network.bluesky.build import CannotBuild
from tests.network.bluesky.network import Network
from tests.network.bluesky.people import Ref, Somebody, eventually
from tests.platforms.bluesky.desk import Desk, MemoryKeeper


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    try:
        running = start()
    except CannotBuild as error:
        pytest.exit(f"relevo: {error}", returncode=1)
    yield running
    running.stop()


def start() -> Network:
    """Start the network; a start that failed is tried once more, for its ports may have been taken meanwhile."""
    try:
        return Network()
    except CannotBuild:
        raise
    except RuntimeError:
        return Network()


@dataclass
class Shop:
    """An account that answers through the connector."""

    network: Network
    owner: Somebody
    password: str
    post: Ref
    desk: Desk

    def fan(self) -> Somebody:
        """Let somebody sign up."""
        return Somebody(self.network)

    def open(self, *, page_size: int = 100, url: str | None = None) -> Desk:
        """Connect once more: another page size, or through the proxy in front of the server."""
        return open_shop(self.network, self.owner, self.password, page_size=page_size, url=url)


def open_shop(
    network: Network, owner: Somebody, password: str, *, page_size: int = 100, url: str | None = None
) -> Desk:
    """Sign in and connect."""
    connector = BlueskyConnector()
    services = [network.pds, network.doorway.url]
    http = BudgetedHttp(Fetcher(services), MemoryBudgets(), "channel:1", connector.read_budget)
    typed = {"handle": owner.handle, "app_password": password, "service_url": network.pds, "public_only": "1"}
    secret, verified = connector.sign_in(typed, http)
    if url is not None:
        secret = replace(secret, values={**secret.values, "service_url": url})
    keeper = MemoryKeeper(Secret(secret.values, secret.expires_at))
    account = Account(verified.external_id, verified.scope, verified.handle, verified.service_url)
    connection = connector.connect(keeper, http, account)
    return Desk(BlueskyConnection(connection.calls, account, page_size), keeper)


@pytest.fixture
def shop(network: Network) -> Shop:
    owner = Somebody(network, "shop")
    password = owner.app_password()
    post = owner.post("We are open again. Ask us anything!")
    eventually(lambda: owner.sees(post["uri"]), "the shop's post is indexed")
    return Shop(network, owner, password, post, open_shop(network, owner, password))
