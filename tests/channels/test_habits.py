"""When a silence is odd: compared with the same hours of earlier weeks, and honest about how little those may say."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import hours, states
from inbox.channels.habits import compare
from inbox.channels.models import Channel
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.fixtures.app import MovingClock


@pytest.mark.parametrize(
    ("before", "is_known", "is_odd"),
    [
        ((), False, False),
        ((400,), False, False),  # one week is no habit
        ((9, 9), True, True),
        ((5, 5), True, False),  # by accident in more than one of a hundred weeks
        ((9, 0, 30, 30, 30, 30), True, False),  # it has been as silent before
        ((8, 8, 8, 8, 8, 8, 8, 8), True, True),
        ((1, 1, 1, 1, 1, 1, 1, 1), True, False),
    ],
)
def test_a_silence_is_odd_only_where_it_never_was_and_hardly_is_by_accident(
    before: tuple[int, ...], is_known: bool, is_odd: bool
) -> None:
    silence = compare(3, before)
    assert (silence.is_known, silence.is_odd) == (is_known, is_odd)


def test_more_weeks_leave_less_open() -> None:
    chances = [compare(3, [4] * weeks).chance for weeks in range(1, 9)]
    assert chances == sorted(chances, reverse=True)
    assert compare(0, [4] * 8).is_known is False


def busy_afternoons(session: Session, pace: Pace, weeks: int) -> Channel:
    """A channel that brings ten messages an hour from noon to six on Fridays, and nothing at night."""
    channel = make_channel(session, last_message_at=clock.now(), import_done_at=clock.now())
    for week in range(1, weeks + 1):
        for hour in range(7):
            hours.note(session, channel.id, clock.now() - timedelta(weeks=week) + timedelta(hours=hour), 10, pace)
    session.commit()
    return channel


def test_what_the_same_hours_brought_is_read_from_the_channels_own_history(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = busy_afternoons(session, pace, 3)
    moving_clock.move(hours=2, minutes=59)
    assert hours.read_silence(session, channel, clock.now(), pace) == compare(1, (10, 10, 10))
    assert not states.look_for_silence(session, make_channel(session, last_message_at=clock.now()), pace)
    assert states.look_for_silence(session, channel, pace)


def test_a_night_is_no_odd_silence_where_nights_are_silent(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = busy_afternoons(session, pace, 8)
    channel.last_message_at = clock.now() + timedelta(hours=6, minutes=50)
    channel.usual_gap_seconds = 60.0  # which alone would call it odd
    moving_clock.move(hours=20)
    assert hours.read_silence(session, channel, clock.now(), pace) == compare(13, (0,) * 8)
    assert not states.look_for_silence(session, channel, pace)


def test_hours_are_counted_on_and_forgotten_after_ten_weeks(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    hours.note(session, channel.id, clock.now(), 2, pace)
    hours.note(session, channel.id, clock.now() + timedelta(minutes=59), 3, pace)
    hours.note(session, channel.id, clock.now(), 0, pace)
    hours.seed(session, channel.id, [clock.now()] * 50, pace)  # counted already: an import adds nothing
    channel.last_message_at = clock.now() + timedelta(days=6, hours=23)
    moving_clock.move(days=7, hours=1)
    assert hours.read_silence(session, channel, clock.now(), pace) == compare(1, (5,))
    moving_clock.move(weeks=10)
    assert session.scalar(hours.list_old(clock.now(), pace)) == channel.id
    hours.drop_old(session, clock.now(), pace)
    assert session.scalar(hours.list_old(clock.now(), pace)) is None
