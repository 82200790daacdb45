"""Undo is the recorded inverse, unless somebody changed the same thing since (RULES D9)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.assign import assign, assign_team
from inbox.conversations.changes import FIELDS
from inbox.conversations.doctor import list_wrong_waiting
from inbox.conversations.finish import excuse, finish, mark_not_spam, mark_spam, reopen
from inbox.conversations.labels import label, unlabel
from inbox.conversations.models import Conversation, ConversationLabel, Message, Note, Thread
from inbox.conversations.notes import delete_note, write_note
from inbox.conversations.priority import set_priority
from inbox.conversations.settle import Result, answer, excuse_message, make_wait
from inbox.conversations.snooze import snooze, wake
from inbox.conversations.undo import undo
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.members.models import Grant, Member, Membership
from tests.factories.basics import make_channel, make_member, make_responder
from tests.factories.conversations import make_conversation, say, write_ours
from tests.fixtures.app import START, MovingClock

Verb = Callable[[Session, Conversation, Member], Activity | Result]


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    return make_responder(session, channel)


@pytest.fixture
def conversation(session: Session, channel: Channel) -> Conversation:
    return make_conversation(session, channel, texts=["Is it open?", "😍"])


def first_message(session: Session) -> Message:
    return session.scalars(select(Message).order_by(Message.seq).limit(1)).one()


def last_message(session: Session) -> Message:
    return session.scalars(select(Message).order_by(Message.seq.desc()).limit(1)).one()


def _team(session: Session, member: Member) -> int:
    return session.scalars(select(Membership.team_id).where(Membership.member_id == member.id)).one()


def _woken(session: Session, one: Conversation, eva: Member) -> Activity:
    snooze(session, one, eva.id, START + timedelta(days=1))
    return wake(session, one, eva.id)


def _not_spam(session: Session, one: Conversation, eva: Member) -> Activity:
    mark_spam(session, one, eva.id, seen_seq=99)
    return mark_not_spam(session, one, eva.id)


def _reopened(session: Session, one: Conversation, eva: Member) -> Activity:
    finish(session, one, eva.id, seen_seq=99, why="no_answer_needed")
    return reopen(session, one, eva.id)


def _unlabelled(session: Session, one: Conversation, eva: Member) -> Activity:
    label_id = (label(session, one, eva.id, "Returns").after or {})["label_id"]
    return unlabel(session, one, eva.id, label_id)


def _note_deleted(session: Session, one: Conversation, eva: Member) -> Activity:
    write_note(session, one, eva.id, "Hm.")
    return delete_note(session, session.scalars(select(Note)).one(), eva.id)


VERBS: dict[str, Verb] = {
    "assign": lambda s, c, m: assign(s, c, m.id, m.id),
    "assign_team": lambda s, c, m: assign_team(s, c, m.id, _team(s, m)),
    "priority": lambda s, c, m: set_priority(s, c, m.id, "urgent"),
    "snooze": lambda s, c, m: snooze(s, c, m.id, START + timedelta(hours=3)),
    "wake": _woken,
    "finish": lambda s, c, m: finish(s, c, m.id, seen_seq=99, why="answered_elsewhere"),
    "excuse": lambda s, c, m: excuse(s, c, m.id, seen_seq=99),
    "excuse only": lambda s, c, m: excuse(s, c, m.id, seen_seq=99, is_finishing=False),
    "spam": lambda s, c, m: mark_spam(s, c, m.id, seen_seq=99),
    "not spam": _not_spam,
    "reopen": _reopened,
    "label": lambda s, c, m: label(s, c, m.id, "Returns"),
    "unlabel": _unlabelled,
    "note": lambda s, c, m: write_note(s, c, m.id, "Hm."),
    "delete note": _note_deleted,
    "excuse message": lambda s, c, m: excuse_message(s, first_message(s), m.id),
    "make wait": lambda s, c, m: make_wait(s, last_message(s), m.id),
}


def state(session: Session, conversation: Conversation) -> dict[str, Any]:
    """Everything that a verb may change."""
    session.flush()
    session.expire_all()
    messages = session.scalars(select(Message).order_by(Message.id)).all()
    return {
        **{name: getattr(conversation, name) for name in FIELDS},
        "waiting_since": conversation.waiting_since,
        "queue_at": conversation.queue_at,
        "messages": [(one.awaits, one.awaits_reason, one.settled, one.excused_why) for one in messages],
        "labels": session.scalars(select(ConversationLabel.label_id)).all(),
        "notes": session.scalars(select(Note.id).where(Note.deleted_at.is_(None))).all(),
    }


def activity_of(done: Activity | Result) -> Activity:
    return done.activity if isinstance(done, Result) else done


@pytest.mark.parametrize("name", VERBS)
def test_d9_undo_puts_everything_back(session: Session, eva: Member, conversation: Conversation, name: str) -> None:
    conversation.has_edit_after_answer = True
    before = state(session, conversation)
    if name in ("wake", "not spam", "reopen", "unlabel", "delete note"):
        # undoing the second of two leads back to between them
        VERBS[name](session, conversation, eva)
        last = session.scalars(select(Activity).order_by(Activity.id.desc()).limit(1)).one()
        between = undo(session, eva.id, last.id)
        assert between.kind == "undone"
        changed = {key for key, value in state(session, conversation).items() if value != before[key]}
        assert changed <= {"status", "snoozed_until_at", "waiting_since", "queue_at", "messages", "labels", "notes"} | {
            "has_edit_after_answer"
        }
        assert changed
        return
    activity = activity_of(VERBS[name](session, conversation, eva))
    assert state(session, conversation) != before
    done = undo(session, eva.id, activity.id)
    assert state(session, conversation) == before
    assert done.kind == "undone"
    assert (done.after or {}).items() >= {"activity_id": activity.id, "kind": activity.kind}.items()
    assert activity.undone_by_id == done.id
    assert list_wrong_waiting(session) == []
    with pytest.raises(Conflict, match="already_undone"):
        undo(session, eva.id, activity.id)


def test_d9_refuses_what_somebody_changed_since(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    diego = make_responder(session, channel)
    assigned = assign(session, conversation, eva.id, eva.id)
    priority = set_priority(session, conversation, eva.id, "high")
    assign(session, conversation, diego.id, diego.id)
    with pytest.raises(Conflict, match="changed_since"):
        undo(session, eva.id, assigned.id)
    undo(session, eva.id, priority.id)
    assert (conversation.priority, conversation.assignee_id) == ("normal", diego.id)


def test_d9_a_new_message_after_done_can_not_be_undone_away(
    session: Session, eva: Member, conversation: Conversation
) -> None:
    result = finish(session, conversation, eva.id, seen_seq=99, why="no_answer_needed")
    say(session, session.get_one(Thread, conversation.thread_id), conversation.contact, "Hello?")
    with pytest.raises(Conflict, match="changed_since"):
        undo(session, eva.id, result.activity.id)
    assert conversation.status == "open"


def test_d9_an_excuse_that_an_answer_came_after_stays(
    session: Session, eva: Member, conversation: Conversation
) -> None:
    excused = excuse_message(session, first_message(session), eva.id)
    make_wait(session, first_message(session), eva.id)
    thread = session.get_one(Thread, conversation.thread_id)
    answer(session, write_ours(session, thread), conversation, 99)
    with pytest.raises(Conflict, match="changed_since"):
        undo(session, eva.id, excused.id)


def test_d9_labels_and_notes_that_changed_since(session: Session, eva: Member, conversation: Conversation) -> None:
    labelled = label(session, conversation, eva.id, "Returns")
    unlabelled = unlabel(session, conversation, eva.id, (labelled.after or {})["label_id"])
    with pytest.raises(Conflict, match="changed_since"):
        undo(session, eva.id, labelled.id)
    label(session, conversation, eva.id, "Returns")
    with pytest.raises(Conflict, match="changed_since"):
        undo(session, eva.id, unlabelled.id)
    note = write_note(session, conversation, eva.id, "Hm.")
    delete_note(session, session.scalars(select(Note)).one(), eva.id)
    with pytest.raises(Conflict, match="changed_since"):
        undo(session, eva.id, note.id)


def test_d9_one_undoes_ones_own_and_only_what_one_sees(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    activity = set_priority(session, conversation, eva.id, "high")
    with pytest.raises(NotAllowed, match="not_yours"):
        undo(session, make_responder(session, channel).id, activity.id)
    with pytest.raises(NotFound):
        undo(session, make_member(session).id, activity.id)
    with pytest.raises(NotFound):
        undo(session, eva.id, activity.id + 1000)
    undone = undo(session, eva.id, activity.id)
    with pytest.raises(Invalid, match="not_undoable"):
        undo(session, eva.id, undone.id)


def test_d9_undo_gives_nothing_back_to_who_lost_access(
    session: Session, channel: Channel, eva: Member, conversation: Conversation
) -> None:
    diego = make_responder(session, channel)
    assign(session, conversation, eva.id, diego.id)
    activity = assign(session, conversation, eva.id, None)
    session.query(Grant).filter(Grant.team_id == _team(session, diego)).delete()
    with pytest.raises(Invalid, match="assignee_may_not_see"):
        undo(session, eva.id, activity.id)
