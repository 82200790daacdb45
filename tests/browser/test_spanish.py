"""Every screen in Spanish: none of the English sentences of the catalog is left on it, seen or only heard."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.test_screens import SCREENS, path_of
from tests.browser.world import World
from tests.fixtures.desk import OpenAs
from tests.house import catalog

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]

# Shorter ones may stand inside a name or a Spanish word.
SHORTEST = 13
_VALUE = re.compile(r"%\(\w+\)[sd]")
MORE = {
    "mine": "/queue?view=mine",
    "no answer": "/queue?view=no_answer",
    "nothing fits": "/queue?view=everything&kind=review",
    "priority": "/c/{maria}/priority",
    "label": "/c/{maria}/label",
    "finish": "/c/{maria}/finish",
    "reconnect": "/channels/{channel}/reconnect",
    "change password": "/password",
}
# Text, titles and names for screen readers, also of what is folded away or kept in a <template>.
EVERYTHING_SAID = """() => {
  const said = [document.title];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.matches("script, style")) continue;
      for (const name of ["aria-label", "title", "placeholder", "alt"]) said.push(element.getAttribute(name) ?? "");
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) said.push(node.textContent);
      if (element instanceof HTMLTemplateElement) walk(element.content);
    }
  };
  walk(document);
  return said.map((one) => one.replace(/\\s+/g, " ").trim()).filter(Boolean).join("\\n");
}"""


def english_parts() -> Iterator[str]:
    """Yield what stands between the values of every English sentence that Spanish says otherwise."""
    for message in catalog.read("es"):
        pairs = zip(catalog_forms(message.id), catalog_forms(message.string), strict=False)
        for english, spanish in pairs:
            for part in _VALUE.split(english):
                if len(part.strip()) >= SHORTEST and part.strip() not in spanish:
                    yield part.strip()


def catalog_forms(text: object) -> list[str]:
    return [str(one) for one in text] if isinstance(text, list | tuple) else [str(text)]


def english_on(page: Page) -> list[str]:
    """Return the catalog's English that a page says anywhere."""
    said: str = page.evaluate(EVERYTHING_SAID)
    return sorted({part for part in english_parts() if part in said})


@pytest.mark.parametrize("name", [*SCREENS, *MORE])
def test_no_english_is_left_on_a_screen(name: str, world: World, open_as: OpenAs) -> None:
    path = MORE[name].format(maria=world.maria_id, channel=world.channel_id) if name in MORE else path_of(name, world)
    page = open_as(world.lucia_id if name != "sign-in" else None, path, locale="es-MX")
    assert page.locator("html").get_attribute("lang") == "es"
    assert english_on(page) == []


def test_people_and_teams_speak_spanish(world: World, open_as: OpenAs) -> None:
    for path in (f"/people/{world.diego_id}", f"/people/{world.lucia_id}", f"/teams/{world.team_id}"):
        page = open_as(world.lucia_id, path, locale="es-ES")
        assert english_on(page) == []


def test_the_same_look_finds_english_where_english_is_spoken(world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, path_of("conversation", world), locale="en-GB")
    assert "assign to somebody or a team" in english_on(page)
    assert "Connect a real channel" in english_on(page)


@pytest.mark.parametrize("width", [360, 390, 1440])
def test_spanish_fits_on_the_buttons_of_a_conversation(width: int, world: World, open_as: OpenAs) -> None:
    size = {"width": width, "height": 844}
    page = open_as(world.lucia_id, path_of("conversation", world), locale="es-ES", viewport=size)
    page.locator("html.scripts").wait_for()
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".main-acts button, .main-acts .state, .bar button, .nav .word")]
        .filter((one) => one.offsetWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"""
    )
    assert cut == []
