"""Times are worded in the viewer's zone and stay so when the server's words come again."""

import pytest
from playwright.sync_api import expect

from tests.browser.world import World
from tests.fixtures.desk import OpenAs

pytestmark = pytest.mark.browser  # on both databases


def test_words_survive_a_refresh(world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, f"/c/{world.maria_id}?view=mine")
    wait = page.locator("#thread-head time.wait")
    expect(wait).to_have_text("waits 21 h")
    page.keyboard.press("m")
    page.locator("#entries .sys", has_text="took this").wait_for()
    expect(wait).to_have_text("waits 21 h")
