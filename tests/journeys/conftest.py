"""One running Relevo for most journeys, its first member signed in, and pages that are theirs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.fixtures.browser import Pages
from tests.journeys.desk import Desk, choose_password, hold_longest, sign_in
from tests.journeys.running import NEW_PASSWORD, START_SECONDS, Running, Sandbox, relevo_up, until
from tests.platforms.bluesky.fake_network import FakeNetwork, fake_network

# Everything that the rules time goes ten times as fast, so that a journey need not wait a minute for a poll.
PACE = "10"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each journey the time of its polls."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1200))
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="session")
def bluesky() -> Iterator[FakeNetwork]:
    """Return a small Bluesky on this machine."""
    with fake_network() as network:
        yield network


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory, bluesky: FakeNetwork) -> Iterator[Running]:
    """Start `./relevo up` once for the journeys of this process; only the tests speak in its sandbox."""
    folder = tmp_path_factory.mktemp("journey") / "data"
    services = f"{bluesky.url} {bluesky.url.replace('http://', 'https://')}"
    with relevo_up(folder, {"RELEVO_LOCAL_SERVICES": services, "RELEVO_PACE": PACE}) as running:
        running.sandbox("feed").quiet()
        until(lambda: _is_read(running), "both channels of the sandbox have read what was said before", START_SECONDS)
        yield running


def _is_read(running: Running) -> bool:
    """Say whether both channels are past their import: until then what a fan says counts as history."""
    lines = [line for line in running.relevo("channel", "list").splitlines() if "sandbox_" in line]
    return len(lines) == 2 and not any("being read" in line or "never read" in line for line in lines)


@pytest.fixture(params=["feed", "pages"])
def personality(request: pytest.FixtureRequest) -> str:
    """Name each personality of the sandbox in turn: every sentence is shown on both."""
    return str(request.param)


@pytest.fixture
def sandbox(product: Running, personality: str) -> Iterator[Sandbox]:
    """Return the fans and the brand's own app on one personality, without faults."""
    hands = product.sandbox(personality)
    hands.heal()
    yield hands
    hands.heal()
    hands.client.close()


@pytest.fixture
def open_page(product: Running, pages: Pages) -> Any:
    """Return what opens a page as the first member: open_page(locale=…, viewport=…)."""

    def open_it(**options: Any) -> Page:
        if not product.signed_in:
            page = pages.open()
            email, password = product.first_sign_in()
            sign_in(page, product.url, email, password)
            choose_password(page, NEW_PASSWORD)
            hold_longest(page, product.url)
            product.signed_in.update(page.context.storage_state())
        return pages.open(storage_state=dict(product.signed_in), **options)

    return open_it


@pytest.fixture
def desk(product: Running, open_page: Any) -> Desk:
    """Return the desk in a wide window, in English, as the first member."""
    return Desk(open_page(), product.url)


@pytest.fixture
def fresh_folder(tmp_path: Path) -> Path:
    """Return a data folder that does not exist yet."""
    return tmp_path / "fresh" / "data"
