"""The queue: its views and filters, its parts, its rows, and what is never in it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations.assign import assign, assign_team
from inbox.conversations.finish import finish, mark_spam
from inbox.conversations.labels import label
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.picking import Filters, View, count
from inbox.conversations.priority import set_priority
from inbox.conversations.queries import count_views, find_row, list_earlier, list_places, list_queue, list_rows
from inbox.conversations.reading import mark_read
from inbox.conversations.sight import FEW_SIDES, find_sight
from inbox.conversations.snooze import snooze
from inbox.errors import Invalid
from inbox.media.models import Media
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from tests.factories.basics import (
    join_team,
    make_channel,
    make_contact,
    make_grant,
    make_member,
    make_responder,
    make_team,
)
from tests.factories.conversations import (
    add_picture,
    answer_there,
    conversation_of,
    make_conversation,
    make_post,
    make_thread,
    say,
)
from tests.fixtures.app import START, MovingClock


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """The SELECTs sent to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def waiting(
    session: Session, channel: Channel, minutes: float, text: str = "Is it open?", **given: object
) -> Conversation:
    thread = make_thread(session, channel, **given)
    message = say(session, thread, make_contact(session), text, at=START - timedelta(minutes=minutes))
    return conversation_of(session, message)


def ids(session: Session, member: Member, view: View = View.EVERYTHING, filters: Filters | None = None) -> list[int]:
    return [row.conversation_id for row in list_queue(session, member.id, view, filters).rows]


def test_longest_waiting_first_then_their_turn_newest_first(session: Session, channel: Channel, eva: Member) -> None:
    short, long = waiting(session, channel, 2), waiting(session, channel, 9)
    old_turn, new_turn = waiting(session, channel, 50), waiting(session, channel, 60)
    for minutes, one in ((40, old_turn), (30, new_turn)):
        message = session.get_one(Message, one.last_inbound_message_id)
        thread = session.get_one(Thread, one.thread_id)
        answer_there(session, thread, parent_external_id=message.external_id, at=START - timedelta(minutes=minutes))
    assert ids(session, eva) == [long.id, short.id, new_turn.id, old_turn.id]


def test_the_views_of_the_rail(session: Session, channel: Channel, eva: Member) -> None:
    diego = make_responder(session, channel)
    mine, free, others, needless = (waiting(session, channel, 9 - number) for number in range(4))
    asleep, done, spam = (waiting(session, channel, 5 - number) for number in range(3))
    emoji = waiting(session, channel, 1, "😍")
    assign(session, mine, eva.id, eva.id)
    assign(session, others, eva.id, diego.id)
    assign(session, needless, eva.id, eva.id)
    snooze(session, asleep, eva.id, START + timedelta(hours=1))
    finish(session, done, eva.id, seen_seq=9, why="no_answer_needed")
    mark_spam(session, spam, eva.id, seen_seq=9)
    assert ids(session, eva, View.MINE) == [mine.id, needless.id]
    assert ids(session, eva, View.UNASSIGNED) == [free.id]
    assert ids(session, eva, View.SNOOZED) == [asleep.id]
    assert ids(session, eva, View.NO_ANSWER) == [emoji.id]
    assert ids(session, eva, View.EVERYTHING) == [mine.id, free.id, others.id, needless.id, emoji.id]
    assert ids(session, eva, View.EVERYTHING, Filters(status="done")) == [done.id]
    assert ids(session, eva, View.EVERYTHING, Filters(status="spam")) == [spam.id]
    counts = count_views(session, eva.id)
    assert (counts.mine, counts.unassigned, counts.snoozed, counts.no_answer, counts.everything) == (2, 1, 1, 1, 4)


