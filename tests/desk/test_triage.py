"""What is done from the desk: one verb, one commit, an answer for scripts and one for browsers without them."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.conversations import join
from inbox.conversations.models import Conversation, Label, Message, Note, ReadMark, Thread
from inbox.members.models import Member
from tests.browser.world import World, make_world
from tests.factories.basics import join_team, make_contact, make_grant, make_member, make_team
from tests.factories.conversations import answer_there, conversation_of, make_thread, say
from tests.factories.fake_platform import FakePlatform
from tests.factories.members import form_token, sign_in_as
from tests.factories.standing import stand


@pytest.fixture
def small(session: Session) -> World:
    return stand(session, "team and 3", lambda session: make_world(session, conversations=3))


class Desk:
    """A browser with scripts: posts forms and reads JSON."""

    def __init__(self, browser: FlaskClient) -> None:
        self._browser = browser
        self._token = form_token(browser)

    def post(self, path: str, status: int = 200, **fields: Any) -> dict[str, Any]:
        headers = {"Accept": "application/json", "X-CSRFToken": self._token}
        answer = self._browser.post(path, data=fields, headers=headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json or {})


@pytest.fixture
def desk(app: Flask, session: Session, small: World) -> Desk:
    return Desk(sign_in_as(app, session, session.get_one(Member, small.lucia_id)))


def fresh(session: Session, number: int) -> Conversation:
    session.rollback()
    found = session.get_one(Conversation, number, populate_existing=True)
    session.expunge(found)
    session.rollback()
    return found


def seq_of(session: Session, number: int) -> int:
    return fresh(session, number).last_seq


def test_done_asks_why_then_finishes_and_can_be_undone(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[0]
    seq = seq_of(session, number)
    asked = desk.post(f"/c/{number}/finish", seen_seq=seq)
    assert asked == {"ask": f"/c/{number}/finish?seen_seq={seq}"}
    assert fresh(session, number).status == "open"
    acted = desk.post(f"/c/{number}/finish", seen_seq=seq, why="answered_elsewhere")
    assert (acted["said"], acted["moves_on"], acted["warning"]) == ("Done.", True, "")
    assert 'data-status="done"' in acted["row"]
    assert fresh(session, number).status == "done"
    undone = desk.post(acted["undo"])
    assert undone["said"] == "Undone."
    assert fresh(session, number).status == "open"
    assert fresh(session, number).waiting_since is not None


def test_what_came_while_done_was_pressed_keeps_it_open(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[0]
    conversation = fresh(session, number)
    thread, person = session.get_one(Thread, conversation.thread_id), session.get_one(Contact, conversation.contact_id)
    say(session, thread, person, "One more question?")
    session.commit()
    acted = desk.post(f"/c/{number}/excuse", seen_seq=conversation.last_seq)
    assert acted["moves_on"] is False
    assert acted["warning"] == "1 new while you pressed done: it stays open."
    assert fresh(session, number).status == "open"


@pytest.mark.parametrize(
    ("act", "fields", "said", "field", "value"),
    [
        ("priority", {"priority": "high"}, "Priority: High", "priority", "high"),
        ("snooze", {"preset": "three_hours"}, "Snoozed.", "status", "snoozed"),
        ("spam", {}, "Marked as spam.", "status", "spam"),
        ("excuse", {}, "No answer needed.", "status", "done"),
    ],
)
def test_acts(
    session: Session, small: World, desk: Desk, act: str, fields: dict[str, Any], said: str, field: str, value: str
) -> None:
    number = small.conversation_ids[1]
    acted = desk.post(f"/c/{number}/{act}", seen_seq=seq_of(session, number), **fields)
    assert acted["said"] == said
    assert getattr(fresh(session, number), field) == value


def test_assign_to_a_colleague_a_team_and_nobody(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[1]
    desk.post(f"/c/{number}/assign", assignee_id=small.diego_id)
    assert fresh(session, number).assignee_id == small.diego_id
    desk.post(f"/c/{number}/team", team_id=small.team_id)
    assert fresh(session, number).team_id == small.team_id
    desk.post(f"/c/{number}/assign", assignee_id="")
    assert fresh(session, number).assignee_id is None


def test_labels_notes_and_unread(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[1]
    row = desk.post(f"/c/{number}/label", name="talla")["row"]
    assert ">talla</bdi>" in row
    desk.post(f"/c/{number}/note", text="Pregunté al almacén")
    desk.post(f"/c/{number}/read", seen_seq=seq_of(session, number), status=204)
    assert 'class="unread' not in desk.post(f"/c/{number}/label", name="azul")["row"]
    assert 'class="unread' in desk.post(f"/c/{number}/unread")["row"]


def test_a_refusal_is_said_in_words(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[1]
    refused = desk.post(f"/c/{number}/snooze", 400, until="2020-01-01T10:00")
    assert refused["code"] == "snooze_past"
    assert refused["message"]
    assert desk.post(f"/c/{number}/finish", 400)["code"] == "seen_seq_missing"
    assert desk.post(f"/c/{number}/assign", 400, assignee_id="Diego")["code"] == "not_a_number"


def test_a_viewer_changes_nothing(app: Flask, session: Session, small: World) -> None:
    viewer = make_member(session, "Vera")
    team = make_team(session)
    join_team(session, viewer, team, "viewer")
    make_grant(session, team, session.get_one(Channel, small.channel_id))
    vera = Desk(sign_in_as(app, session, viewer))
    for act in (
        "assign",
        "snooze",
        "finish",
        "excuse",
        "spam",
        "label",
        "note",
        "wake",
        "team",
        "priority",
        "wait",
        "like",
    ):
        vera.post(f"/c/{small.maria_id}/{act}", 403, seen_seq=1)
    assert fresh(session, small.maria_id).status == "open"


def test_without_scripts_one_is_led_on_and_told(app: Flask, session: Session, small: World) -> None:
    browser = sign_in_as(app, session, session.get_one(Member, small.lucia_id))
    token = form_token(browser)
    seq = seq_of(session, small.maria_id)
    asked = browser.post(f"/c/{small.maria_id}/finish", data={"csrf_token": token, "seen_seq": seq})
    assert asked.headers["Location"] == f"/c/{small.maria_id}/finish?seen_seq={seq}"
    assert "Answered elsewhere" in browser.get(asked.headers["Location"]).text
    fields = {"csrf_token": token, "seen_seq": seq, "why": "answered_elsewhere"}
    done = browser.post(f"/c/{small.maria_id}/finish", data=fields)
    assert done.headers["Location"] == "/queue"
    assert "Done." in browser.get("/queue").text
    assert "Done." not in browser.get("/queue").text


@pytest.fixture
def platform(app: Flask) -> Any:
    platform = FakePlatform()
    app.extensions["relevo_connect"] = platform.connect
    yield platform
    app.extensions.pop("relevo_connect")


def test_like_and_excuse_in_one(session: Session, small: World, desk: Desk, platform: FakePlatform) -> None:
    acted = desk.post(f"/c/{small.maria_id}/like", seen_seq=seq_of(session, small.maria_id))
    assert acted["moves_on"] is True
    assert fresh(session, small.maria_id).status == "done"
    query = session.query(Message).filter(Message.conversation_id == small.maria_id, Message.liked_at.is_not(None))
    liked = query.one()
    assert (liked.excused_why, liked.settled) == ("liked", "excused")
    assert any(call.startswith("like") for call in platform.calls)


def test_what_came_after_the_page_is_neither_liked_nor_excused(
    session: Session, small: World, desk: Desk, platform: FakePlatform
) -> None:
    seen = seq_of(session, small.maria_id)
    conversation = fresh(session, small.maria_id)
    thread, person = session.get_one(Thread, conversation.thread_id), session.get_one(Contact, conversation.contact_id)
    later = say(session, thread, person, "And now it is broken, what do I do?").id
    session.commit()
    acted = desk.post(f"/c/{small.maria_id}/like", seen_seq=seen)
    assert (acted["moves_on"], acted["warning"]) == (False, "1 new while you pressed done: it stays open.")
    message = session.get_one(Message, later, populate_existing=True)
    assert (message.liked_at, message.awaits) == (None, True)
    session.rollback()
    assert desk.post(f"/c/{small.maria_id}/like", 400)["code"] == "seen_seq_missing"


@pytest.mark.parametrize("act", ["finish", "excuse", "spam", "like"])
def test_a_page_from_before_a_join_decides_about_nothing(
    session: Session, small: World, desk: Desk, platform: FakePlatform, act: str
) -> None:
    channel = session.get_one(Channel, small.channel_id)
    person = make_contact(session, channel.platform)
    kept, gone = make_thread(session, channel), make_thread(session, channel)
    unseen = say(session, kept, person, "It came broken, what now?").id
    old = conversation_of(session, say(session, gone, person, "Is it open?")).id
    join.join(session, kept, gone)
    session.commit()
    assert desk.post(f"/c/{old}/{act}", 409, seen_seq=1, why="no_answer_needed")["code"] == "joined_meanwhile"
    assert session.get_one(Message, unseen, populate_existing=True).awaits
    session.rollback()
    desk.post(f"/c/{old}/read", 204, seen_seq=1)
    assert session.scalars(select(ReadMark)).all() == []


def test_a_message_waits_by_hand_and_is_excused(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[0]
    desk.post(f"/c/{number}/excuse", seen_seq=seq_of(session, number))
    desk.post(f"/c/{number}/wait")
    again = fresh(session, number)
    assert (again.status, again.waiting_since is not None) == ("open", True)
    message = session.query(Message).filter(Message.conversation_id == number).one().id
    session.rollback()
    desk.post(f"/messages/{message}/excuse")
    assert fresh(session, number).waiting_since is None


def test_somebody_says_whom_a_native_answer_answered(session: Session, small: World, desk: Desk) -> None:
    thread = session.get_one(Thread, fresh(session, small.maria_id).thread_id)
    answer_there(session, thread, "Ya está arreglado, gracias a todos.")
    asked = thread.asks_about_message_id
    session.commit()
    assert asked is not None
    desk.post(f"/messages/{asked}/answered", conversation=small.maria_id, here=small.maria_id)
    session.rollback()
    assert session.get_one(Thread, thread.id, populate_existing=True).asks_about_message_id is None


def test_nul_and_names_that_show_nothing(session: Session, small: World, desk: Desk) -> None:
    number = small.conversation_ids[0]
    desk.post(f"/c/{number}/note", text="before\0after")
    assert "before\ufffdafter" in session.scalars(select(Note.text)).all()
    desk.post(f"/c/{number}/label", status=400, name="\u202e\0 ")
    desk.post(f"/c/{number}/label", name="late\0")
    assert session.scalars(select(Label.name).where(Label.name.startswith("late"))).all() == ["late"]
