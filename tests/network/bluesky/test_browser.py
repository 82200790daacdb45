"""By hand, as far as a test has hands: `./relevo up`, a browser, and the network."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.fixtures.browser import Pages
from tests.journeys.desk import ARRIVES_MS, SOON_MS, Desk, choose_password, sign_in
from tests.journeys.running import NEW_PASSWORD, relevo_up
from tests.network.bluesky.network import Network
from tests.network.bluesky.people import Somebody, eventually

SETTLES_MS = 60_000


def connect(page: Page, url: str, owner: Somebody, network: Network) -> None:
    """Connect the shop; the network has no private messages, which is said, and accepted."""
    page.goto(f"{url}/channels/connect")
    given = {"handle": owner.handle, "app_password": owner.app_password(), "service_url": network.pds}
    for attempt in range(2):
        for name, value in given.items():
            page.locator(f"form input[name={name}]").fill(value)
        page.locator("form.card button").last.click()
        if attempt == 0:
            expect(page.locator("#wrong")).to_contain_text("private messages", timeout=SOON_MS)
            page.locator("input[name=public_only]").check()
    page.wait_for_url(re.compile(r"/channels/\d+$"))
    expect(page.locator("main")).to_contain_text(owner.handle)


def test_a_member_connects_the_network_and_answers_from_the_browser(
    network: Network, tmp_path: Path, pages: Pages
) -> None:
    owner, fan = Somebody(network, "shop"), Somebody(network)
    post = owner.post("Ask us anything")
    eventually(lambda: owner.sees(post["uri"]), "the post is indexed")
    environ = {"RELEVO_LOCAL_SERVICES": network.pds, "RELEVO_SANDBOX": "0"}
    with relevo_up(tmp_path / "data", environ) as relevo:
        page = pages.open()
        email, password = relevo.first_sign_in()
        sign_in(page, relevo.url, email, password)
        choose_password(page, NEW_PASSWORD)
        connect(page, relevo.url, owner, network)
        pages.complaints[:] = [said for said in pages.complaints if "400" not in said]
        desk = Desk(page, relevo.url).see()
        asked = fan.reply(post, "¿Abren el domingo por la mañana?")
        expect(desk.row(fan.handle)).to_be_visible(timeout=ARRIVES_MS * 4)
        desk.open(fan.handle).write(f"Sí, @{fan.handle}, de nueve a dos.").send()

        def answers() -> list[str]:
            thread = fan.call("app.bsky.feed.getPostThread", uri=asked["uri"])["thread"]
            return [reply["post"]["record"]["text"] for reply in thread.get("replies", [])]

        eventually(answers, "the fan sees the answer", seconds=SETTLES_MS / 1000)
        assert answers() == [f"Sí, @{fan.handle}, de nueve a dos."]
        expect(desk.message("de nueve a dos")).to_be_visible(timeout=SOON_MS)
        expect(page.locator("section.delivery")).to_have_count(0, timeout=SETTLES_MS)
        page.context.close()  # a page that is still open asks on, and would complain that nobody answers
        assert relevo.end() < 15
    assert sum(record["value"].get("reply") is not None for record in owner.records()) == 1