def test_thanks_in_a_done_conversation_are_in_no_answer_needed(session: Session, channel: Channel, eva: Member) -> None:
    done = waiting(session, channel, 9)
    message = session.get_one(Message, done.last_inbound_message_id)
    thread = session.get_one(Thread, done.thread_id)
    answer_there(session, thread, parent_external_id=message.external_id, at=START - timedelta(minutes=5))
    finish(session, done, eva.id, seen_seq=9)
    say(session, thread, done.contact, "Gracias!")
    assert ids(session, eva, View.NO_ANSWER) == [done.id]


def test_the_filters(session: Session, channel: Channel, eva: Member) -> None:
    other_channel = make_channel(session)
    make_grant(session, eva.memberships[0].team, other_channel)
    team = eva.memberships[0].team
    here, there = waiting(session, channel, 9), waiting(session, other_channel, 8, kind="mention")
    third = waiting(session, channel, 7)
    assign(session, there, eva.id, eva.id)
    assign_team(session, third, eva.id, team.id)
    label(session, here, eva.id, "Returns")
    label(session, there, eva.id, "Returns")
    label(session, third, eva.id, "Shops")
    label_id = find_row(session, eva.id, here.id).labels[0].id  # type: ignore[union-attr]
    everything = View.EVERYTHING
    assert ids(session, eva, everything, Filters(channel_id=channel.id)) == [here.id, third.id]
    assert ids(session, eva, everything, Filters(kind="mention")) == [there.id]
    assert ids(session, eva, everything, Filters(team_id=team.id)) == [third.id]
    assert ids(session, eva, everything, Filters(assignee_id=eva.id)) == [there.id]
    assert ids(session, eva, everything, Filters(label_id=label_id)) == [here.id, there.id]
    assert ids(session, eva, View.UNASSIGNED, Filters(label_id=label_id)) == [here.id]
    assert ids(session, eva, everything, Filters(label_id=label_id, channel_id=other_channel.id)) == [there.id]
    assert ids(session, eva, View.NO_ANSWER, Filters(label_id=label_id)) == []
    finish(session, here, eva.id, seen_seq=9, why="no_answer_needed")
    assert ids(session, eva, everything, Filters(label_id=label_id, status="done")) == [here.id]
    assert ids(session, eva, View.UNASSIGNED, Filters(status="done")) == [here.id]
    assert ids(session, eva, everything, Filters(label_id=label_id)) == [there.id]


@pytest.mark.parametrize("channel_count", [1, FEW_SIDES + 1])
def test_parts_forwards_and_backwards(session: Session, eva: Member, channel: Channel, channel_count: int) -> None:
    channels = [channel, *(make_channel(session) for _ in range(channel_count - 1))]
    for one in channels[1:]:
        make_grant(session, eva.memberships[0].team, one)
    assert find_sight(session, eva.id).is_narrow is (channel_count == 1)
    # Three at the same instant: the id decides.
    minutes = [9, 8, 7, 7, 7, 6, 5]
    made = [waiting(session, channels[number % channel_count], at).id for number, at in enumerate(minutes)]
    seen, after, pages = [], None, []
    while True:
        page = list_queue(session, eva.id, View.EVERYTHING, after=after, limit=3)
        pages.append(page)
        seen += [row.conversation_id for row in page.rows]
        after = page.after
        if after is None:
            break
    assert seen == made
    assert [len(page.rows) for page in pages] == [3, 3, 1]
    assert pages[0].before is None
    back = list_queue(session, eva.id, View.EVERYTHING, before=pages[-1].before, limit=3)
    assert back.rows == pages[1].rows
    assert back.after == pages[1].after
    first = list_queue(session, eva.id, View.EVERYTHING, before=back.before, limit=3)
    assert (first.rows, first.before) == (pages[0].rows, None)
    for wrong in ("x", "1", "1.2.3", "1e9.1", "9" * 40 + ".1"):
        with pytest.raises(Invalid, match="key_wrong"):
            list_queue(session, eva.id, View.EVERYTHING, after=wrong)


