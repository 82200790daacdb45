"""The upkeep tasks: what each tick does when something is due, and that it touches nothing when not."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.conversations import gone, snooze
from inbox.conversations.models import Conversation, Message, RawPayload
from inbox.database import db
from inbox.media.erase import path_of
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_contact, make_responder
from tests.factories.conversations import make_thread, say
from tests.fixtures.app import MovingClock
from tests.fixtures.plans import find_whole_reads
from workers import upkeep
from workers.schedule import TICKS, timetable


@pytest.fixture(autouse=True)
def tasks(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    """Let the tasks use the test's application."""
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr(upkeep, "flask_app", lambda: app)


@pytest.fixture
def writes(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that change something; that a sweep was done is tests/watch/'s matter."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if (
            statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE", "BEGIN IMMEDIATE"))
            and "sweep_beat" not in statement
        ):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_a_snoozed_conversation_wakes_when_its_time_has_come(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    message = say(session, make_thread(session, channel), make_contact(session))
    conversation = session.get_one(Conversation, message.conversation_id)
    member = make_responder(session, channel)
    snooze.snooze(session, conversation, member.id, clock.now() + timedelta(hours=1))
    session.commit()
    upkeep.wake_due()
    session.refresh(conversation)
    assert conversation.status == "snoozed"
    session.rollback()
    moving_clock.move(hours=1, seconds=1)
    upkeep.wake_due()
    session.expire_all()
    assert session.get_one(Conversation, conversation.id).status == "open"


def test_a6_what_was_deleted_a_day_ago_is_erased(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    message = say(session, make_thread(session, channel), make_contact(session), text="Borra esto, por favor")
    gone.look_said_gone(session, message, pace=Pace(), is_event=True)
    session.commit()
    upkeep.erase_due()
    session.refresh(message)
    assert message.text == "Borra esto, por favor"
    session.rollback()
    moving_clock.move(days=1, seconds=1)
    upkeep.erase_due()
    session.expire_all()
    assert session.get_one(Message, message.id).text == ""


def test_e5_raw_payloads_go_after_their_time(session: Session, moving_clock: MovingClock) -> None:
    message = say(session, make_thread(session, make_channel(session)), make_contact(session))
    now = clock.now()
    raw = RawPayload(message_id=message.id, compressed=b"x", received_at=now, expires_at=now + timedelta(days=30))
    session.add(raw)
    session.commit()
    number = raw.id
    session.rollback()
    upkeep.erase_due()
    assert session.get(RawPayload, number) is not None
    session.rollback()
    moving_clock.move(days=30, seconds=1)
    upkeep.erase_due()
    session.expire_all()
    assert session.get(RawPayload, number) is None


def test_e4_a_silent_channel_is_noticed(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session, last_message_at=clock.now(), usual_gap_seconds=60.0)
    session.commit()
    number = channel.id
    session.rollback()
    moving_clock.move(hours=7)
    upkeep.look_for_silence()
    session.expire_all()
    assert session.get_one(Channel, number).quiet_since_at == clock.now()


def test_where_nothing_is_due_nothing_is_written(session: Session, writes: list[str]) -> None:
    session.rollback()
    for task in (upkeep.wake_due, upkeep.turn_held_back, upkeep.look_for_silence, upkeep.erase_due):
        task()
    assert writes == []


def test_every_tick_names_a_task_that_there_is() -> None:
    from workers.app import celery

    celery.loader.import_default_modules()
    for name, queue, _seconds in TICKS:
        assert name in celery.tasks, name
        assert queue in ("send", "poll", "upkeep", "notify", "timers")
    assert len(timetable(Pace())) == len(TICKS)


def test_a_tick_that_finds_nothing_due_reads_no_table_that_grows(
    app: Flask, session: Session, asked: dict[str, Any]
) -> None:
    stray = path_of(app.config["RELEVO"].media_dir, "5" * 64)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"shown by nothing")
    say(session, make_thread(session, make_channel(session)), make_contact(session))
    session.commit()
    asked.clear()
    for task in (upkeep.wake_due, upkeep.turn_held_back, upkeep.join_missed, upkeep.look_for_silence, upkeep.erase_due):
        task()
    assert not stray.exists()
    assert len(asked) >= 7
    assert find_whole_reads(session, asked) == {}
