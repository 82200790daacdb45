"""Letters that turn the writing round or reach over their line change nothing but their own place."""

import pytest
from playwright.sync_api import FloatRect, Page
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.models import Conversation
from tests.browser.world import World
from tests.factories.basics import make_contact
from tests.factories.conversations import conversation_of, make_post, make_thread, say
from tests.fixtures.desk import OpenAs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"], indirect=True, scope="session")]

# Turned round and never turned back; isolates that are not closed, and closings of what was not open.
TURNED = {
    "override": "\u202e",
    "isolate": "\u2067",
    "closings": "\u2069\u202c\u2069\u202e",
    "embedding": "\u202b\u202e\u2066",
}
ZALGO = "".join(letter + "\u0301\u0316\u0352\u0323" * 50 for letter in "Zalgo")

# Of an element: whether our own letters, those outside any <bdi>, stand in the order in which they are written.
IN_ORDER = """(place) => {
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const isTheirs = node.parentElement.closest("bdi") && !node.parentElement.closest(".host");
    if (isTheirs || node.parentElement.closest("svg, .vh")) continue;
    for (let at = 0; at < node.length; at += 1) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + 1);
      const box = range.getBoundingClientRect();
      if (box.width && node.data[at].trim()) found.push({ letter: node.data[at], x: box.left, y: box.bottom });
    }
  }
  const wrong = found.filter((one, at) => at && Math.abs(one.y - found[at - 1].y) < 3 && one.x <= found[at - 1].x);
  return { count: found.length, wrong: wrong.map((one) => one.letter).join("") };
}"""


def make_odd(session: Session, world: World, mark: str) -> Conversation:
    """Add somebody whose name, handle, words and post carry a mark; returns their conversation."""
    channel = session.get_one(Channel, world.channel_id)
    words = f"abc {mark}def"
    post = make_post(session, channel, author_name=words, text=words, permalink="https://social.example/p/1")
    contact = make_contact(session, display_name=words, handle=f"h{mark}andle")
    text = f"{words} see https://other.example/x now"
    link = {"kind": "link", "start": text.index("see"), "end": text.index("see") + 3, "url": "https://evil.example/"}
    message = say(session, make_thread(session, channel, post_id=post.id), contact, text=text, marks=[link])
    found = conversation_of(session, message)
    session.commit()
    return found


def expect_order(page: Page, selector: str) -> None:
    found = page.locator(selector).first.evaluate(IN_ORDER)
    assert found["count"] > 3, f"{selector} says nothing"
    assert found["wrong"] == "", f"{selector}: out of their order {found}"


@pytest.mark.parametrize("name", TURNED)
def test_what_turns_the_writing_round_turns_nothing_of_ours(
    session: Session, world: World, open_as: OpenAs, name: str
) -> None:
    number = make_odd(session, world, TURNED[name]).id
    page = open_as(world.lucia_id, f"/c/{number}?view=everything")
    row = f"#row-{number}"
    for selector in (
        f"{row} .meta",
        "#thread-title",
        f"{row} .ctx",
        ".thread .under",
        ".msg.in .host",
        "aside.post .host",
    ):
        expect_order(page, selector)


def picture(page: Page, selector: str) -> bytes:
    """Return what is drawn where an element stands, without its outermost pixels, which it shares with others."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    clip = FloatRect(x=box["x"] + 1, y=box["y"] + 1, width=box["width"] - 2, height=box["height"] - 2)
    return page.screenshot(clip=clip)


def test_marks_without_end_reach_over_nobody_else(session: Session, world: World, open_as: OpenAs) -> None:
    channel = session.get_one(Channel, world.channel_id)
    thread = make_thread(session, channel)
    contact = make_contact(session, display_name=ZALGO, handle="zalgo.test")
    first = say(session, thread, contact, text=f"{ZALGO}\n{ZALGO}")
    second = say(session, thread, contact, text="Read me.")
    session.commit()
    number = conversation_of(session, first).id
    page = open_as(world.lucia_id, f"/c/{number}?view=everything", reduced_motion="reduce")
    places = [f"#m{second.id} .foot", f"#m{first.id} .foot", ".thread .under"]
    places += [f"#row-{number} .meta", f"#row-{number} + li .who"]
    shown = [picture(page, place) for place in places]
    # Few fonts stack marks as high as they can be stacked; a shadow is ink beyond the line in every font.
    reaching = page.evaluate(
        """() => {
          const odd = [...document.querySelectorAll("bdi")].filter((one) => /\\p{M}/u.test(one.textContent));
          for (const one of odd) one.style.textShadow = "0 14px red, 0 28px red, 0 -14px red, 0 -28px red";
          return odd.length;
        }"""
    )
    assert reaching >= 5
    for place, before in zip(places, shown, strict=True):
        assert picture(page, place) == before, f"the marks reach over {place}"
