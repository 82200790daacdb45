"""The filter, whose choices come when somebody opens it: by mouse, by key, and where they can't come."""

import re

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy.orm import Session

from tests.browser.world import make_world
from tests.fixtures.browser import Pages
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]


@pytest.fixture
def page(session: Session, open_as: OpenAs) -> Page:
    world = make_world(session, conversations=3)
    return open_as(world.lucia_id, "/queue?view=everything")


def test_the_list_is_narrowed_with_the_mouse(page: Page) -> None:
    page.locator("#filter > summary").click()
    page.locator("#filter select[name=channel]").select_option(index=1)
    page.locator("#filter button").click()
    expect(page.locator("#queue a.chosen")).to_have_count(1)
    page.locator("#filter > summary").click()
    expect(page.locator("#filter select[name=channel]")).not_to_have_value("")


def test_the_key_opens_it_with_the_cursor_in_it_each_time(page: Page) -> None:
    for _ in range(2):
        page.keyboard.press("i")
        expect(page.locator("#filter select[name=status]")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("#filter")).not_to_have_attribute("open", "")


def test_pressing_beside_it_closes_it_and_opens_nobody(page: Page) -> None:
    page.locator("#filter > summary").click()
    row = page.locator("#rows li").last
    row.click(position={"x": 40, "y": 10})
    expect(page.locator("#filter")).not_to_have_attribute("open", "")
    expect(page).to_have_url(re.compile("/queue"))
    row.click(position={"x": 40, "y": 10})
    expect(page).to_have_url(re.compile(r"/c/\d+"))


def test_choices_that_can_not_come_are_asked_for_again(page: Page, pages: Pages) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=429, json={"code": "busy", "message": "Later, please."})

    page.route("**/queue/filter*", refuse)
    page.locator("#filter > summary").click()
    expect(page.get_by_text("Later, please.").first).to_be_visible()
    expect(page.locator("#filter a[href*='filter=open']")).to_be_visible()
    page.unroute("**/queue/filter*")
    page.locator("#filter > summary").click()
    page.locator("#filter > summary").click()
    expect(page.locator("#filter select[name=channel]")).to_be_visible()
    assert all("429" in one for one in pages.complaints)
    pages.complaints.clear()
