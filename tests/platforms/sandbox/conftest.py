"""Both connectors against a running sandbox, over real HTTP, without a database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inbox.fetch import Fetcher
from inbox.platforms.contract import Account, Connection, Connector
from inbox.platforms.given import Given
from inbox.platforms.http import BudgetedHttp, MemoryBudgets
from inbox.platforms.items import Item, Message
from inbox.platforms.registry import get_connector
from sandbox.server import Sandbox
from sandbox.settings import Pace, Settings
from tests.sandbox.site import Site, open_site


@dataclass
class Scene:
    """A sandbox, and a connection to one of its personalities."""

    site: Site
    name: str
    connector: Connector
    connection: Connection
    http: BudgetedHttp
    given: dict[str, str]
    cursors: dict[str, Any] = field(default_factory=dict)

    def do(self, what: str, **given: Any) -> dict[str, Any]:
        """Let a fan or the brand do something on this personality."""
        return self.site.do(f"{self.name}/{what}", **given)

    def read(self, stream: str, *, is_deep: bool = False) -> list[Item]:
        """Read a stream to its end from where it was left; fails if it does not end."""
        items: list[Item] = []
        for _ in range(60):
            page = self.connection.fetch(stream, self.cursors.get(stream), is_deep=is_deep)
            self.cursors[stream] = page.cursor_after
            items += page.items
            if page.is_complete:
                return items
        raise AssertionError(f"{stream} does not end")

    def messages(self, stream: str, **how: Any) -> dict[str, Message]:
        """Read a stream and return its messages by id."""
        return {item.external_id: item for item in self.read(stream, **how) if isinstance(item, Message)}


def short(external_id: str) -> str:
    """Return an id as the connectors keep it."""
    return external_id.rsplit("_", 1)[-1]


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def make_scene(site: Site, name: str) -> Scene:
    """Sign in at one personality as the brand."""
    connector = get_connector(f"sandbox_{name}")
    told = site.told[name]
    http = BudgetedHttp(Fetcher([site.told["url"]]), MemoryBudgets(), "test", connector.read_budget)
    given = {"service_url": told["url"], "access_token": told["access_token"]}
    secret, verified = connector.sign_in(given, http)
    account = Account(verified.external_id, verified.scope, verified.handle, verified.service_url)
    return Scene(site, name, connector, connector.connect(Given(secret), http, account), http, given)


@pytest.fixture
def open_scene(tmp_path: Path) -> Iterator[Callable[[str], Scene]]:
    """Return what opens a scene on a personality, in one quiet sandbox."""
    running = Sandbox(Settings(data=tmp_path / "box", pace=Pace.at(1.0), is_traffic_on=False))
    running.start()
    site = open_site(running)
    yield lambda name: make_scene(site, name)
    for one in (site.control, site.feed, site.pages):
        one.close()
    running.stop()


@pytest.fixture
def feed(open_scene: Callable[[str], Scene]) -> Scene:
    """Return the feed."""
    return open_scene("feed")


@pytest.fixture
def pages(open_scene: Callable[[str], Scene]) -> Scene:
    """Return the pages."""
    return open_scene("pages")


@pytest.fixture(params=["feed", "pages"])
def scene(request: pytest.FixtureRequest, open_scene: Callable[[str], Scene]) -> Scene:
    """Return each personality in turn."""
    return open_scene(str(request.param))
