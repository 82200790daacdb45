"""After connecting or an outage a lead says from when clocks count; who was late already is told of once (C6)."""

from datetime import timedelta
from typing import cast

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import Alert
from inbox.channels import streams
from inbox.channels.models import Channel, ChannelStream
from inbox.conversations import settle
from inbox.conversations.models import Message
from inbox.database import db
from inbox.errors import Conflict, Invalid
from inbox.intake import counting
from inbox.intake.imports import finish_import
from inbox.intake.poll import Reader, read_stream
from inbox.platforms.contract import Connection
from inbox.settings import Pace
from inbox.sla.models import Timer
from tests.factories.basics import make_channel, make_member
from tests.factories.items import make_stream, message, page, take_in, us
from tests.fixtures.app import MovingClock
from tests.intake.test_poll import Platform

PACE = Pace()


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    """A channel whose import found four people: of two days ago, answered and not, of five hours ago, and thanks."""
    found = make_channel(session, import_since_at=clock.now() - timedelta(hours=24))
    now = clock.now()
    take_in(
        session,
        found,
        message("old", by="ines", authored_at=now - timedelta(hours=50)),
        message("answered", by="omar", authored_at=now - timedelta(hours=50)),
        message("r", by=us(found), parent_id="answered", authored_at=now - timedelta(hours=49)),
        message("emoji", by="eva", text="🎉🎉", authored_at=now - timedelta(hours=50)),
        message("young", by="lucia", authored_at=now - timedelta(hours=5)),
    )
    finish_import(session, found, PACE)
    session.commit()
    return found


def waiting(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(Message.external_id).where(Message.awaits).order_by(Message.external_id)))


def recount(session: Session, channel: Channel) -> None:
    while counting.recount(session, channel.id, PACE):
        session.commit()
    session.commit()


def choose(session: Session, channel: Channel, hours: float) -> None:
    member = make_member(session)
    counting.choose(session, channel, clock.now() - timedelta(hours=hours), member.id)
    session.commit()
    assert counting.list_due(session) == [channel.id]
    recount(session, channel)
    assert counting.list_due(session) == []


def test_who_was_late_already_is_told_once_in_one_summary(session: Session, channel: Channel) -> None:
    alert = session.scalars(select(Alert)).one()
    assert (alert.kind, alert.channel_id, alert.gathered_count) == ("import", channel.id, 2)  # Ines, and the emoji


def test_clocks_count_from_earlier_from_later_and_back(session: Session, channel: Channel) -> None:
    assert waiting(session) == ["young"]
    choose(session, channel, 72)
    assert waiting(session) == ["old", "young"]
    timer = session.scalars(select(Timer).where(Timer.ended_at.is_(None)).order_by(Timer.started_at)).first()
    assert timer is not None
    assert (timer.is_imported, timer.started_at) == (True, clock.now() - timedelta(hours=50))
    assert (channel.import_waiting_count, channel.import_late_count) == (2, 0)
    choose(session, channel, 0)
    assert waiting(session) == []
    assert channel.import_late_count == 2
    choose(session, channel, 24)
    assert waiting(session) == ["young"]


def test_what_a_member_decided_stays(session: Session, channel: Channel) -> None:
    member = make_member(session)
    rows = {row.external_id: row for row in session.scalars(select(Message))}
    settle.make_wait(session, rows["old"], member.id)
    settle.excuse_message(session, rows["young"], member.id)
    choose(session, channel, 0)
    assert waiting(session) == ["old"]
    choose(session, channel, 72)
    assert waiting(session) == ["old"]


def test_only_an_import_that_is_over_and_what_came_before_it_can_be_asked_about(
    session: Session, channel: Channel
) -> None:
    with pytest.raises(Invalid, match="count_from_later"):
        counting.choose(session, channel, clock.now() + timedelta(seconds=1), 1)
    channel.import_done_at = None
    with pytest.raises(Conflict, match="import_is_running"):
        counting.choose(session, channel, clock.now(), 1)


def test_a_server_that_was_away_for_days_is_read_as_history_and_a_lead_is_asked(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, import_done_at=clock.now(), import_since_at=clock.now())
    stream = make_stream(session, channel, due_at=clock.now(), last_complete_at=clock.now(), cursor={"mark": 1})
    session.commit()
    moving_clock.move(days=3)
    platform, now = Platform(), clock.now()
    missed = message("missed", authored_at=now - timedelta(hours=40)), message("late", authored_at=now)
    platform.steps = [page(*missed), page(*missed)]
    engine = db.engine
    reader = Reader(lambda: Session(engine), lambda _channel: cast(Connection, platform), PACE)
    channel_id, stream_id = channel.id, stream.id
    session.rollback()
    for _ in platform.steps[:]:
        with reader.make_session() as mine, mine.begin():
            (claim,) = streams.claim_due(mine, PACE, 1)
        read_stream(reader, claim)
    found = session.get_one(Channel, channel_id, populate_existing=True)
    assert (found.gap_from_at, found.gap_until_at) == (now - timedelta(days=3), now)
    assert found.import_done_at == now
    assert waiting(session) == ["late"]
    assert session.get_one(ChannelStream, stream_id).last_complete_at == now
    counting.choose(session, found, now - timedelta(days=3), make_member(session).id)
    session.commit()
    recount(session, found)
    assert found.gap_from_at is None
    assert waiting(session) == ["late", "missed"]
