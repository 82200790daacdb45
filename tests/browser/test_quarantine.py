"""What could not be read is read again by a member, once the connector can, and stands where it belongs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.connections import sign_in
from inbox.channels.opening import open_channel
from inbox.conversations.models import Message
from inbox.platforms.html_text import to_text
from inbox.platforms.sandbox.feed import parse as feed
from inbox.platforms.sandbox.pages import parse as pages
from sandbox.server import Sandbox
from sandbox.settings import Pace, Settings
from tests.browser.world import World
from tests.fixtures.desk import OpenAs
from tests.platforms.bluesky.product import Product
from tests.sandbox.site import Site, open_site

pytestmark = pytest.mark.browser  # on both databases

MARK = "ilegible"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Run a sandbox in which only the test speaks."""
    running = Sandbox(Settings(data=tmp_path / "box", pace=Pace.at(1.0), is_traffic_on=False))
    running.start()
    found = open_site(running)
    yield found
    for one in (found.control, found.feed, found.pages):
        one.close()
    running.stop()


@pytest.fixture(params=["feed", "pages"])
def personality(request: pytest.FixtureRequest) -> str:
    """Name each personality of the sandbox in turn."""
    return str(request.param)


@pytest.fixture
def product(app: Flask, session: Session, world: World, site: Site, personality: str) -> Iterator[Product]:
    """Connect the personality's account for the team, and read what there is."""
    given = app.config["RELEVO"]
    settings = replace(given, local_services=frozenset({site.told["url"]}))
    app.config["RELEVO"] = settings
    told = {"service_url": site.told[personality]["url"], "access_token": site.told[personality]["access_token"]}
    signed_in = sign_in(settings, f"sandbox_{personality}", told)
    channel = open_channel(session, settings, signed_in, member_id=world.lucia_id, team_ids=[world.team_id])
    connected = Product(settings, channel.id, world.lucia_id)
    session.commit()
    connected.poll()
    yield connected
    app.config["RELEVO"] = given


def as_before_an_update(patch: pytest.MonkeyPatch) -> None:
    """Let both connectors stumble over a word, as an older one would over what it does not know yet."""
    words = pages._words

    def feed_words(content: str) -> Any:
        if MARK in content:
            raise feed.Unfit("a shape that is not known yet")
        return to_text(content)

    def page_words(row: Any) -> str:
        if MARK in str(row):
            raise pages.Unfit("a shape that is not known yet")
        return words(row)

    patch.setattr("inbox.platforms.sandbox.feed.parse.to_text", feed_words)
    patch.setattr("inbox.platforms.sandbox.pages.parse._words", page_words)


def test_read_again_puts_it_into_the_queue_with_the_platforms_time(
    session: Session, world: World, site: Site, personality: str, product: Product, open_live: OpenAs
) -> None:
    asked_at = clock.now() - timedelta(minutes=40)
    told = {"authored_at": asked_at.isoformat()} | (
        {"arrived_at": asked_at.isoformat()} if personality == "feed" else {}
    )
    post = site.do(f"{personality}/post", text="Rebajas")["id"]
    site.do(f"{personality}/comment", by="vera@calle.test", name="Vera Nova", on=post, text=f"¿Es {MARK} esto?", **told)
    with pytest.MonkeyPatch.context() as patch:
        as_before_an_update(patch)
        product.poll(is_deep=True)
    queue = open_live(world.lucia_id, "/queue?view=everything")
    expect(queue.locator("a.row", has_text="Vera Nova")).to_have_count(0)

    page = queue.context.new_page()
    page.goto(f"/channels/{product.channel_id}")
    page.get_by_role("link", name=re.compile("could not be read")).click()
    cards = page.locator("section.card")
    count = cards.count()
    assert count >= 1  # on the feed both lists that carry it
    expect(cards.first).to_contain_text("a shape that is not known yet")
    for left in reversed(range(count)):
        cards.first.get_by_role("button", name="Read it again").click()
        expect(page.locator(".toast")).to_contain_text("it is in the inbox now")
        expect(cards).to_have_count(left)
    expect(page.locator("main")).to_contain_text("Everything could be read")

    expect(queue.locator("#news")).to_be_visible(timeout=15_000)
    queue.locator("#news").click()
    row = queue.locator("a.row", has_text="Vera Nova")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(re.compile(r"waits 4[01] min"))
    found = session.scalars(select(Message).where(Message.text.contains(MARK))).one()
    assert (found.clock_at - asked_at) < timedelta(seconds=1)
    assert found.awaits
    session.commit()
    product.poll(is_deep=True)
    expect(queue.locator("a.row", has_text="Vera Nova")).to_have_count(1)
