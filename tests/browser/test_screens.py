"""Every screen: no complaint of the policy or the console, nothing that axe finds, in both languages and looks."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation
from inbox.intake import quarantine
from tests.browser.world import World
from tests.fixtures.browser import Pages
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]

SCREENS = {
    "sign-in": "/sign-in",
    "queue": "/queue?view=everything",
    "unassigned": "/queue?view=unassigned",
    "empty": "/queue?view=snoozed",
    "conversation": "/c/{maria}?view=everything",
    "assign": "/c/{maria}/assign",
    "snooze": "/c/{maria}/snooze",
    "channels": "/channels",
    "channel": "/channels/{channel}",
    "quarantine": "/channels/{channel}/quarantine",
    "connect": "/channels/connect",
    "people": "/people",
    "watch": "/watch",
    "sla": "/sla",
    "alerts": "/alerts",
    "rotations": "/rotations",
    "rotation": "/rotations/{night}",
    "desk-plan": "/rotations/{desk}",
    "edit-rotation": "/rotations/{night}/edit",
    "edit-desk-plan": "/rotations/{desk}/edit",
    "settings": "/me",
    "sla-policies": "/sla/policies",
    "sla-policy": "/sla/policies/new",
}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark", "locale": "es-ES"},
    "390": {"viewport": {"width": 390, "height": 844}},
    "360": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "locale": "es-ES"},
    "1100": {"viewport": {"width": 1100, "height": 800}},
}
DOCS = Path(__file__).parents[2] / "docs/screenshots"


def axe(page: Page, source: str) -> list[str]:
    """Return what axe finds against the page, one line a finding."""
    page.evaluate(source)
    found: str = page.evaluate(
        """async () => JSON.stringify((await axe.run(document, { resultTypes: ["violations"] })).violations
        .map((one) => `${one.id}: ` + one.nodes.slice(0, 3)
        .map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`).join(" | ")))"""
    )
    return list(json.loads(found))


def path_of(name: str, world: World) -> str:
    ids = {"maria": world.maria_id, "channel": world.channel_id, "night": world.night_id, "desk": world.desk_id}
    return SCREENS[name].format(**ids)


@pytest.fixture
def kept(session: Session, world: World) -> World:
    """Add something that could not be read."""
    from inbox.channels.models import Channel

    channel = session.get_one(Channel, world.channel_id)
    quarantine.keep(session, channel, "mentions", b'{"id": 7, "text": null}', "unreadable", "text is null")
    session.commit()
    return world


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", SCREENS)
def test_screen_is_accessible(name: str, look: str, kept: World, open_as: OpenAs, axe_source: str) -> None:
    page = open_as(
        kept.lucia_id if name != "sign-in" else None, path_of(name, kept), reduced_motion="reduce", **LOOKS[look]
    )
    expect(page.locator("main h1:visible, main h2:visible").first).to_be_visible()
    found = axe(page, axe_source)
    assert found == [], "\n".join(found)
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, "it scrolls sideways"


@pytest.mark.parametrize("dialog", ["assign", "snooze", "priority", "label"])
def test_dialogs_are_accessible(dialog: str, world: World, open_as: OpenAs, axe_source: str) -> None:
    page = open_as(world.lucia_id, path_of("conversation", world), reduced_motion="reduce")
    page.locator("html.scripts").wait_for()
    page.keyboard.press({"assign": "a", "snooze": "s", "priority": "p", "label": "l"}[dialog])
    page.locator("dialog[open] .dialog-body").wait_for()
    found = axe(page, axe_source)
    assert found == [], "\n".join(found)


def test_rows_are_named_by_person_wait_and_channel(session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, "/queue?view=unassigned")
    page.locator("html.scripts").wait_for()
    named = page.get_by_role("link", name="Nerea Blasco")
    expect(named).to_have_accessible_name(
        "Nerea Blasco @n0.nerea.test , waits 7 min , on Sandbox pages Acme Hogar:"
        " ¿Abrís mañana domingo? En la web pone una cosa y en Google otra. Comment",
    )


def test_the_browsers_language_is_spoken(session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, "/queue?view=everything", locale="es-ES")
    expect(page.locator("html[lang=es]")).to_have_count(1)
    expect(page.locator("time.wait").first).to_contain_text("espera")


def test_times_tell_the_exact_time_in_the_viewers_zone(session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, "/queue?view=everything", timezone_id="Asia/Tokyo")
    title = page.locator("time.wait").first.get_attribute("title")
    assert title is not None
    assert "GMT+9" in title


def test_scripts_off_the_essentials_work(session: Session, world: World, open_as: OpenAs) -> None:
    page = open_as(world.lucia_id, path_of("conversation", world), java_script_enabled=False)
    page.locator("form[data-act=finish] button").click()
    page.get_by_role("button", name="Answered elsewhere").click()
    expect(page.locator(".toast")).to_contain_text("Done.")
    session.expire_all()
    assert session.get_one(Conversation, world.maria_id).status == "done"
    session.rollback()  # lets go of SQLite's write lock
    page.get_by_role("button", name="Undo").click()
    session.expire_all()
    assert session.get_one(Conversation, world.maria_id).status == "open"


def test_pictures_for_the_documentation(kept: World, open_as: OpenAs, pages: Pages, tmp_path: Path) -> None:
    """Take the pictures that docs/ shows; with RELEVO_SCREENSHOTS=1 they are put there."""
    folder = DOCS if os.environ.get("RELEVO_SCREENSHOTS") == "1" else tmp_path
    wanted: dict[str, tuple[str, dict[str, Any]]] = {
        "queue": ("queue", {"color_scheme": "light"}),
        "queue-dark": ("queue", {"color_scheme": "dark"}),
        "queue-390": ("queue", {"viewport": {"width": 390, "height": 844}}),
        "conversation": ("conversation", {"color_scheme": "light"}),
        "conversation-dark": ("conversation", {"color_scheme": "dark"}),
        "conversation-390": ("conversation", {"viewport": {"width": 390, "height": 844}}),
        "channels": ("channels", {"color_scheme": "light"}),
        "channels-dark": ("channels", {"color_scheme": "dark"}),
        "channels-390": ("channels", {"viewport": {"width": 390, "height": 844}}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (screen, options) in wanted.items():
        page = open_as(kept.lucia_id, path_of(screen, kept), reduced_motion="reduce", device_scale_factor=2, **options)
        page.locator("html.scripts").wait_for()
        page.evaluate("() => document.fonts.ready.then(() => true)")
        page.screenshot(path=folder / f"{name}.png")
        assert (folder / f"{name}.png").stat().st_size > 20_000
        page.context.close()