@pytest.mark.parametrize("channel_count", [1, FEW_SIDES + 1])
def test_g_the_queue_holds_what_the_grants_allow(session: Session, channel: Channel, channel_count: int) -> None:
    team, other_team = make_team(session), make_team(session)
    member, lead = make_member(session), make_member(session, is_admin=True)
    join_team(session, member, team)
    join_team(session, lead, other_team, "lead")
    granted = [make_channel(session) for _ in range(channel_count)]
    for one in granted:
        make_grant(session, team, one, can_see_private=one is granted[0])
    make_grant(session, other_team, channel)
    mine = waiting(session, granted[-1], 9)
    mine_private = waiting(session, granted[0], 8, is_private=True)
    hidden = waiting(session, channel, 7, "the marker word")
    if channel_count > 1:
        waiting(session, granted[-1], 7, "the marker word", is_private=True)
    label(session, hidden, lead.id, "Returns")
    label(session, mine, member.id, "Returns")
    label_id = find_row(session, member.id, mine.id).labels[0].id  # type: ignore[union-attr]
    assign(session, hidden, lead.id, lead.id)
    hidden.assignee_id = member.id  # as left behind by a revoked grant
    session.flush()
    assert ids(session, member) == [mine.id, mine_private.id]
    assert ids(session, member, View.MINE) == []
    assert ids(session, member, View.EVERYTHING, Filters(label_id=label_id)) == [mine.id]
    assert ids(session, member, View.EVERYTHING, Filters(channel_id=channel.id)) == []
    assert count_views(session, member.id).everything == 2
    assert find_row(session, member.id, hidden.id) is None
    assert list_rows(session, member.id, [hidden.id, mine.id]) == [find_row(session, member.id, mine.id)]
    assert ids(session, make_member(session, is_admin=True)) == []
    assert list_earlier(session, member.id, hidden.contact_id) == []


def test_a_row_says_everything(session: Session, channel: Channel, eva: Member) -> None:
    post = make_post(session, channel, text="New lamps! " * 20)
    thread = make_thread(session, channel, post_id=post.id)
    ana = make_contact(session, display_name="Ana Prueba", handle="ana.test", avatar_url="https://cdn.example/a.png")
    first = say(session, thread, ana, "Is it open?", at=START - timedelta(minutes=9))
    answer_there(session, thread, "It is. " * 50, parent_external_id=first.external_id, at=START - timedelta(minutes=5))
    newest = say(session, thread, ana, "And on Sundays? " * 50, pictures=2)
    conversation = conversation_of(session, first)
    avatar = Media(channel_id=channel.id, contact_id=ana.id, url="https://cdn.example/a.png")
    session.add(avatar)
    assign(session, conversation, eva.id, eva.id)
    assign_team(session, conversation, eva.id, eva.memberships[0].team_id)
    set_priority(session, conversation, eva.id, "high")
    label(session, conversation, eva.id, "Shops")
    session.flush()
    row = find_row(session, eva.id, conversation.id)
    assert row is not None
    assert (row.contact_name, row.contact_handle, row.avatar_url) == ("Ana Prueba", "ana.test", ana.avatar_url)
    assert row.avatar_media_id == avatar.id
    assert (row.platform, row.channel_handle, row.channel_name) == (
        channel.platform,
        channel.handle,
        channel.display_name,
    )
    assert (row.inbound_message_id, row.inbound_text, row.picture_count) == (newest.id, newest.text[:300], 2)
    assert (len(row.outbound_text), row.last_answered_at) == (160, START - timedelta(minutes=5))
    assert row.post_text == post.text[:120]
    assert (row.status, row.priority, row.kind, row.waiting_since) == ("open", "high", "comment", START)
    assert (row.assignee_name, row.team_name) == (eva.name, eva.memberships[0].team.name)
    assert [one.name for one in row.labels] == ["Shops"]
    assert (row.last_seq, row.version) == (newest.seq, conversation.version)


