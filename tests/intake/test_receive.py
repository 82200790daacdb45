"""Pages that platforms show become threads, conversations and messages (RULES A1, A2, A4, E2)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import ChannelStream, Post
from inbox.contacts.models import Contact
from inbox.conversations.models import Conversation, Message, MessageVersion, RawPayload, Thread
from inbox.intake import borders
from inbox.intake.models import Quarantined
from inbox.intake.receive import Received
from inbox.media.models import Media
from inbox.platforms.items import Edited, Item, Picture, Unreadable
from tests.factories.basics import make_channel
from tests.factories.items import author, direct, gone, message, post, take_in, us
from tests.fixtures.app import MovingClock

pytestmark = pytest.mark.usefixtures("moving_clock")


def one(session: Session, external_id: str) -> Message:
    session.expire_all()
    return session.scalars(select(Message).where(Message.external_id == external_id)).one()


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_comment_becomes_thread_conversation_and_message_that_awaits(session: Session) -> None:
    channel = make_channel(session)
    received = take_in(session, channel, message("c1", text="¿Cuánto cuesta?", raw={"id": "c1"}))
    row = one(session, "c1")
    conversation = session.get_one(Conversation, row.conversation_id)
    assert received == Received(new=1, message_ids=(row.id,))
    assert (row.awaits, row.seq, row.direction, row.thread.external_key) == (True, 1, "inbound", "c1")
    assert (conversation.waiting_since, conversation.queue_at) == (row.clock_at, row.clock_at)
    assert (conversation.last_inbound_message_id, conversation.last_inbound_seq) == (row.id, 1)
    assert conversation.contact.handle == "lucia.test"
    raw = session.scalars(select(RawPayload)).one()
    assert borders.unpack(raw.compressed) == b'{"id":"c1"}'
    assert raw.expires_at == clock.now() + timedelta(days=30)


def test_a_page_becomes_rows_in_the_order_of_clocks(session: Session) -> None:
    channel, now = make_channel(session), clock.now()
    newest_first = [
        message(f"c{n}", by=f"fan{n}", authored_at=now - timedelta(seconds=n), root_id="c9") for n in range(5)
    ]
    take_in(session, channel, *newest_first)
    rows = session.execute(select(Message.external_id).order_by(Message.seq)).scalars().all()
    assert rows == ["c4", "c3", "c2", "c1", "c0"]
    assert session.scalars(select(Thread.last_seq)).one() == 5
    assert count(session, Conversation) == 5


def test_one_person_in_one_thread_is_one_conversation(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c1"), message("c2", parent_id="c1"), message("c3", by="omar", parent_id="c1"))
    take_in(session, channel, message("c4", parent_id="c3"))
    assert count(session, Thread) == 1
    assert count(session, Conversation) == 2
    mine = one(session, "c1").conversation_id
    assert one(session, "c2").conversation_id == one(session, "c4").conversation_id == mine
    assert one(session, "c4").seq == 4


def test_what_others_say_to_each_other_does_not_await(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c1", by="lucia"), message("c2", by="omar", parent_id="c1"))
    take_in(session, channel, message("c3", by="omar", parent_id="c1", mentions_us=True))
    take_in(session, channel, message("c4", by="omar", parent_id="never-seen", parent_author_id="id-lucia"))
    assert [one(session, name).awaits for name in ("c1", "c2", "c3", "c4")] == [True, False, True, False]


def test_the_same_page_again_is_one_select_and_writes_nothing(session: Session) -> None:
    channel = make_channel(session)
    items: list[Item] = [message("c1"), message("c2", by="omar", version="v1"), direct("d1")]
    take_in(session, channel, *items)
    session.commit()
    session.refresh(channel)
    _ = channel.streams
    statements: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", listen)
    received = take_in(session, channel, *items)
    event.remove(bind, "before_cursor_execute", listen)
    assert received.is_quiet
    assert [statement.split()[0] for statement in statements] == ["SELECT"]


def test_messages_by_any_account_of_ours_are_ours(session: Session) -> None:
    channel, other = make_channel(session), make_channel(session)
    elsewhere = make_channel(session, platform="sandbox_pages")
    stranger = author("stranger", external_id=elsewhere.external_id)
    take_in(session, channel, message("c1", authored_at=clock.now() - timedelta(minutes=5)))
    take_in(
        session, channel, message("r1", by=us(channel), parent_id="c1"), message("r2", by=us(other), parent_id="c1")
    )
    take_in(session, channel, message("c2", by=stranger, parent_id="c1"))
    assert [one(session, name).direction for name in ("r1", "r2", "c2")] == ["outbound", "outbound", "inbound"]
    assert one(session, "r1").is_native
    assert count(session, Contact) == 2


def test_a_disconnected_account_is_somebody_else_but_the_channel_itself_stays_us(session: Session) -> None:
    channel, other = make_channel(session), make_channel(session, state="disconnected")
    take_in(session, channel, message("r1", by=us(channel)), message("c1", by=us(other)))
    assert [one(session, name).direction for name in ("r1", "c1")] == ["outbound", "inbound"]


def test_a_native_answer_settles_what_is_older_in_whichever_order_they_come(session: Session) -> None:
    now = clock.now()
    asked, answered = now - timedelta(minutes=9), now - timedelta(minutes=5)
    for names in (("c1", "r1"), ("r1", "c1")):
        channel = make_channel(session)
        both = {
            "c1": message("c1", authored_at=asked),
            "r1": message("r1", by=us(channel), parent_id="c1", authored_at=answered),
        }
        for name in names:
            take_in(session, channel, both[name])
        row = session.scalars(
            select(Message).where(Message.channel_id == channel.id, Message.external_id == "c1")
        ).one()
        assert (row.awaits, row.settled) == (False, "answered"), names
        conversation = session.get_one(Conversation, row.conversation_id)
        assert conversation.waiting_since is None


def test_a_native_answer_is_told_to_open_pages(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c1", authored_at=clock.now() - timedelta(minutes=5)))
    take_in(session, channel, message("r1", by=us(channel), parent_id="c1"))
    told = session.scalars(select(Activity).where(Activity.kind == kinds.NATIVE_ANSWER)).one()
    assert (told.conversation_id, told.message_id) == (one(session, "c1").conversation_id, one(session, "r1").id)


def test_an_automatic_message_of_ours_settles_nothing(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, direct("d1", authored_at=clock.now() - timedelta(minutes=5)))
    take_in(session, channel, direct("r1", by=us(channel), is_automatic=True))
    assert one(session, "d1").awaits


def test_an_edit_keeps_the_earlier_wording_and_the_clock(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    first = message("c1", text="¿Cuándo abren?", version="v1")
    take_in(session, channel, first)
    began = one(session, "c1").clock_at
    at = moving_clock.move(minutes=5)
    received = take_in(session, channel, Edited(replace(first, text="¿Cuándo abren hoy?", version="v2", edited_at=at)))
    row = one(session, "c1")
    assert (received.edited, row.text, row.awaits, row.clock_at, row.edited_at) == (
        1,
        "¿Cuándo abren hoy?",
        True,
        began,
        at,
    )
    assert [v.text for v in row.versions] == ["¿Cuándo abren?"]
    assert take_in(session, channel, replace(first, text="¿Cuándo abren hoy?", version="v2", edited_at=at)).is_quiet


def test_two_wordings_in_one_page_are_both_kept(session: Session) -> None:
    channel = make_channel(session)
    first = message("c1", text="¿Abren?", version="v1")
    take_in(session, channel, first, Edited(replace(first, text="¿Abren hoy?", version="v2", edited_at=clock.now())))
    row = one(session, "c1")
    assert (row.text, [v.text for v in row.versions]) == ("¿Abren hoy?", ["¿Abren?"])


def test_an_older_wording_from_a_slower_list_changes_nothing(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    first = message("c1", text="¿Abren?", version="v1")
    take_in(session, channel, first)
    take_in(session, channel, replace(first, text="¿Abren hoy?", version="v2"))
    moving_clock.move(60)
    take_in(session, channel, first)
    assert one(session, "c1").text == "¿Abren hoy?"
    assert count(session, MessageVersion) == 1


def test_a_new_version_without_a_time_follows_one_with_a_time(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    first = message("c1", text="¿Abren?", version="v1")
    timed = replace(first, text="¿Abren hoy?", version="v2", edited_at=moving_clock.move(60))
    for wording in (first, timed, replace(first, text="¿Abren mañana?", version="v3")):
        take_in(session, channel, wording)
    assert one(session, "c1").text == "¿Abren mañana?"
    for older in (first, timed):
        take_in(session, channel, older)
    assert one(session, "c1").text == "¿Abren mañana?"


def test_an_edit_replaces_pictures(session: Session) -> None:
    channel = make_channel(session)
    first = message("c1", version="v1", pictures=[Picture("https://pictures.example/1.png", alt="one")])
    take_in(session, channel, first)
    second = replace(
        first, text="¿Y así?", version="v2", pictures=[Picture("https://pictures.example/2.png", alt="two")]
    )
    take_in(session, channel, second)
    assert session.scalars(select(Media.alt)).all() == ["two"]


def test_an_explicit_deletion_counts_at_once_and_being_shown_again_brings_it_back(session: Session) -> None:
    channel = make_channel(session)
    item = message("c1")
    take_in(session, channel, item)
    assert take_in(session, channel, gone("c1")).gone == 1
    row = one(session, "c1")
    assert (row.gone_at, row.awaits, row.settled) == (clock.now(), False, "withdrawn")
    assert take_in(session, channel, gone("c1")).is_quiet
    take_in(session, channel, item)
    row = one(session, "c1")
    assert (row.gone_at, row.awaits) == (None, True)


def test_a_deletion_of_something_unknown_is_quiet(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, gone("never-seen"))
    assert count(session, Message) == 0


def test_our_posts_get_a_comments_stream_once(session: Session) -> None:
    channel = make_channel(session)
    for _ in range(2):
        take_in(session, channel, post("p1"), post("p2", is_ours=False))
    names = session.scalars(select(ChannelStream.name).where(ChannelStream.name.like("comments:%"))).all()
    assert names == ["comments:p1"]
    assert take_in(session, channel, post("p1")).is_quiet
    assert take_in(session, channel, post("p1", comment_count=7)).posts == 1
    assert session.scalar(select(Post.comment_count).where(Post.external_id == "p1")) == 7


def test_a_post_that_only_a_comment_names_is_filled_in_when_it_is_seen(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c1", parent_id="p1", post_id="p1"))
    row = one(session, "c1")
    assert row.thread.post is not None
    assert (row.thread.external_key, row.thread.wanted_parent, row.thread.post.is_ours) == ("c1", None, False)
    take_in(session, channel, post("p1", text="Sale starts today"))
    session.expire_all()
    seen = session.scalars(select(Post)).one()
    assert (seen.text, seen.is_ours) == ("Sale starts today", True)
    assert session.scalars(select(ChannelStream.name).where(ChannelStream.name == "comments:p1")).one()


def test_comments_of_a_post_are_threads_of_their_own_even_where_the_platform_calls_the_post_their_root(
    session: Session,
) -> None:
    channel = make_channel(session)
    take_in(
        session,
        channel,
        message("c1", parent_id="p1", root_id="p1", post_id="p1"),
        message("c2", by="omar", parent_id="p1", root_id="p1", post_id="p1"),
        message("c3", by="omar", parent_id="c1", root_id="p1", post_id="p1"),
    )
    assert one(session, "c1").thread_id == one(session, "c3").thread_id != one(session, "c2").thread_id


def test_private_and_public_messages_never_share_a_thread(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, message("c1"), message("w1", parent_id="c1", audience="direct"))
    take_in(session, channel, message("w2", parent_id="c1", audience="direct"), direct("d1", thread_key="c1"))
    for name in ("w1", "w2", "d1"):
        row = one(session, name)
        assert row.thread.is_private
        assert session.get_one(Conversation, row.conversation_id).is_private
        assert row.thread_id != one(session, "c1").thread_id


def test_a_sticker_without_a_picture_is_still_one(session: Session) -> None:
    channel = make_channel(session)
    take_in(session, channel, direct("d1", text="", is_sticker=True))
    row = one(session, "d1")
    assert (row.awaits, row.awaits_reason, row.is_sticker) == (False, "sticker", True)


def test_an_unreadable_item_is_quarantined_and_the_rest_goes_on(session: Session) -> None:
    channel = make_channel(session)
    too_long = message("x" * 1001, raw={"id": "x" * 1001})
    received = take_in(session, channel, Unreadable(b'{"id": 7', "cut short"), too_long, message("c1"))
    assert (received.new, received.quarantined) == (1, 2)
    kept = session.scalars(select(Quarantined).order_by(Quarantined.id)).all()
    assert [row.reason_code for row in kept] == ["item_unreadable", "id_too_long"]
    assert borders.unpack(kept[0].compressed) == b'{"id": 7'


def test_the_same_message_on_two_of_our_channels_is_a_sibling(session: Session) -> None:
    first, second = make_channel(session), make_channel(session)
    item = message("at://same", kind="mention")
    take_in(session, first, item)
    take_in(session, second, item)
    rows = session.scalars(select(Message).order_by(Message.id)).all()
    assert [row.sibling_of_id for row in rows] == [None, rows[0].id]
    assert all(row.awaits for row in rows)
