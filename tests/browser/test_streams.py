"""One stream a browser, however it is shared, and nothing is silent when it ends."""

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.members.models import Grant, Team
from inbox.settings import Pace
from tests.browser.test_live import arrive
from tests.browser.world import World
from tests.factories.basics import make_grant
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]

QUEUE = "/queue?view=unassigned"
NO_WORKER = "delete window.SharedWorker;"
NO_SHARING = "delete window.SharedWorker; delete window.BroadcastChannel;"
NEWS_MS = 15_000


@pytest.fixture
def quick_checks(app: Flask) -> Iterator[None]:
    """Look every half second whether a member may still hear what their stream says."""
    given = app.config["RELEVO"]
    app.config["RELEVO"] = replace(given, pace=replace(Pace(), stream_revoke_seconds=0.5))
    yield
    app.config["RELEVO"] = given


def another_tab(context: BrowserContext, path: str = QUEUE) -> Page:
    """Open a second tab of the same browser and wait for its stream."""
    tab = context.new_page()
    tab.goto(path)
    tab.locator("body[data-stream=up]").wait_for()
    return tab


def count_streams(app: Flask) -> int:
    """Return how many streams the stream process serves."""
    told: int = httpx.get(f"{app.config['RELEVO'].stream_url}/healthz").json()["streams"]
    return told


def without(script: str, page: Page) -> Page:
    """Load a page anew in a browser that lacks something."""
    page.context.add_init_script(script)
    page.reload()
    return page


@pytest.mark.parametrize("lacks", ["", NO_WORKER], ids=["worker", "leading tab"])
def test_two_tabs_share_one_stream_and_both_hear(
    session: Session, world: World, open_live: OpenAs, app: Flask, lacks: str
) -> None:
    first = without(lacks, open_live(world.lucia_id, QUEUE))
    first.locator("body[data-stream=up]").wait_for()
    second = another_tab(first.context)
    number = arrive(session, world, "Vera Nova")
    for tab in (first, second):
        expect(tab.locator("#news")).to_be_visible(timeout=NEWS_MS)
    live = [tab for tab in (first, second) if tab.evaluate("() => document.body.dataset.stream") == "up"]
    assert len(live) == 2
    second.close()
    first.keyboard.press(".")
    expect(first.locator(f"#row-{number}")).to_have_count(1)
    if lacks:
        # the browser that had a worker before may still hold its stream for a moment
        expect_streams(app, first, 1)


def expect_streams(app: Flask, page: Page, wanted: int) -> None:
    """Wait until this many streams are open; one that nobody reads ends with its next word."""
    for _ in range(200):
        if count_streams(app) == wanted:
            return
        page.wait_for_timeout(100)
    assert count_streams(app) == wanted


def test_where_a_leading_tab_closes_another_goes_on_without_a_gap(
    session: Session, world: World, open_live: OpenAs
) -> None:
    leader = without(NO_WORKER, open_live(world.lucia_id, QUEUE))
    leader.locator("body[data-stream=up]").wait_for()
    other = another_tab(leader.context)
    arrive(session, world, "Vera Nova")
    expect(other.locator("#news")).to_have_attribute("data-count", "1", timeout=NEWS_MS)
    leader.close()
    arrive(session, world, "Nora Vela")  # at once: nobody may be listening at this moment
    expect(other.locator("#news")).to_have_attribute("data-count", "2", timeout=NEWS_MS)


def test_a_browser_that_can_not_share_a_stream_asks(session: Session, world: World, open_live: OpenAs) -> None:
    page = without(NO_SHARING, open_live(world.lucia_id, QUEUE))
    expect(page.locator("body[data-stream]")).to_have_count(0)
    arrive(session, world, "Vera Nova")
    expect(page.locator("#news")).to_be_visible(timeout=NEWS_MS)


@pytest.mark.parametrize("lacks", ["", NO_WORKER], ids=["worker", "leading tab"])
def test_whoever_comes_back_after_a_stream_was_closed_gets_a_new_one(
    session: Session, world: World, quick_checks: None, open_live: OpenAs, lacks: str
) -> None:
    page = without(lacks, open_live(world.lucia_id, QUEUE))
    page.locator("body[data-stream=up]").wait_for()
    beside = another_tab(page.context)
    session.query(Grant).filter(Grant.channel_id == world.pages_id).delete()
    session.commit()
    for tab in (page, beside):
        expect(tab.locator(".toast[data-reload]")).to_be_visible(timeout=NEWS_MS)
    page.locator(".toast[data-reload] button").first.click()
    page.locator("body[data-stream=up]").wait_for()
    arrive(session, world, "Vera Nova")
    expect(page.locator("#news")).to_be_visible(timeout=NEWS_MS)


def test_a_grant_that_is_added_is_heard_after_reloading(
    session: Session, world: World, quick_checks: None, open_live: OpenAs
) -> None:
    session.query(Grant).filter(Grant.channel_id == world.channel_id).delete()
    session.commit()
    page = open_live(world.lucia_id, QUEUE)
    make_grant(session, session.get_one(Team, world.team_id), session.get_one(Channel, world.channel_id))
    session.commit()
    page.locator(".toast[data-reload] button").first.click(timeout=NEWS_MS)
    page.locator("body[data-stream=up]").wait_for()
    arrive(session, world, "Vera Nova")
    expect(page.locator("#news")).to_be_visible(timeout=NEWS_MS)
