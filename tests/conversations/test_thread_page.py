"""A thread's page: messages, notes and system lines in parts, and nothing of what is gone."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations.assign import assign, assign_team
from inbox.conversations.edits import Wording, edited
from inbox.conversations.finish import finish
from inbox.conversations.gone import look_said_gone
from inbox.conversations.labels import label
from inbox.conversations.models import Conversation, Message, Note, Thread
from inbox.conversations.notes import delete_note, write_note
from inbox.conversations.pages import load_thread
from inbox.conversations.rows import LineView, MessageView, NoteView, ThreadPage
from inbox.conversations.settle import excuse_message, say_whom
from inbox.conversations.undo import undo
from inbox.errors import Invalid, NotFound
from inbox.media.models import Media
from inbox.members.models import Member
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import (
    add_picture,
    answer_there,
    conversation_of,
    make_conversation,
    make_thread,
    say,
    write,
    write_ours,
)
from tests.fixtures.app import START, MovingClock


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session, display_name="Acme")


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def thread(session: Session, channel: Channel) -> Thread:
    return make_thread(session, channel)


@pytest.fixture
def ana(session: Session) -> Contact:
    return make_contact(session, display_name="Ana Prueba", handle="ana.test")


def messages_of(page: ThreadPage) -> list[MessageView]:
    return [entry for entry in page.entries if isinstance(entry, MessageView)]


def texts(page: ThreadPage) -> list[str]:
    return [message.text for message in messages_of(page)]


def fill(session: Session, thread: Thread, person: Contact, count: int) -> Conversation:
    """Add messages a minute apart, the last one now, each text its number."""
    for number in range(count):
        message = write(session, thread, person, str(number), at=START - timedelta(minutes=count - 1 - number))
    return conversation_of(session, message)


def test_by_the_clock_and_never_by_seq(session: Session, eva: Member, thread: Thread, ana: Contact) -> None:
    for text, minutes in (("second", 5), ("third", 1), ("first", 9)):
        message = say(session, thread, ana, text, at=START - timedelta(minutes=minutes))
    page = load_thread(session, conversation_of(session, message), eva.id)
    assert texts(page) == ["first", "second", "third"]
    assert page.last_seq == 3


def test_others_are_context_and_ours_are_named(
    session: Session, channel: Channel, eva: Member, thread: Thread, ana: Contact
) -> None:
    luis = make_contact(session, display_name="", handle="luis.test")
    mine = say(session, thread, ana, at=START - timedelta(minutes=9))
    say(session, thread, luis, at=START - timedelta(minutes=8))
    write_ours(session, thread, member_id=eva.id, at=START - timedelta(minutes=7))
    answer_there(session, thread, parent_external_id=mine.external_id, at=START - timedelta(minutes=6))
    excused = say(session, thread, ana, at=START - timedelta(minutes=5))
    excuse_message(session, excused, eva.id)
    shown = messages_of(load_thread(session, conversation_of(session, mine), eva.id))
    assert [one.author_name for one in shown] == ["Ana Prueba", "luis.test", eva.name, "Acme", "Ana Prueba"]
    assert [one.is_of_this_person for one in shown] == [True, False, False, False, True]
    assert [one.direction for one in shown] == ["inbound", "inbound", "outbound", "outbound", "inbound"]
    assert (shown[0].settled, shown[0].answered_by_message_id, shown[3].is_native) == ("answered", shown[3].id, True)
    assert (shown[4].excused_by_name, shown[4].excused_why) == (eva.name, "no_answer_needed")


def test_loads_backwards_in_parts(session: Session, eva: Member, thread: Thread, ana: Contact) -> None:
    conversation = fill(session, thread, ana, 25)
    newest = load_thread(session, conversation, eva.id, limit=10)
    assert (texts(newest), newest.after) == ([str(number) for number in range(15, 25)], None)
    middle = load_thread(session, conversation, eva.id, before=newest.before, limit=10)
    assert texts(middle) == [str(number) for number in range(5, 15)]
    oldest = load_thread(session, conversation, eva.id, before=middle.before, limit=10)
    assert (texts(oldest), oldest.before) == (["0", "1", "2", "3", "4"], None)
    with pytest.raises(Invalid, match="key_wrong"):
        load_thread(session, conversation, eva.id, before="x")


def test_new_messages_don_t_move_the_part_before_a_key(
    session: Session, eva: Member, thread: Thread, ana: Contact
) -> None:
    conversation = fill(session, thread, ana, 12)
    newest = load_thread(session, conversation, eva.id, limit=5)
    part = load_thread(session, conversation, eva.id, before=newest.before, limit=5)
    for _ in range(5):
        say(session, thread, ana, "new")
    assert load_thread(session, conversation, eva.id, before=newest.before, limit=5) == part


def test_a_link_leads_into_the_middle(session: Session, eva: Member, thread: Thread, ana: Contact) -> None:
    conversation = fill(session, thread, ana, 25)
    linked = session.query(Message).filter_by(text="9").one()
    page = load_thread(session, conversation, eva.id, around=linked.id, limit=6)
    assert texts(page) == ["7", "8", "9", "10", "11", "12"]
    newer = load_thread(session, conversation, eva.id, after=page.after, limit=50)
    older = load_thread(session, conversation, eva.id, before=page.before, limit=50)
    assert texts(older) + texts(page) + texts(newer) == [str(number) for number in range(25)]
    assert (older.before, newer.after) == (None, None)
    other = say(session, make_thread(session, session.get_one(Channel, thread.channel_id)), ana)
    with pytest.raises(NotFound):
        load_thread(session, conversation, eva.id, around=other.id)


def test_notes_and_lines_stand_in_exactly_one_part(
    session: Session, eva: Member, thread: Thread, ana: Contact, moving_clock: MovingClock
) -> None:
    conversation = conversation_of(session, say(session, thread, ana, "0"))
    for number in range(1, 20):
        moving_clock.move(30)
        write_note(session, conversation, eva.id, f"note {number}")
        assign(session, conversation, eva.id, eva.id if number % 2 else None)
        moving_clock.move(30)
        say(session, thread, ana, str(number))
    write_note(session, conversation, eva.id, "last note")

    def walk(page: ThreadPage) -> Iterator[ThreadPage]:
        yield page
        if page.before:
            yield from walk(load_thread(session, conversation, eva.id, before=page.before, limit=4))

    whole = load_thread(session, conversation, eva.id, limit=100)
    parts = list(walk(load_thread(session, conversation, eva.id, limit=4)))
    assert [entry for part in parts[::-1] for entry in part.entries] == list(whole.entries)
    assert len([entry for entry in whole.entries if isinstance(entry, NoteView)]) == 20
    assert len([entry for entry in whole.entries if isinstance(entry, LineView)]) == 19
    linked = messages_of(whole)[10]
    middle = load_thread(session, conversation, eva.id, around=linked.id, limit=4)
    newer = load_thread(session, conversation, eva.id, after=middle.after, limit=100)
    older = load_thread(session, conversation, eva.id, before=middle.before, limit=100)
    assert [*older.entries, *middle.entries, *newer.entries] == list(whole.entries)


def test_lines_name_whom_they_speak_of_and_undone_ones_vanish(
    session: Session, channel: Channel, eva: Member, thread: Thread, ana: Contact
) -> None:
    conversation = conversation_of(session, say(session, thread, ana))
    diego = make_responder(session, channel)
    assign(session, conversation, eva.id, diego.id)
    assign_team(session, conversation, eva.id, diego.memberships[0].team_id)
    labelled = label(session, conversation, eva.id, "Returns")
    finish(session, conversation, eva.id, seen_seq=9, why="answered_elsewhere")
    undone = label(session, conversation, eva.id, "Oops")
    undo(session, eva.id, undone.id)
    lines = [one for one in load_thread(session, conversation, eva.id).entries if isinstance(one, LineView)]
    assert [line.kind for line in lines] == ["assigned", "team_changed", "labelled", "finished"]
    assert lines[0].member_name == eva.name
    assert lines[0].names == {f"member:{diego.id}": diego.name}
    assert lines[1].names == {f"team:{diego.memberships[0].team_id}": diego.memberships[0].team.name}
    assert lines[2].names == {f"label:{(labelled.after or {})['label_id']}": "Returns"}
    assert lines[3].after["why"] == "answered_elsewhere"


def test_a_deleted_note_keeps_its_place_without_its_words(
    session: Session, eva: Member, thread: Thread, ana: Contact
) -> None:
    conversation = conversation_of(session, say(session, thread, ana))
    write_note(session, conversation, eva.id, "the marker word")
    delete_note(session, session.query(Note).one(), eva.id)
    page = load_thread(session, conversation, eva.id)
    assert "marker" not in repr(page)
    (note,) = (entry for entry in page.entries if isinstance(entry, NoteView))
    assert (note.is_deleted, note.member_name) == (True, eva.name)


def test_what_was_not_accepted_or_is_held_back_is_not_in_the_thread(
    session: Session, eva: Member, thread: Thread, ana: Contact
) -> None:
    conversation = conversation_of(session, say(session, thread, ana, "said"))
    write_ours(session, thread, "on its way", seq=None, external_id=None)
    write_ours(session, thread, "held back", is_held_back=True)
    assert texts(load_thread(session, conversation, eva.id)) == ["said"]


def test_the_thread_asks_whom_we_answered_while_somebody_waits(
    session: Session, eva: Member, thread: Thread, ana: Contact
) -> None:
    message = say(session, thread, ana, at=START - timedelta(minutes=9))
    reply = answer_there(session, thread)
    conversation = conversation_of(session, message)
    assert load_thread(session, conversation, eva.id).asks_about_message_id == reply.id
    excuse_message(session, message, eva.id)
    assert load_thread(session, conversation, eva.id).asks_about_message_id is None
    say(session, thread, ana, at=START - timedelta(minutes=8))
    say_whom(session, reply, [conversation.id], eva.id)
    assert load_thread(session, conversation, eva.id).asks_about_message_id is None


def test_pictures_versions_and_avatars(session: Session, eva: Member, thread: Thread, ana: Contact) -> None:
    message = say(session, thread, ana, "one?")
    edited(session, message, Wording("two?", marks=[{"kind": "link", "start": 0, "end": 3}]), pace=Pace())
    edited(session, message, Wording("three?"), pace=Pace())
    picture = add_picture(session, message, preview_url="https://cdn.example/p.png", width=3, height=4)
    session.add(Media(channel_id=thread.channel_id, contact_id=ana.id, url="https://cdn.example/a.png"))
    session.flush()
    (shown,) = messages_of(load_thread(session, conversation_of(session, message), eva.id))
    assert [(version.number, version.text) for version in shown.versions] == [(1, "one?"), (2, "two?")]
    (seen,) = shown.pictures
    assert (seen.media_id, seen.kind, seen.alt, seen.width, seen.height, seen.has_preview) == (
        picture.id,
        "image",
        "A blue lamp",
        3,
        4,
        True,
    )
    assert shown.avatar_media_id is not None


def test_four_hundred_messages_take_as_many_queries_as_four(
    session: Session, channel: Channel, eva: Member, ana: Contact
) -> None:
    small = make_conversation(session, channel, ana)
    thread = make_thread(session, channel)
    large = fill(session, thread, ana, 400)
    newest: Sequence[Message] = session.query(Message).filter_by(thread_id=thread.id).order_by(Message.seq.desc()).all()
    for message in newest[:30]:
        edited(session, message, Wording(message.text + "!"), pace=Pace())
    for message in newest[20:40]:
        look_said_gone(session, message, pace=Pace(), is_event=True)
    for message in newest[:10]:
        add_picture(session, message)
    for number in range(10):
        label(session, large, eva.id, f"Label {number}")
    label(session, small, eva.id, "Label")  # a thread that names nothing asks for no names
    session.flush()
    counts = [_count_queries(session, one, eva.id) for one in (small, large)]
    assert counts[0] == counts[1] == 7
    page = load_thread(session, large, eva.id)
    assert len(messages_of(page)) == 50
    assert sum(one.is_gone for one in messages_of(page)) == 20


def _count_queries(session: Session, conversation: Conversation, member_id: int) -> int:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    load_thread(session, conversation, member_id)
    event.remove(engine, "before_cursor_execute", note)
    return len(sent)
