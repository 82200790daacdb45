"""A sandbox of its own for each test, reached over real HTTP on a port of 127.0.0.1."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Sandbox
from sandbox.settings import Pace, Settings
from tests.sandbox.site import Site, open_site


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Makes sandboxes; all of them end with the test."""
    sites: list[Site] = []

    def make(folder: str = "box", pace: float = 1.0, is_traffic_on: bool = False, **more: Any) -> Site:
        running = Sandbox(Settings(data=tmp_path / folder, pace=Pace.at(pace), is_traffic_on=is_traffic_on, **more))
        running.start()
        sites.append(open_site(running))
        return sites[-1]

    yield make
    for site in sites:
        for one in (site.control, site.feed, site.pages):
            one.close()
        site.running.stop()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """A quiet sandbox at pace 1."""
    return make_site()


@pytest.fixture
def until() -> Callable[..., Any]:
    """Asks again until something is true or the time is over; gives what was true."""

    def wait(look: Callable[[], Any], seconds: float = 8.0) -> Any:
        ends = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < ends, "it did not come true in time"
            time.sleep(0.02)

    return wait
