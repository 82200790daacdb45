"""The first reading of a channel: history waits for nobody (RULES C6)."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.models import Message
from inbox.intake.imports import ImportCounts, finish_import
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.items import message, take_in, us
from tests.fixtures.app import MovingClock

PACE = Pace()


def importing(session: Session) -> Channel:
    return make_channel(session, import_since_at=clock.now() - timedelta(hours=24))


def row(session: Session, name: str) -> Message:
    session.expire_all()
    return session.scalars(select(Message).where(Message.external_id == name)).one()


def test_only_what_is_unanswered_and_younger_than_the_span_waits(session: Session, moving_clock: MovingClock) -> None:
    channel, now = importing(session), clock.now()
    take_in(session, channel, message("r", by=us(channel), parent_id="answered", authored_at=now - timedelta(hours=2)))
    take_in(
        session,
        channel,
        message("old", by="ines", authored_at=now - timedelta(hours=25)),
        message("answered", by="omar", authored_at=now - timedelta(hours=3)),
        message("young", authored_at=now - timedelta(hours=23)),
    )
    assert [row(session, name).awaits for name in ("old", "answered", "young")] == [False, False, True]
    assert (row(session, "old").awaits_reason, row(session, "answered").settled) == ("before_import", "answered")
    assert all(row(session, name).is_history for name in ("old", "answered", "young", "r"))
    assert row(session, "young").clock_at == now - timedelta(hours=23)
    counts = finish_import(session, channel, PACE)
    assert counts == ImportCounts(messages=4, waiting=1, late=1)
    assert (channel.import_waiting_count, channel.import_late_count, channel.import_done_at) == (1, 1, now)
    told = session.scalars(select(Activity).where(Activity.kind == kinds.CHANNEL_CHANGED)).one()
    assert told.after == {"import": {"messages": 4, "waiting": 1, "late": 1}}


def test_old_ones_that_were_answered_are_not_late(session: Session, moving_clock: MovingClock) -> None:
    channel, now = importing(session), clock.now()
    take_in(
        session,
        channel,
        message("old", authored_at=now - timedelta(days=3)),
        message("r", by=us(channel), parent_id="old", authored_at=now - timedelta(days=2)),
    )
    assert finish_import(session, channel, PACE) == ImportCounts(messages=2, waiting=0, late=0)


def test_what_is_written_while_the_import_runs_is_no_history(session: Session, moving_clock: MovingClock) -> None:
    channel = importing(session)
    moving_clock.move(minutes=10)
    take_in(session, channel, message("new", authored_at=clock.now() - timedelta(minutes=1)))
    assert (row(session, "new").is_history, row(session, "new").awaits) == (False, True)


def test_a_gap_is_imported_again_and_a_second_finish_changes_nothing(
    session: Session, moving_clock: MovingClock
) -> None:
    channel = importing(session)
    finish_import(session, channel, PACE)
    assert finish_import(session, channel, PACE) == ImportCounts(0, 0, 0)
    take_in(session, channel, message("live", authored_at=clock.now() - timedelta(days=2)))
    assert row(session, "live").awaits
    now = moving_clock.move(days=3)
    channel.connected_at, channel.import_since_at, channel.import_done_at = now, now - timedelta(hours=24), None
    take_in(session, channel, message("missed", by="omar", authored_at=now - timedelta(hours=30)))
    take_in(session, channel, message("fresh", by="ines", authored_at=now - timedelta(hours=3)))
    assert [row(session, name).awaits for name in ("live", "missed", "fresh")] == [True, False, True]
    assert finish_import(session, channel, PACE) == ImportCounts(messages=2, waiting=1, late=1)