def test_a_row_says_what_is_on_its_way_and_what_was_read(session: Session, channel: Channel, eva: Member) -> None:
    conversation = make_conversation(session, channel)
    delivery = Delivery(
        channel_id=channel.id,
        conversation_id=conversation.id,
        state="unclear",
        not_before_at=clock.now(),
        outgoing={},
        created_at=clock.now(),
    )
    session.add(delivery)
    conversation.is_leaving = True
    session.flush()
    seen = []
    for act in (
        lambda: None,
        lambda: setattr(delivery, "state", "sent"),
        lambda: mark_read(session, conversation, eva.id, 1),
        lambda: say(session, session.get_one(Thread, conversation.thread_id), conversation.contact, "Hello?"),
    ):
        act()
        session.flush()
        row = find_row(session, eva.id, conversation.id)
        assert row is not None
        seen.append((row.delivery_state, row.is_leaving, row.is_unread))
    assert seen == [("unclear", True, True), (None, True, True), (None, True, False), (None, True, True)]


def test_a_nameless_person_is_called_by_their_handle(session: Session, channel: Channel, eva: Member) -> None:
    conversation = make_conversation(session, channel, make_contact(session, display_name="", handle="ana.test"))
    row = find_row(session, eva.id, conversation.id)
    assert row is not None
    assert (row.contact_name, row.avatar_media_id, row.outbound_text, row.post_text) == ("ana.test", None, "", "")
    assert row.last_answered_at is None


def test_the_number_of_queries_does_not_grow(
    session: Session, channel: Channel, eva: Member, statements: list[str]
) -> None:
    eva_id = eva.id

    def count_for(view: View, filters: Filters | None = None) -> int:
        session.expire_all()
        statements.clear()
        list_queue(session, eva_id, view, filters)
        return len(statements)

    one = waiting(session, channel, 9)
    label(session, one, eva.id, "Returns")
    few = count_for(View.EVERYTHING)
    for number in range(12):
        more = waiting(session, channel, number)
        label(session, more, eva.id, "Returns")
        add_picture(session, session.get_one(Message, more.last_inbound_message_id))
    assert count_for(View.EVERYTHING) == few == 3


def test_counts_are_bounded(session: Session, channel: Channel, eva: Member) -> None:
    for number in range(5):
        waiting(session, channel, number)
    sight = find_sight(session, eva.id)
    assert count(session, sight, ((View.EVERYTHING, True),), limit=3) == [3]
    assert count(session, sight, ((View.SNOOZED, False), (View.EVERYTHING, True)), limit=100) == [0, 5]


@pytest.mark.parametrize("sees_anything", [True, False])
def test_all_lists_are_counted_in_one_statement(
    session: Session, channel: Channel, eva: Member, statements: list[str], sees_anything: bool
) -> None:
    waiting(session, channel, 9)
    member_id = eva.id if sees_anything else make_member(session).id
    statements.clear()
    assert count_views(session, member_id).everything == sees_anything
    assert len(statements) == 1 + sees_anything  # what the member sees, then all counts


def test_rows_for_the_live_tail(session: Session, channel: Channel, eva: Member) -> None:
    one, two = waiting(session, channel, 9), waiting(session, channel, 8, is_private=True)
    rows = list_rows(session, None, [two.id, one.id, 10**9])
    assert [row.conversation_id for row in rows] == [two.id, one.id]
    assert not any(row.is_unread for row in rows)
    assert list_places(session, [one.id, two.id]) == {one.id: (channel.id, False), two.id: (channel.id, True)}


def test_a_persons_earlier_conversations(session: Session, channel: Channel, eva: Member) -> None:
    ana = make_contact(session)
    made = [make_conversation(session, channel, ana) for _ in range(3)]
    make_conversation(session, make_channel(session), ana)
    make_conversation(session, channel)
    earlier = list_earlier(session, eva.id, ana.id, except_id=made[2].id)
    assert [row.conversation_id for row in earlier] == [made[1].id, made[0].id]
