"""An open page shows the banner as soon as the engine stands still, and loses it after repair, without a reload."""

from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy.orm import Session

from inbox.database import db
from inbox.watch import watcher as watching
from inbox.watch.watch import Watch
from inbox.watch.watcher import Watcher
from tests.browser.world import World
from tests.factories.watch import beat
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]


@pytest.fixture
def watcher(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Watcher:
    """Return the watcher of the application that is served; what is well is so at once."""
    watch = Watch()
    monkeypatch.setitem(app.extensions, "watch", watch)
    monkeypatch.setattr(watching, "WELL_SECONDS", 0.0)
    engine = db.engine
    return Watcher(watch, lambda: Session(engine), replace(app.config["RELEVO"], last_resort_url=None))


def test_the_banner_comes_and_goes_by_itself(
    session: Session, world: World, watcher: Watcher, open_live: OpenAs
) -> None:
    beat(session)
    watcher.look()
    page = open_live(world.lucia_id, "/queue?view=everything")
    banner = page.get_by_role("alert").filter(has_text="Nothing has been checked since")
    expect(banner).to_have_count(0)
    beat(session, ago=300)
    watcher.look()
    expect(banner).to_be_visible(timeout=10_000)
    expect(banner.get_by_role("link", name="See what to do")).to_have_attribute("href", "/watch")
    beat(session)
    watcher.look()
    expect(banner).to_have_count(0, timeout=10_000)
