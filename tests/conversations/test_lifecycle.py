"""Reopening, snoozing, assigning, finishing: who works on what, and until when (RULES A7, B3)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.assign import assign, assign_team, unassign_lost
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.finish import excuse, finish, finish_sent, mark_not_spam, mark_spam, reopen
from inbox.conversations.labels import label, list_labels, unlabel
from inbox.conversations.models import Conversation, ConversationLabel, Label, Message, Note, ReadMark, Thread
from inbox.conversations.notes import delete_note, write_note
from inbox.conversations.priority import set_priority
from inbox.conversations.reading import mark_read, mark_unread
from inbox.conversations.settle import answer
from inbox.conversations.snooze import snooze, wake, wake_due
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.members.models import Grant, Member, Membership
from tests.factories.basics import (
    join_team,
    make_channel,
    make_contact,
    make_grant,
    make_member,
    make_responder,
    make_team,
)
from tests.factories.conversations import conversation_of, make_conversation, make_thread, say, write_ours
from tests.fixtures.app import START, MovingClock


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def diego(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def conversation(session: Session, channel: Channel) -> Conversation:
    return make_conversation(session, channel)


def again(session: Session, conversation: Conversation, text: str = "Hello, is it?") -> Message:
    """Let the same person say something more."""
    return say(session, session.get_one(Thread, conversation.thread_id), conversation.contact, text)


def last_activity(session: Session) -> Activity:
    return session.scalars(select(Activity).order_by(Activity.id.desc()).limit(1)).one()


def test_a7_a_new_awaiting_message_opens_done_and_snoozed(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    finish(session, conversation, eva.id, seen_seq=99, why="answered_elsewhere")
    again(session, conversation)
    assert conversation.status == "open"
    snooze(session, conversation, eva.id, START + timedelta(hours=3))
    again(session, conversation)
    assert (conversation.status, conversation.snoozed_until_at) == ("open", None)
    reopened = session.scalars(select(Activity).where(Activity.kind == "reopened")).all()
    assert [(row.before or {})["status"] for row in reopened] == ["done", "snoozed"]
    assert [(row.after or {})["status"] for row in reopened] == ["open", "open"]


def test_a7_thanks_open_nothing(session: Session, eva: Member, conversation: Conversation) -> None:
    thread = session.get_one(Thread, conversation.thread_id)
    answer(session, write_ours(session, thread), conversation, 99)
    finish(session, conversation, eva.id, seen_seq=99)
    again(session, conversation, "Gracias!")
    assert conversation.status == "done"
    assert conversation.is_no_answer_needed, "it can still be looked at"


def test_a7_spam_is_not_opened(session: Session, eva: Member, conversation: Conversation) -> None:
    mark_spam(session, conversation, eva.id, seen_seq=99)
    message = again(session, conversation)
    assert conversation.status == "spam"
    assert message.awaits
    assert again(session, conversation, "😍").awaits is False
    assert not conversation.is_no_answer_needed


def test_a7_the_assignee_stays_if_active_in_the_last_two_hours(
    session: Session, eva: Member, conversation: Conversation
) -> None:
    assign(session, conversation, eva.id, eva.id)
    finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed")
    eva.last_active_at = START - timedelta(hours=2)
    again(session, conversation)
    assert conversation.assignee_id == eva.id


@pytest.mark.parametrize("how", ["away", "never", "left", "lost"])
def test_a7_else_it_is_the_teams(session: Session, eva: Member, conversation: Conversation, how: str) -> None:
    assign(session, conversation, eva.id, eva.id)
    finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed")
    eva.last_active_at = {"away": START - timedelta(hours=2, seconds=1), "never": None}.get(how, START)
    team_id = session.scalars(select(Membership.team_id).where(Membership.member_id == eva.id)).one()
    if how == "left":
        eva.deactivated_at = START
    if how == "lost":
        session.query(Grant).delete()
    again(session, conversation)
    assert (conversation.assignee_id, conversation.last_assignee_id) == (None, eva.id)
    assert conversation.team_id == (None if how == "lost" else team_id)


def test_a7_assigning_a_snoozed_one_does_not_wake_it(
    session: Session, eva: Member, diego: Member, conversation: Conversation
) -> None:
    snooze(session, conversation, eva.id, START + timedelta(hours=1))
    activity = assign(session, conversation, eva.id, diego.id)
    assert (conversation.status, conversation.assignee_id) == ("snoozed", diego.id)
    assert (activity.before, activity.after) == ({"assignee_id": None}, {"assignee_id": diego.id})


def test_a7_assigning_to_somebody_who_may_not_see_is_refused(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    stranger, blind = make_member(session), make_responder(session, channel, can_see_private=False)
    with pytest.raises(Invalid, match="assignee_may_not_see"):
        assign(session, conversation, eva.id, stranger.id)
    assign(session, conversation, eva.id, blind.id)
    conversation.is_private = True
    with pytest.raises(Invalid, match="assignee_may_not_see"):
        assign(session, conversation, eva.id, blind.id)
    eva.deactivated_at = START
    with pytest.raises(Invalid, match="assignee_left"):
        assign(session, conversation, blind.id, eva.id)
    with pytest.raises(Invalid, match="team_may_not_see"):
        assign_team(session, conversation, eva.id, make_team(session).id)


def test_a7_losing_access_unassigns(
    session: Session, channel: Channel, eva: Member, diego: Member, conversation: Conversation
) -> None:
    kept = make_conversation(session, make_channel(session))
    team = make_team(session)
    join_team(session, eva, team)
    make_grant(session, team, session.get_one(Channel, kept.channel_id))
    for one in (conversation, kept):
        assign(session, one, eva.id, eva.id)
    session.query(Grant).filter(Grant.channel_id == channel.id).delete()
    version = conversation.version
    assert unassign_lost(session, eva.id, because_id=diego.id) == 1
    assert (conversation.assignee_id, conversation.last_assignee_id, kept.assignee_id) == (None, eva.id, eva.id)
    assert conversation.version > version
    activity = last_activity(session)
    assert (activity.member_id, (activity.after or {})["why"]) == (diego.id, "access_lost")
    assert unassign_lost(session, eva.id) == 0


def test_a7_a_team_takes_over_from_an_outsider_and_leaves_it_to_its_own(
    session: Session, channel: Channel, eva: Member, diego: Member, conversation: Conversation
) -> None:
    team_id = session.scalars(select(Membership.team_id).where(Membership.member_id == diego.id)).one()
    assign(session, conversation, eva.id, eva.id)
    assign_team(session, conversation, eva.id, team_id)
    assert (conversation.team_id, conversation.assignee_id, conversation.last_assignee_id) == (team_id, None, eva.id)
    assign(session, conversation, eva.id, diego.id)
    assign_team(session, conversation, eva.id, team_id)
    assert conversation.assignee_id == diego.id


def test_snooze_wakes_when_its_time_has_come(
    session: Session, channel: Channel, eva: Member, conversation: Conversation, moving_clock: MovingClock
) -> None:
    other = make_conversation(session, channel)
    snooze(session, conversation, eva.id, START + timedelta(hours=1))
    snooze(session, other, eva.id, START + timedelta(hours=2))
    moving_clock.move(hours=1, seconds=-1)
    assert wake_due(session) == 0
    moving_clock.move(1)
    assert wake_due(session) == 1
    assert (conversation.status, other.status) == ("open", "snoozed")
    assert (last_activity(session).kind, last_activity(session).member_id) == ("woken", None)
    wake(session, other, eva.id)
    assert (other.status, other.snoozed_until_at) == ("open", None)


def test_snooze_refuses_what_makes_no_sense(session: Session, eva: Member, conversation: Conversation) -> None:
    for until, code in ((START, "snooze_past"), (START + timedelta(days=400), "snooze_too_far")):
        with pytest.raises(Invalid, match=code):
            snooze(session, conversation, eva.id, until)
    finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed")
    with pytest.raises(Conflict, match="not_open"):
        snooze(session, conversation, eva.id, START + timedelta(days=1))
    with pytest.raises(Conflict, match="not_snoozed"):
        wake(session, conversation, eva.id)


def test_b3_finishing_while_something_awaits_says_which(
    session: Session, eva: Member, conversation: Conversation
) -> None:
    with pytest.raises(Invalid, match="why_needed"):
        finish(session, conversation, eva.id, seen_seq=99)
    with pytest.raises(Invalid, match="why_unknown"):
        finish(session, conversation, eva.id, seen_seq=99, why="bored")
    result = finish(session, conversation, eva.id, seen_seq=99, why="answered_elsewhere")
    message = session.scalars(select(Message)).one()
    assert (message.settled, message.excused_why, message.excused_by_id) == ("excused", "answered_elsewhere", eva.id)
    assert (conversation.status, conversation.waiting_since, bool(result.stayed)) == ("done", None, False)


@pytest.mark.parametrize("verb", ["finish", "excuse", "spam"])
def test_b3_what_is_newer_keeps_waiting_and_it_stays_open(
    session: Session, channel: Channel, eva: Member, verb: str
) -> None:
    conversation = make_conversation(session, channel, texts=["Is it open?", "Hello?", "Anybody?"])
    if verb == "finish":
        result = finish(session, conversation, eva.id, seen_seq=1, why="no_answer_needed")
    elif verb == "excuse":
        result = excuse(session, conversation, eva.id, seen_seq=1)
    else:
        result = mark_spam(session, conversation, eva.id, seen_seq=1)
    assert result.stayed.count == 2
    assert conversation.status == "open"
    assert conversation.waiting_since == START - timedelta(minutes=1)
    settled = session.scalars(select(Message.settled).order_by(Message.seq)).all()
    assert settled == ["excused", None, None]
    assert (result.activity.after or {})["stayed"] == 2
    assert list_wrong_waiting(session) == []


def test_b3_nothing_seen_changes_nothing(session: Session, eva: Member, conversation: Conversation) -> None:
    result = finish(session, conversation, eva.id, seen_seq=0)
    assert (result.stayed.count, conversation.status, conversation.waiting_since) == (1, "open", START)


def test_b4_send_and_done_finishes_unless_somebody_waits(
    session: Session, eva: Member, conversation: Conversation
) -> None:
    thread = session.get_one(Thread, conversation.thread_id)
    conversation.is_leaving = True
    answer(session, write_ours(session, thread), conversation, 1)
    new = again(session, conversation)
    result = finish_sent(session, conversation, eva.id, seen_seq=1)
    assert (result.stayed.count, conversation.status, conversation.is_leaving) == (1, "open", False)
    answer(session, write_ours(session, thread), conversation, new.seq or 0)
    assert not finish_sent(session, conversation, eva.id, seen_seq=new.seq or 0).stayed
    assert conversation.status == "done"


def test_excuse_without_finishing(session: Session, eva: Member, conversation: Conversation) -> None:
    excuse(session, conversation, eva.id, seen_seq=99, why="sibling", is_finishing=False)
    assert (conversation.status, conversation.waiting_since) == ("open", None)
    assert last_activity(session).kind == "message_excused"


def test_spam_and_not_spam(session: Session, eva: Member, conversation: Conversation) -> None:
    mark_spam(session, conversation, eva.id, seen_seq=99)
    assert (conversation.status, conversation.waiting_since) == ("spam", None)
    mark_not_spam(session, conversation, eva.id)
    assert (conversation.status, conversation.waiting_since) == ("open", START)
    with pytest.raises(Conflict, match="not_spam"):
        mark_not_spam(session, conversation, eva.id)


def test_finishing_takes_it_out_of_no_answer_needed(session: Session, channel: Channel, eva: Member) -> None:
    conversation = make_conversation(session, channel, texts=["😍"])
    assert conversation.is_no_answer_needed
    finish(session, conversation, eva.id, seen_seq=1)
    assert (conversation.status, conversation.is_no_answer_needed) == ("done", False)
    reopen(session, conversation, eva.id)
    assert conversation.status == "open"
    with pytest.raises(Conflict, match="not_done"):
        reopen(session, conversation, eva.id)


def test_priority(session: Session, eva: Member, conversation: Conversation) -> None:
    activity = set_priority(session, conversation, eva.id, "urgent")
    assert (conversation.priority, activity.before) == ("urgent", {"priority": "normal"})
    with pytest.raises(Invalid, match="priority_unknown"):
        set_priority(session, conversation, eva.id, "yesterday")


def test_labels_are_made_on_the_fly(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    label(session, conversation, eva.id, "  Return   parcel ")
    with pytest.raises(Conflict, match="has_label"):
        label(session, conversation, eva.id, "return PARCEL")
    other = make_conversation(session, channel)
    label(session, other, eva.id, "RETURN parcel")
    (made,) = list_labels(session, eva.id, "ret")
    assert (made.name, session.scalar(select(func.count()).select_from(Label))) == ("Return parcel", 1)
    assert list_labels(session, eva.id, "%") == []
    unlabel(session, conversation, eva.id, made.id)
    with pytest.raises(NotFound):
        unlabel(session, conversation, eva.id, made.id)
    for name, code in (("  ", "label_empty"), ("x" * 41, "label_too_long")):
        with pytest.raises(Invalid, match=code):
            label(session, conversation, eva.id, name)
    label(session, conversation, eva.id, "x" * 40)


def test_a_labels_place_follows_its_conversation(session: Session, eva: Member, conversation: Conversation) -> None:
    label(session, conversation, eva.id, "Returns")
    row = session.scalars(select(ConversationLabel)).one()
    assert (row.status, row.queue_at) == ("open", conversation.queue_at)
    finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed")
    session.refresh(row)
    assert (row.status, row.queue_at) == ("done", conversation.queue_at)
    again(session, conversation)
    session.refresh(row)
    assert (row.status, row.queue_at) == ("open", START)


def test_notes(session: Session, eva: Member, diego: Member, conversation: Conversation) -> None:
    activity = write_note(session, conversation, eva.id, " Called the shop.\r\nThey know. ")
    note = session.scalars(select(Note)).one()
    assert (note.text, activity.after) == ("Called the shop.\nThey know.", {"note_id": note.id})
    with pytest.raises(NotAllowed, match="not_yours"):
        delete_note(session, note, diego.id)
    delete_note(session, note, eva.id)
    with pytest.raises(Conflict, match="note_gone"):
        delete_note(session, note, eva.id)
    for text, code in ((" ", "note_empty"), ("x" * 10_001, "note_too_long")):
        with pytest.raises(Invalid, match=code):
            write_note(session, conversation, eva.id, text)
    write_note(session, conversation, eva.id, "x" * 10_000)


def test_read_marks_only_rise_and_are_dropped_when_done(
    session: Session, eva: Member, diego: Member, conversation: Conversation
) -> None:
    def marks() -> list[tuple[int, int]]:
        session.expire_all()
        return [(mark.member_id, mark.up_to_seq) for mark in session.scalars(select(ReadMark))]

    mark_read(session, conversation, eva.id, 3)
    mark_read(session, conversation, eva.id, 2)
    assert marks() == [(eva.id, 3)]
    mark_read(session, conversation, diego.id, 1)
    mark_unread(session, conversation, eva.id)
    assert marks() == [(diego.id, 1)]
    finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed")
    assert marks() == []
    mark_read(session, conversation, eva.id, 3)
    assert marks() == []


def test_every_verb_bumps_the_version_and_leaves_one_activity(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    for verb in (
        lambda: assign(session, conversation, eva.id, eva.id),
        lambda: set_priority(session, conversation, eva.id, "high"),
        lambda: label(session, conversation, eva.id, "Returns"),
        lambda: write_note(session, conversation, eva.id, "Hm."),
        lambda: snooze(session, conversation, eva.id, START + timedelta(days=1)),
        lambda: wake(session, conversation, eva.id),
        lambda: mark_spam(session, conversation, eva.id, seen_seq=99),
        lambda: mark_not_spam(session, conversation, eva.id),
        lambda: finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed"),
    ):
        version, last_id = conversation.version, last_activity(session).id
        verb()
        assert conversation.version > version
        of_members = (Activity.id > last_id, Activity.kind.not_like("timer%"))
        (row,) = session.scalars(select(Activity).where(*of_members)).all()
        assert (row.member_id, row.conversation_id, row.channel_id) == (eva.id, conversation.id, channel.id)


def test_make_conversation_is_what_ingest_makes(session: Session, channel: Channel) -> None:
    person = make_contact(session)
    conversation = make_conversation(session, channel, person, ["One?", "Two?"])
    assert (conversation.waiting_since, conversation.last_inbound_seq) == (START - timedelta(minutes=1), 2)
    assert conversation_of(session, again(session, conversation)).id == conversation.id
    assert make_thread(session, channel).last_seq == 0
