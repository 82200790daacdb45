"""Saying how one is reached, in a real browser: added, proved by the code that arrives, tried."""

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.members.models import Member
from inbox.notifications import letters
from inbox.notifications.models import Notification, QuietHours
from inbox.outbox.models import Delivery
from tests.browser.test_screens import LOOKS, axe
from tests.browser.world import World
from tests.factories.notifications import add_method
from tests.fixtures.desk import OpenAs

pytestmark = pytest.mark.browser


@pytest.fixture
def told(session: Session, world: World) -> World:
    """Give a member methods in every state, quiet hours, and something that was sent."""
    lucia = session.get_one(Member, world.lucia_id)
    given = {"place": 1, "label": "Lucía’s phone", "hint": "ntfy.sh …f00d"}
    method = add_method(session, lucia, "ntfy", **given)
    add_method(session, lucia, "slack", place=2, hint="hooks.slack.com …x9Qz", state="failing", error_code="http_404",
               failing_since_at=method.created_at, is_urgent_only=True)  # fmt: skip
    add_method(session, lucia, "apprise", place=3, hint="discord")
    add_method(session, lucia, "telegram", place=4, hint="-100200300", state="unverified", verified_at=None)
    session.add(QuietHours(member_id=lucia.id, from_minute=1320, until_minute=420))
    for state, reason in (("sent", None), ("refused", "http_404"), ("unclear", "timeout")):
        now = method.created_at
        delivery = Delivery(kind="notification", member_id=lucia.id, state=state, reason_code=reason, outgoing={},
                            not_before_at=now, created_at=now)  # fmt: skip
        session.add(delivery)
        session.flush()
        session.add(Notification(delivery_id=delivery.id, member_id=lucia.id, method_id=method.id, round_key="x",
                                 place=0, kind="alert", is_alert=True, language="en", created_at=now,
                                 subject="3 overdue on Acme Home, first due at 18:31"))  # fmt: skip
    session.commit()
    return world


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", ["/me/reach", "/me/reach/new?kind=telegram"])
def test_the_page_is_accessible(path: str, look: str, told: World, open_as: OpenAs, axe_source: str) -> None:
    page = open_as(told.lucia_id, path, reduced_motion="reduce", **LOOKS[look])
    assert axe(page, axe_source) == []
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0


def test_a_method_is_added_and_proved_by_its_code(app: Flask, session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, "/me")
    page.get_by_role("link", name="Methods and quiet hours").click()
    expect(page.get_by_text("No alert can reach you yet")).to_be_visible()
    page.get_by_role("link", name="ntfy").click()
    page.get_by_label("Topic", exact=True).fill("a-long-topic")
    page.get_by_role("button", name="Add and send me a code").click()
    expect(page.get_by_text("Not verified")).to_be_visible()
    session.expire_all()
    code = letters.open_notice(session.scalars(select(Notification)).one()).notice.code or ""
    session.rollback()
    page.get_by_label("The six digits that were sent there").fill(code)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("Verified. Alerts reach you there")).to_be_visible()
    page.get_by_role("button", name="Send me a test").click()
    expect(page.get_by_text("A test is on its way.")).to_be_visible()
    expect(page.get_by_role("cell", name="A test from Relevo")).to_be_visible()
