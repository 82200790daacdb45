"""A guest book with its bridge, and a connection to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from inbox import clock
from inbox.fetch import Fetcher
from inbox.platforms.contract import Account, Connection
from inbox.platforms.given import Given
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.registry import get_connector
from tests.fixtures.app import MovingClock
from tests.platforms.generic import example_bridge
from tests.platforms.generic.bridges import SECRET, Running, running_bridge


@dataclass
class Scene:
    """The guest book's bridge, and Relevo's connection to it."""

    bridge: Running
    connection: Connection


@pytest.fixture
def bridge(moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Run the example by the test's clock."""
    monkeypatch.setattr(example_bridge, "time", SimpleNamespace(time=lambda: clock.now().timestamp()))
    with running_bridge() as running:
        yield running


@pytest.fixture
def scene(bridge: Running) -> Scene:
    """Sign in at the guest book."""
    connector = get_connector("generic")
    http = BudgetedHttp(Fetcher([bridge.url]), MemoryBudgets(), "test", connector.read_budget)
    secret, found = connector.sign_in({"service_url": bridge.url, "secret": SECRET}, http)
    account = Account(found.external_id, found.scope, found.handle, found.service_url)
    return Scene(bridge, connector.connect(Given(secret), http, account))
