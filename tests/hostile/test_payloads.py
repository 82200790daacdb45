"""Damaged payloads on their whole way: each item a message or kept back, and the page that shows them intact."""

import random
from html.parser import HTMLParser
from typing import cast

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.models import Channel, ChannelStream, Post
from inbox.conversations.models import Conversation, Message
from inbox.database import db
from inbox.intake.models import Quarantined
from inbox.intake.poll import Reader, read_stream
from inbox.intake.sorting import sort_items
from inbox.platforms.contract import Connection
from inbox.platforms.items import GoneItem, Item, Page, PostSeen
from inbox.platforms.items import Message as MessageItem
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_responder
from tests.factories.items import make_stream
from tests.factories.members import sign_in_as
from tests.fixtures.app import MovingClock
from tests.hostile.payloads import PLATFORMS, SCRIPT, damaged

PACE = Pace()
_VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "wbr"})


def read_damaged(rng: random.Random, name: str, times: int = 1) -> list[Item]:
    make, parse = PLATFORMS[name]
    rows = [damaged(rng, row) for _ in range(times) for row in make()]
    return [item for row in rows if (item := parse(row)) is not None]


@given(seed=st.integers(min_value=0), name=st.sampled_from(sorted(PLATFORMS)))
@settings(max_examples=400, deadline=None)
def test_no_connector_and_no_border_raises_and_no_item_disappears(seed: int, name: str) -> None:
    for item in read_damaged(random.Random(seed), name):
        found = sort_items([item])
        kept = [*found.messages.values(), *found.posts.values(), *found.gone.values(), *found.rejects]
        assert len(kept) == 1, f"{name}: {item!r:.300}"


class Structure(HTMLParser):
    """Checks that each element is closed where it should be, and that nothing of a stranger became an element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert not [name for name in names if name.startswith("on") or name == "style"], self.get_starttag_text()
        assert len(names) == len(set(names)), self.get_starttag_text()
        assert tag != "script" or "src" in names
        for name, value in attrs:
            assert name not in ("href", "src", "action") or (value or "").startswith(("/", "http", "#")), value
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> without a beginning"
        assert self.open.pop() == tag

    def close(self) -> None:
        super().close()
        assert self.open == []


def check_page(text: str) -> None:
    """Assert that a page is well-formed and that scripts of strangers are text in it."""
    assert SCRIPT not in text
    assert "<img src=x" not in text
    structure = Structure()
    structure.feed(text)
    structure.close()


class Platform:
    """Shows one page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def fetch(self, _stream: str, _cursor: object, *, is_deep: bool = False) -> Page:
        return self.page


@pytest.mark.parametrize("name", sorted(PLATFORMS))
def test_damaged_payloads_arrive_or_are_kept_back_and_pages_stay_whole(
    app: Flask, session: Session, moving_clock: MovingClock, name: str
) -> None:
    rng = random.Random(name)
    channel = make_channel(session, import_done_at=clock.now())
    stream = make_stream(session, channel, "direct" if "direct" in name else "mentions", due_at=clock.now())
    member = make_responder(session, channel, role="lead")
    browser = sign_in_as(app, session, member)
    channel_id, stream_id = channel.id, stream.id
    items = read_damaged(rng, name, times=60)
    _poll(session, items, stream_id)
    _check_nothing_is_lost(session, channel_id, items)
    for conversation_id in session.scalars(select(Conversation.id)).all():
        answer = browser.get(f"/c/{conversation_id}?view=everything")
        assert answer.status_code == 200
        check_page(answer.text)
    for path in ("/queue?view=everything", f"/channels/{channel_id}", f"/channels/{channel_id}/quarantine"):
        answer = browser.get(path)
        assert answer.status_code == 200
        check_page(answer.text)


def _poll(session: Session, items: list[Item], stream_id: int) -> None:
    session.commit()
    page = Page(items, {"mark": 1})
    reader = Reader(lambda: Session(db.engine), lambda _channel: cast(Connection, Platform(page)), PACE)
    with Session(db.engine) as own, own.begin():
        (claim,) = streams.claim_due(own, PACE, 1)
    read_stream(reader, claim)
    assert session.get_one(ChannelStream, stream_id, populate_existing=True).cursor == {"mark": 1}


def _check_nothing_is_lost(session: Session, channel_id: int, items: list[Item]) -> None:
    """Each item's id is a message's or a post's, or it is one of those kept back."""
    messages = set(session.scalars(select(Message.external_id).where(Message.channel_id == channel_id)))
    posts = set(session.scalars(select(Post.external_id).where(Post.channel_id == channel_id)))
    kept = session.scalar(select(func.sum(Quarantined.seen_count)).where(Quarantined.channel_id == channel_id)) or 0
    missing = [item for item in items if not _is_there(item, messages, posts)]
    assert len(missing) <= kept, [repr(item)[:200] for item in missing]
    assert session.get_one(Channel, channel_id).state == "active"


def _is_there(item: Item, messages: set[str | None], posts: set[str]) -> bool:
    if isinstance(item, PostSeen):
        return item.external_id in posts
    return isinstance(item, GoneItem) or (isinstance(item, MessageItem) and item.external_id in messages)
