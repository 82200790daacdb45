"""A thread hangs on its post, whichever of them is learnt of first (RULES A5, E1)."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel, Post
from inbox.conversations.models import Message, Thread
from inbox.platforms.items import Item
from tests.factories.basics import make_channel
from tests.factories.items import direct, make_stream, message, post, take_in, us

pytestmark = pytest.mark.usefixtures("moving_clock")


def hangs_on(session: Session, channel: Channel, name: str) -> str | None:
    """Return the id of the post under which a message's thread is shown."""
    session.expire_all()
    row = session.scalars(select(Message).where(Message.channel_id == channel.id, Message.external_id == name)).one()
    return row.thread.post.external_id if row.thread.post is not None else None


def threads_of(session: Session, channel: Channel) -> list[Any]:
    """Return the channel's threads as a member meets them: what each holds, its post, what it still waits for."""
    session.expire_all()
    found = []
    query = select(Thread).where(Thread.channel_id == channel.id, Thread.joined_into_id.is_(None))
    for thread in session.scalars(query):
        held = session.scalars(select(Message.external_id).where(Message.thread_id == thread.id))
        post_id = thread.post.external_id if thread.post else None
        found.append((sorted(name or "" for name in held), post_id, thread.wanted_parent))
    return sorted(found)


def count_statements(session: Session, channel: Channel, *page: Item) -> int:
    """Take a page in and return how many statements that took."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    take_in(session, channel, *page)
    event.remove(bind, "before_cursor_execute", note)
    return len(statements)


def spoken_under_a_post() -> list[Item]:
    """Return a post, two comments on it that name it as their parent alone, and a reply to one of them."""
    now = clock.now()
    return [
        post("p1", authored_at=now - timedelta(minutes=9)),
        message("c1", by="lucia", parent_id="p1", authored_at=now - timedelta(minutes=8)),
        message("c2", by="omar", parent_id="p1", authored_at=now - timedelta(minutes=7)),
        message("c3", by="ines", parent_id="c1", mentions_us=True, authored_at=now - timedelta(minutes=6)),
    ]


def test_every_order_hangs_the_same_threads_on_the_post(session: Session) -> None:
    wanted = [(["c1", "c3"], "p1", None), (["c2"], "p1", None)]
    for order in itertools.permutations(range(4)):
        channel = make_channel(session)
        items = spoken_under_a_post()
        for number in order:
            take_in(session, channel, items[number])
        assert threads_of(session, channel) == wanted, order


def test_a_post_that_is_shown_and_one_that_is_only_named_come_in_one_page(session: Session) -> None:
    channel = make_channel(session)
    assert take_in(session, channel, post("p1"), message("c1", post_id="p2")).posts == 1
    found = session.execute(select(Post.external_id, Post.text).where(Post.channel_id == channel.id))
    assert sorted(tuple(row) for row in found) == [("p1", "New in the shop"), ("p2", "")]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_one_page_with_both_hangs_them_alike(session: Session, is_reversed: bool) -> None:
    channel = make_channel(session)
    items = spoken_under_a_post()
    take_in(session, channel, *(reversed(items) if is_reversed else items))
    assert threads_of(session, channel) == [(["c1", "c3"], "p1", None), (["c2"], "p1", None)]


def test_a_reply_that_claims_to_be_older_than_its_comment_does_not_hide_the_post(session: Session) -> None:
    channel = make_channel(session)
    before = clock.now() - timedelta(hours=1)
    take_in(session, channel, post("p1"))
    take_in(session, channel, message("c1", parent_id="p1"), message("c2", parent_id="c1", authored_at=before))
    assert threads_of(session, channel) == [(["c1", "c2"], "p1", None)]


def test_a_post_learnt_by_another_stream_is_shown(session: Session) -> None:
    channel = make_channel(session)
    mentions, own = make_stream(session, channel, "mentions"), make_stream(session, channel, "own_posts")
    take_in(session, channel, message("c1", parent_id="p1"), stream=mentions)
    assert hangs_on(session, channel, "c1") is None
    take_in(session, channel, post("p1"), stream=own)
    assert hangs_on(session, channel, "c1") == "p1"


def test_a_post_that_another_comment_names_is_shown_before_it_is_seen_itself(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c1", parent_id="p1"))
    take_in(session, channel, message("c2", by="omar", parent_id="p1", post_id="p1"))
    assert threads_of(session, channel) == [(["c1"], "p1", None), (["c2"], "p1", None)]
    take_in(session, channel, post("p1", text="Now seen"))
    assert [one.text for one in session.scalars(select(Post))] == ["Now seen"]


def test_the_later_of_two_joined_threads_brings_its_post_along(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c2", by="omar", parent_id="c1"))
    take_in(session, channel, post("p1"))
    take_in(session, channel, message("c1", parent_id="p1"))
    assert threads_of(session, channel) == [(["c1", "c2"], "p1", None)]


def test_a_thread_that_was_joined_before_its_post_is_known_hangs_on_it_then(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c2", by="omar", parent_id="c1"))
    take_in(session, channel, message("c1", parent_id="p1"))
    assert threads_of(session, channel) == [(["c1", "c2"], None, "p1")]
    take_in(session, channel, post("p1"))
    assert threads_of(session, channel) == [(["c1", "c2"], "p1", None)]
    signposts = session.scalars(select(Thread).where(Thread.joined_into_id.is_not(None))).all()
    assert [(one.post_id, one.wanted_parent) for one in signposts] == [(None, None)]


def test_two_channels_keep_their_posts_apart(session: Session) -> None:
    first, second = make_channel(session), make_channel(session)
    for channel in (first, second):
        take_in(session, channel, message("c1", parent_id="p1"))
    take_in(session, first, post("p1"))
    assert (hangs_on(session, first, "c1"), hangs_on(session, second, "c1")) == ("p1", None)
    take_in(session, second, post("p1"))
    session.expire_all()
    for thread in session.scalars(select(Thread)):
        assert thread.post is not None
        assert thread.post.channel_id == thread.channel_id


def test_a_private_answer_to_a_post_hangs_on_it_and_stays_private(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, direct("d1", thread_key=None, parent_id="p1"), message("c1", parent_id="p1"))
    take_in(session, channel, post("p1"))
    assert threads_of(session, channel) == [(["c1"], "p1", None), (["d1"], "p1", None)]
    assert sorted(thread.is_private for thread in session.scalars(select(Thread))) == [False, True]


def test_what_hangs_on_a_post_keeps_it_when_another_parent_appears(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c2", parent_id="c1", post_id="p1"))
    take_in(session, channel, post("p2"), post("c1"))
    assert hangs_on(session, channel, "c2") == "p1"


def test_our_own_comment_under_our_post_is_told_from_an_answer_in_either_order(session: Session) -> None:
    for is_post_first in (True, False):
        channel = make_channel(session)
        asked = clock.now() - timedelta(minutes=5)
        pages: list[Item] = [post("p1"), message("c1", parent_id="p1", authored_at=asked)]
        for item in pages if is_post_first else pages[::-1]:
            take_in(session, channel, item)
        take_in(session, channel, message("r1", by=us(channel), parent_id="p1"))
        assert [held for held, *_ in threads_of(session, channel)] == [["c1"], ["r1"]], is_post_first
        row = select(Message).where(Message.channel_id == channel.id, Message.external_id == "c1")
        assert session.scalars(row).one().awaits, is_post_first


def test_a_page_costs_the_same_number_of_statements_however_many_hang_on_posts(session: Session) -> None:
    channel = make_channel(session)
    make_stream(session, channel)
    take_in(session, channel)

    def comments(size: int, *, after: str = "") -> list[Item]:
        return [message(f"c{size}-{n}{after}", by=f"fan{n}", parent_id=f"p{size}-{n}") for n in range(size)]

    def posts(size: int) -> list[Item]:
        return [post(f"p{size}-{n}", is_ours=False) for n in range(size)]

    before = [count_statements(session, channel, *comments(size)) for size in (2, 40)]
    hung = [count_statements(session, channel, *posts(size)) for size in (2, 40)]
    after = [count_statements(session, channel, *comments(size, after="-late")) for size in (2, 40)]
    assert all(post_id for _, post_id, _ in threads_of(session, channel))
    assert before[0] == before[1] < 30
    assert hung[0] == hung[1] < 12
    assert after[0] == after[1] <= before[0]
