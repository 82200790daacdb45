"""What scenes begin with: a platform and receivers over HTTP, a team, and a clock that they move."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox import clock
from sandbox.server import Sandbox
from sandbox.settings import Pace, Settings
from tests.fixtures.app import MovingClock
from tests.sandbox.site import Site, open_site
from tests.scenes import engine
from tests.scenes.receivers import Receivers, open_receivers
from tests.scenes.story import Story


class SameClock:
    """The standard library's `time` for the platform, with our clock on its wall."""

    def time(self) -> float:
        """Return our time, in seconds since 1970."""
        return clock.now().timestamp()

    def __getattr__(self, name: str) -> Any:
        """Leave all else as it is."""
        return getattr(time, name)


@pytest.fixture
def platform(fast_folder: Path, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Serve a quiet platform of its own, on whose clock it is as late as on ours; its limits are over in a moment."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("sandbox.") and getattr(module, "time", None) is time:
            monkeypatch.setattr(module, "time", SameClock())
    with TemporaryDirectory(dir=fast_folder) as folder:
        running = Sandbox(Settings(data=Path(folder), pace=Pace.at(1000), is_traffic_on=False))
        running.start()
        site = open_site(running)
        yield site
        for one in (site.control, site.feed, site.pages):
            one.close()
        running.stop()


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """Open a telephone company and a mail server."""
    with open_receivers() as opened:
        yield opened


@pytest.fixture
def story(
    app: Flask,
    session: Session,
    moving_clock: MovingClock,
    platform: Site,
    receivers: Receivers,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Story]:
    """Return a story that has not begun."""
    url = receivers.wire.url
    settings = replace(
        app.config["RELEVO"],
        local_services=frozenset((platform.told["feed"]["url"], url)),
        smtp_url=f"smtp://127.0.0.1:{receivers.box.port}",
        mail_from="Relevo <relevo@acme.example>",
        sms_url=url.replace("://", "://AC1:a-token-of-the-company@"),
        sms_from="+15550100",
        public_url="https://relevo.example",
    )
    monkeypatch.setitem(app.config, "RELEVO", settings)
    yield Story(app, session, moving_clock, platform, receivers, engine.set_up(monkeypatch, app))
    session.rollback()
