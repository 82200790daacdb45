"""Where no machine can tell whether a reply arrived, a person decides with both texts side by side (sentence 6)."""

import pytest
from playwright.sync_api import expect

from tests.journeys.desk import LEAVES_MS, SOON_MS, Desk
from tests.journeys.running import Sandbox, ask, until

pytestmark = pytest.mark.timeout(1200)
# Four looks at the journeys' pace, the last after thirty seconds.
DECIDES_MS = 120_000


def lose(desk: Desk, sandbox: Sandbox, name: str) -> tuple[str, str]:
    """Let a reply be lost on its way while a colleague writes another on the platform; return both texts."""
    asked = ask(sandbox, name, "¿Ha salido ya mi lavadora?")
    desk.see().open(name)
    ours, theirs = f"Salió ayer, llega mañana ({name}).", f"Sale hoy mismo ({name})."
    sandbox.fault("outage", count=1, on="write")
    desk.write(ours).send()
    until(lambda: sandbox.is_well, "the reply was lost", LEAVES_MS / 1000)
    sandbox.tell("native", on=asked, text=theirs)
    return ours, theirs


def accepted(sandbox: Sandbox, text: str) -> int:
    """Count what the platform accepted from us with these words."""
    return len([one for one in sandbox.accepted() if text in one["text"]])


def test_1_6_a_person_compares_both_texts_and_decides(desk: Desk, sandbox: Sandbox) -> None:
    again, it_is, left = (f"{what} {sandbox.personality}" for what in ("Again", "Arrived", "Left"))
    texts = {name: lose(desk, sandbox, name) for name in (again, it_is, left)}
    for name, (ours, theirs) in texts.items():
        desk.see().open(name)
        expect(desk.delivery).to_have_attribute("data-state", "needs_person", timeout=DECIDES_MS)
        expect(desk.delivery.locator(".sides > div").first).to_contain_text(ours)
        expect(desk.delivery.locator(".sides > div").last).to_contain_text(theirs)
        assert accepted(sandbox, ours) == 0

    desk.see().open(again)
    desk.delivery.get_by_role("button", name="It did not: send it again").click()
    expect(desk.delivery).to_have_count(0, timeout=LEAVES_MS)
    expect(desk.message(texts[again][0])).to_have_count(1)
    expect(desk.row(again)).to_contain_text("their turn", timeout=SOON_MS)
    assert accepted(sandbox, texts[again][0]) == 1

    desk.see().open(it_is)
    desk.delivery.get_by_role("button", name="This is it").click()
    expect(desk.delivery).to_have_count(0, timeout=SOON_MS)
    expect(desk.page.locator("article.msg.ours")).to_have_count(1)
    expect(desk.row(it_is)).to_contain_text("their turn", timeout=SOON_MS)
    assert accepted(sandbox, texts[it_is][0]) == 0

    desk.see().open(left)
    desk.delivery.get_by_role("button", name="Leave it").click()
    expect(desk.delivery).to_have_count(0, timeout=SOON_MS)
    expect(desk.composer).to_have_value(texts[left][0], timeout=SOON_MS)
    assert accepted(sandbox, texts[left][0]) == 0


def test_1_6_when_nobody_can_tell_a_person_decides_with_both_texts_side_by_side(desk: Desk, sandbox: Sandbox) -> None:
    name = f"Unclear {sandbox.personality}"
    ask(sandbox, name, "¿Ha salido ya mi lavadora?")
    desk.see().open(name)
    sandbox.fault("drop_after_accept", count=1)
    sandbox.fault("no_lookup")
    text = f"Salió ayer, llega mañana ({name})."
    desk.write(text).send()
    expect(desk.delivery).to_have_attribute("data-state", "needs_person", timeout=DECIDES_MS)
    expect(desk.delivery.locator(".sides > div").first).to_contain_text(text)
    expect(desk.delivery.locator(".sides > div").last).to_contain_text("Nothing that looks like it was found")
    assert len([one for one in sandbox.accepted() if text in one["text"]]) == 1
    sandbox.heal()
    desk.delivery.get_by_role("button", name="It did arrive").click()
    expect(desk.delivery).to_have_count(0, timeout=SOON_MS)
    expect(desk.row(name)).to_contain_text("their turn", timeout=SOON_MS)
    assert len([one for one in sandbox.accepted() if text in one["text"]]) == 1
