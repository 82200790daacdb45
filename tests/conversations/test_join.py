"""Two threads that turn out to be one (RULES A5)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.access import access_conversation, access_thread, find_moved
from inbox.conversations.assign import assign
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.finish import finish
from inbox.conversations.join import join
from inbox.conversations.labels import label
from inbox.conversations.models import Answer, Conversation, ConversationLabel, Message, Note, ReadMark, Thread
from inbox.conversations.notes import write_note
from inbox.conversations.pages import load_thread
from inbox.conversations.priority import set_priority
from inbox.conversations.queries import Filters, View, list_queue
from inbox.conversations.reading import mark_read
from inbox.conversations.rows import LineView, NoteView
from inbox.conversations.settle import answer
from inbox.conversations.threads import find_thread
from inbox.members.models import Member
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import answer_there, conversation_of, make_thread, say, write_ours
from tests.fixtures.app import START, MovingClock


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def threads(session: Session, channel: Channel) -> Sequence[Thread]:
    return [make_thread(session, channel) for _ in range(2)]


@pytest.fixture
def ana(session: Session) -> Contact:
    return make_contact(session)


@pytest.fixture
def luis(session: Session) -> Contact:
    return make_contact(session)


def ago(minutes: int) -> timedelta:
    return timedelta(minutes=minutes)


@pytest.mark.parametrize("is_older_first", [True, False])
def test_a5_the_older_row_wins_and_messages_get_new_seqs_in_their_old_order(
    session: Session, threads: Sequence[Thread], ana: Contact, luis: Contact, is_older_first: bool
) -> None:
    winner, loser = threads
    first = say(session, winner, ana, at=START - ago(1))
    moved = [say(session, loser, luis, at=START - ago(5)), say(session, loser, luis, at=START - ago(9))]
    pending = write_ours(session, loser, seq=None)
    joined = join(session, *(threads if is_older_first else threads[::-1]))
    assert (joined.winner.id, joined.loser_id, dict(joined.seqs)) == (winner.id, loser.id, {1: 2, 2: 3})
    assert [message.seq for message in (first, *moved, pending)] == [1, 2, 3, None]
    assert {message.thread_id for message in (*moved, pending)} == {winner.id}
    assert (joined.seq_after(0), joined.seq_after(1), joined.seq_after(9)) == (0, 2, 3)
    assert joined.kept_ids == [moved[0].conversation_id]
    assert conversation_of(session, moved[0]).thread_id == winner.id
    found = find_thread(session, winner.channel_id, loser.external_key)
    assert found is not None
    assert found.id == winner.id
    assert list_wrong_waiting(session) == []


def test_a5_conversations_of_one_contact_fold_and_old_urls_redirect(
    session: Session, eva: Member, threads: Sequence[Thread], ana: Contact
) -> None:
    winner, loser = threads
    kept = conversation_of(session, say(session, winner, ana, "Is it open?", at=START - ago(1)))
    gone = conversation_of(session, say(session, loser, ana, "Hello?", at=START - ago(9)))
    assign(session, gone, eva.id, eva.id)
    set_priority(session, gone, eva.id, "high")
    for one, name in ((kept, "Shops"), (gone, "Shops"), (gone, "Returns")):
        label(session, one, eva.id, name)
    write_note(session, gone, eva.id, "Called.")
    joined = join(session, *threads)
    assert dict(joined.conversations) == {gone.id: kept.id}
    assert (kept.assignee_id, kept.priority, kept.waiting_since) == (eva.id, "high", START - ago(9))
    assert access_conversation(session, eva.id, gone.id).id == kept.id
    assert find_moved(session, gone.id) == kept.id
    assert access_thread(session, eva.id, loser.id).id == winner.id
    (row,) = list_queue(session, eva.id, View.EVERYTHING).rows
    assert (row.conversation_id, [label.name for label in row.labels]) == (kept.id, ["Returns", "Shops"])
    assert list_queue(session, eva.id, View.EVERYTHING, Filters(status="done")).rows == ()
    assert session.scalars(select(Note.conversation_id)).all() == [kept.id]
    places = session.execute(select(ConversationLabel.status, ConversationLabel.queue_at)).all()
    assert {tuple(place) for place in places} == {("open", START - ago(9))}
    assert list_wrong_waiting(session) == []


def test_a5_what_was_done_in_a_folded_conversation_is_still_shown(
    session: Session, eva: Member, threads: Sequence[Thread], ana: Contact
) -> None:
    kept = conversation_of(session, say(session, threads[0], ana))
    gone = conversation_of(session, say(session, threads[1], ana))
    set_priority(session, gone, eva.id, "high")
    write_note(session, gone, eva.id, "Called.")
    join(session, *threads)
    entries = load_thread(session, kept, eva.id).entries
    assert [entry.kind for entry in entries if isinstance(entry, LineView)] == ["priority_changed", "threads_joined"]
    assert [entry.text for entry in entries if isinstance(entry, NoteView)] == ["Called."]
    joined = session.scalars(select(Activity).where(Activity.kind == "threads_joined")).one()
    assert (joined.conversation_id, (joined.after or {})["from_conversation_id"]) == (kept.id, gone.id)


def test_a5_three_threads_lead_to_one(session: Session, eva: Member, channel: Channel, ana: Contact) -> None:
    first, second, third = (make_thread(session, channel) for _ in range(3))
    conversations = [conversation_of(session, say(session, one, ana)) for one in (first, second, third)]
    join(session, second, third)
    join(session, first, second)
    assert {find_moved(session, one.id) for one in conversations[1:]} == {conversations[0].id}
    assert access_thread(session, eva.id, third.id).id == first.id
    late = find_thread(session, channel.id, third.external_key)
    assert late is not None
    assert say(session, late, ana).conversation_id == conversations[0].id


def test_a5_what_stopped_awaiting_stays_so(
    session: Session, eva: Member, threads: Sequence[Thread], ana: Contact
) -> None:
    winner, loser = threads
    kept = conversation_of(session, say(session, winner, ana))
    finish(session, kept, eva.id, seen_seq=9, why="no_answer_needed")
    old = say(session, loser, ana)
    gone = conversation_of(session, old)
    reply = write_ours(session, loser)
    answer(session, reply, gone, old.seq or 0)
    join(session, *threads)
    assert old.settled == "answered"
    assert kept.waiting_since is None
    inbound = select(Message.settled).where(Message.direction == "inbound").order_by(Message.seq)
    assert session.scalars(inbound).all() == ["excused", "answered"]
    row = session.scalars(select(Answer)).one()
    assert (row.conversation_id, row.up_to_seq) == (kept.id, old.seq)
    assert kept.status == "open", "the folded one was open"


def test_a5_reading_marks_speak_of_the_new_seqs(
    session: Session, eva: Member, threads: Sequence[Thread], ana: Contact, luis: Contact
) -> None:
    winner, loser = threads
    kept = conversation_of(session, say(session, winner, ana))
    folded = conversation_of(session, say(session, loser, ana))
    whole = conversation_of(session, say(session, loser, luis))
    for one, seq in ((kept, 1), (folded, 1), (whole, 2)):
        mark_read(session, one, eva.id, seq)
    join(session, *threads)
    session.expire_all()
    marks = {mark.conversation_id: mark.up_to_seq for mark in session.scalars(select(ReadMark))}
    assert marks == {kept.id: 1, whole.id: 3}, "what moved in is unread"


def test_a5_a_native_answer_in_one_half_settles_what_waits_in_the_other(
    session: Session, threads: Sequence[Thread], ana: Contact
) -> None:
    parent = say(session, threads[0], ana, at=START - ago(9))
    answer_there(session, threads[0], parent_external_id=parent.external_id, at=START - ago(5))
    older = say(session, threads[1], ana, at=START - ago(7))
    newer = say(session, threads[1], ana, at=START - ago(2))
    thanks = say(session, threads[1], ana, "Gracias", at=START - ago(1))
    assert (older.awaits, thanks.awaits) == (True, True)
    join(session, *threads)
    assert (older.settled, newer.awaits, thanks.awaits) == ("answered", True, False)
    assert list_wrong_waiting(session) == []


def test_a5_joining_one_message_more_costs_the_same_however_many_wait_there(
    session: Session, channel: Channel, ana: Contact
) -> None:
    def join_one_more(waiting: int) -> int:
        threads = [make_thread(session, channel) for _ in range(2)]
        first = say(session, threads[0], ana)
        for number in range(waiting):
            say(session, threads[0], ana, f"And what of colour number {number}?")
        say(session, threads[1], ana, parent_external_id=first.external_id)
        with counted(session) as sent:
            join(session, *threads)
        return len(sent)

    assert join_one_more(12) <= join_one_more(2) + 2


def test_a5_the_question_whom_we_answered_moves_along(
    session: Session, threads: Sequence[Thread], ana: Contact
) -> None:
    say(session, threads[1], ana, at=START - ago(9))
    reply = answer_there(session, threads[1])
    joined = join(session, *threads)
    assert joined.winner.asks_about_message_id == reply.id


def test_a5_only_threads_of_one_kind_and_channel_are_joined(
    session: Session, channel: Channel, threads: Sequence[Thread]
) -> None:
    private = make_thread(session, channel, is_private=True)
    elsewhere = make_thread(session, make_channel(session))
    for other in (private, elsewhere, threads[0]):
        with pytest.raises(ValueError, match="only two threads"):
            join(session, threads[0], other)


def test_folded_conversations_are_in_no_list(session: Session, threads: Sequence[Thread], ana: Contact) -> None:
    for thread in threads:
        say(session, thread, ana)
    join(session, *threads)
    folded = session.scalars(select(Conversation).where(Conversation.joined_into_id.is_not(None))).one()
    assert (folded.status, folded.assignee_id, folded.waiting_since) == ("done", None, None)


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Collect the statements sent to the database."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)
