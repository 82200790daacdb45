"""When the clock of a message starts (RULES C1)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.skew import known_skew
from inbox.conversations.models import Message
from inbox.intake.times import clock_at
from inbox.platforms.items import Skew
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.items import make_stream, message, take_in
from tests.fixtures.app import MovingClock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PACE = Pace()


def ago(**parts: float) -> datetime:
    return NOW - timedelta(**parts)


@pytest.mark.parametrize(
    ("authored_at", "arrived_at", "last_poll_at", "skew_seconds", "wanted"),
    [
        # arrival beats the author's own claim, and nothing is later than when we had it
        (ago(minutes=9), ago(minutes=3), ago(minutes=1), 0, ago(minutes=3)),
        (ago(days=2), ago(minutes=3), ago(minutes=1), 0, ago(minutes=3)),
        (None, None, ago(minutes=1), 0, NOW),
        (ago(minutes=-30), None, None, 0, NOW),
        (None, ago(minutes=-30), None, 0, NOW),
        # only the author's time: as told, unless it lies more than ten minutes before the last complete poll
        (ago(minutes=10), None, ago(minutes=1), 0, ago(minutes=10)),
        (ago(minutes=11), None, ago(minutes=1), 0, ago(minutes=11)),
        (ago(minutes=11, seconds=1), None, ago(minutes=1), 0, ago(minutes=1)),
        (ago(days=2), None, ago(minutes=1), 0, ago(minutes=1)),
        (ago(days=2), None, None, 0, ago(days=2)),  # an import, or the first poll
        # the platform's clock is ahead or behind: above a minute it is subtracted
        (None, ago(minutes=3), None, 60, ago(minutes=3)),
        (None, ago(minutes=3), None, 61, ago(minutes=4, seconds=1)),
        (None, ago(minutes=13), None, -600, ago(minutes=3)),
        (ago(minutes=3), None, ago(minutes=1), 600, ago(minutes=1)),
        (ago(minutes=-7), None, ago(minutes=1), 600, ago(minutes=3)),
    ],
)
def test_the_clock(
    authored_at: datetime | None,
    arrived_at: datetime | None,
    last_poll_at: datetime | None,
    skew_seconds: float,
    wanted: datetime,
) -> None:
    skew = known_skew(skew_seconds, PACE)
    assert clock_at(authored_at, arrived_at, NOW, last_poll_at=last_poll_at, skew=skew, pace=PACE) == wanted


def test_the_three_times_and_the_clock_are_kept(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session, import_done_at=ago(days=1), connected_at=ago(days=2))
    stream = make_stream(session, channel, complete_started_at=ago(minutes=1))
    take_in(
        session,
        channel,
        message("back-dated", authored_at=ago(days=2)),
        message("arrived", authored_at=ago(days=2), arrived_at=ago(minutes=4)),
        stream=stream,
        skew=Skew(120.0, 120.9),
    )
    rows = {row.external_id: row for row in session.scalars(select(Message))}
    assert rows["back-dated"].clock_at == ago(minutes=1)
    assert (rows["back-dated"].authored_at, rows["back-dated"].received_at) == (ago(days=2), NOW)
    assert rows["arrived"].clock_at == ago(minutes=6)
    assert rows["arrived"].arrived_at == ago(minutes=4)
    # shown by the clock, numbered by ingest
    assert rows["arrived"].seq == rows["back-dated"].seq == 1


def test_an_import_believes_the_author(session: Session, moving_clock: MovingClock) -> None:
    channel = make_channel(session)
    stream = make_stream(session, channel, complete_started_at=ago(minutes=1))
    take_in(session, channel, message("old", authored_at=ago(days=2)), stream=stream)
    assert session.scalars(select(Message.clock_at)).one() == ago(days=2)
