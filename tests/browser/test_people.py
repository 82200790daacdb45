"""The link of an invitation is copied by a button, with the clipboard or without."""

import pytest
from playwright.sync_api import expect

from tests.browser.world import World
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]
NO_CLIPBOARD = "() => Object.defineProperty(navigator, 'clipboard', { value: undefined })"


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_the_link_of_an_invitation_is_copied(world: World, open_as: OpenAs, has_clipboard: bool) -> None:
    page = open_as(world.lucia_id, "/people", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("E-mail address").fill("nueva@acme.example")
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("#invitation-link").inner_text()
    page.locator("html.scripts").wait_for()
    if not has_clipboard:
        page.evaluate(NO_CLIPBOARD)
    page.get_by_role("button", name="Copy the link").click()
    expect(page.locator(".toast")).to_contain_text("Link copied")
    page.get_by_label("E-mail address").fill("")
    page.get_by_label("E-mail address").press("ControlOrMeta+v")
    expect(page.get_by_label("E-mail address")).to_have_value(link.strip())
