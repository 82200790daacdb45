"""The last call as it is seen: a line above the pages, the list that it leads to, live, and putting it away."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import LastCall
from inbox.channels.models import Channel
from tests.browser.world import World, make_world
from tests.factories.basics import make_contact
from tests.factories.conversations import make_thread, say
from tests.factories.sla import make_policy
from tests.fixtures.desk import OpenAs

pytestmark = pytest.mark.browser


@pytest.fixture
def world(session: Session) -> World:
    """The small team under a promise of a day: of all who wait, María alone is due before the next shift."""
    make_policy(session)
    world = make_world(session)
    session.execute(update(Channel).values(is_sandbox=False))  # what the sandbox plays falls due for nobody
    session.commit()
    return world


def ask(session: Session, world: World, name: str, hours_ago: float) -> None:
    channel = session.get_one(Channel, world.channel_id)
    person, at = make_contact(session, channel.platform, display_name=name), clock.now() - timedelta(hours=hours_ago)
    say(session, make_thread(session, channel), person, "Is it open on Sunday?", at=at)
    session.commit()


def test_the_line_leads_to_its_list_which_stays_so_and_is_put_away(
    session: Session, world: World, open_live: OpenAs
) -> None:
    now = clock.now()
    times = {"told_at": now, "ends_at": now + timedelta(hours=1), "next_begins_at": now + timedelta(hours=14)}
    session.add(LastCall(rotation_id=world.desk_id, member_id=world.lucia_id, **times))
    ask(session, world, "Nerea Uno", 14)
    page = open_live(world.lucia_id, "/queue?view=mine", viewport={"width": 390, "height": 844})
    line = page.locator(".banner.last-call")
    expect(line).to_contain_text("2 fall due before")
    line.get_by_role("link").click()
    rows = page.locator("#rows > li[data-id]")
    expect(rows).to_have_count(2)
    page.locator("body[data-stream=up]").wait_for()
    ask(session, world, "Nerea Dos", 1)  # due only after the next shift has begun
    ask(session, world, "Nerea Tres", 13)
    page.locator("#news").click()
    expect(rows).to_have_count(3)
    expect(page.locator("#rows")).to_contain_text("Nerea Tres")
    assert "until=" in (rows.last.locator("a.row").get_attribute("href") or "")
    line.get_by_role("button").click()
    expect(page.locator("#queue-title")).to_have_text("Due")
    expect(line).to_have_count(0)
    expect(rows).to_have_count(3)
