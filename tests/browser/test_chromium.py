"""The browser itself: it starts, and what goes wrong on a page is noticed."""

import pytest
from playwright.sync_api import Browser

from launcher import cache
from tests.browser import chromium as finder
from tests.fixtures.browser import Pages

pytestmark = pytest.mark.browser


def test_complaints_of_a_page_are_collected(chromium: Browser) -> None:
    pages = Pages(chromium)
    page = pages.open()
    policy = "<meta http-equiv='Content-Security-Policy' content=\"script-src 'nonce-a'\">"
    script = "<script nonce=a>console.error('lost'); throw new Error('broken')</script>"
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.set_content(f"{policy}{script}<script>'not ours'</script>")
    pages.contexts[0].close()
    text = "\n".join(pages.complaints)
    assert "lost" in text
    assert "thrown: broken" in text
    assert "Content Security Policy" in text


def test_a_quiet_page_has_none_and_axe_can_look_at_it(pages: Pages, axe_source: str) -> None:
    page = pages.open()
    page.set_content("<!doctype html><html lang=en><title>t</title><main><h1>Quiet</h1><img src='data:,'></main>")
    page.evaluate(axe_source)
    found = page.evaluate("axe.run().then(result => result.violations.map(v => v.id))")
    assert found == ["image-alt"]


def test_the_browser_of_the_package_starts_where_the_machine_has_none(
    monkeypatch: pytest.MonkeyPatch, chromium: Browser
) -> None:
    monkeypatch.setattr(finder, "_NAMES", ())
    monkeypatch.delenv("RELEVO_CHROMIUM", raising=False)
    found = finder.find()
    assert found.program.parent.parent.parent == cache.folder()
    browser = chromium.browser_type.launch(
        executable_path=found.program, args=list(finder.ARGUMENTS), env={**found.environ}
    )
    page = browser.new_page()
    page.set_content("<h1>Hola</h1>")
    assert page.inner_text("h1") == "Hola"
    browser.close()
