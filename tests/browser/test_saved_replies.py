"""Saved replies in the composer, by keyboard and by mouse."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from inbox import clock
from inbox.replies.saved_models import SavedReply
from tests.browser.world import World
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]


@pytest.fixture
def page(session: Session, world: World, open_as: OpenAs) -> Page:
    now = clock.now()
    kept = {"Opening hours": "We open at nine.\n{me}", "Thanks": "Thank you, {first_name}!"}
    session.add_all(
        SavedReply(name=name, texts={"": text}, created_at=now, changed_at=now) for name, text in kept.items()
    )
    session.commit()
    page = open_as(world.lucia_id, f"/c/{world.maria_id}?view=mine")
    page.locator("html.scripts").wait_for()
    page.keyboard.press("r")
    page.locator("#compose textarea:focus").wait_for()
    return page


def test_a_slash_at_the_beginning_of_a_line_puts_one_in(page: Page, session: Session) -> None:
    text = page.locator("#compose textarea")
    page.keyboard.type("9 / 5 and more.\n/")
    expect(page.locator("#saved input")).to_be_focused()
    page.keyboard.type("thank")
    expect(page.locator("#saved-rows li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(text).to_be_focused()
    expect(text).to_have_value("9 / 5 and more.\nThank you, María!")
    expect(page.locator("#count")).to_contain_text("of 300")
    page.keyboard.press("Control+z")
    expect(text).to_have_value("9 / 5 and more.\n")
    page.keyboard.type("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(text).to_have_value("9 / 5 and more.\n/")
    expect(page.locator("#saved")).to_be_hidden()


def test_the_button_does_it_by_mouse_and_keeps_what_stands_there(page: Page) -> None:
    text = page.locator("#compose textarea")
    page.get_by_role("button", name="Saved replies").click()
    page.keyboard.press("Escape")
    page.keyboard.type("María, ")
    page.get_by_role("button", name="Saved replies").click()
    page.locator("#saved-rows li", has_text="Opening hours").click()
    expect(text).to_have_value("María, We open at nine.\nLucía Marín")
    page.get_by_role("button", name="Saved replies").click()
    page.keyboard.type("nothing like it")
    expect(page.locator("#saved [role=status]")).to_have_text("No saved reply has these words.")
    page.locator("#thread").click(position={"x": 5, "y": 5})
    expect(page.locator("#saved")).to_be_hidden()
    expect(text).to_have_value("María, We open at nine.\nLucía Marín")
