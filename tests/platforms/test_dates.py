"""RULES C1: the skew of a platform's clock, from the Date of an answer and from when we asked and had it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from inbox.platforms.contract import Answered
from inbox.platforms.dates import by_our_clock, skew
from tests.fixtures.app import MovingClock


def answered(date: str, clock: MovingClock, took: float = 0.0) -> Answered:
    """Return an answer that was had now and asked for `took` seconds ago."""
    return Answered(200, {"Date": date}, b"", "https://social.example", clock() - timedelta(seconds=took), clock())


@pytest.mark.parametrize(
    ("ahead", "took", "off"),
    [
        (0.0, 0.0, 0.0),
        (-0.9, 0.0, 0.0),  # whole seconds
        (600.0, 0.0, 600.0),
        (600.0, 20.0, 600.0),
        (-600.0, 0.0, -599.0),
        (-600.0, 20.0, -579.0),
        (-19.0, 20.0, 0.0),  # written when we asked: the answer took its time, or we stood still
    ],
)
def test_what_fits_between_asking_and_having_is_no_skew(
    moving_clock: MovingClock, ahead: float, took: float, off: float
) -> None:
    date = format_datetime(moving_clock() + timedelta(seconds=ahead), usegmt=True)
    found = skew(answered(date, moving_clock, took))
    assert found is not None
    assert found.smallest == pytest.approx(off, abs=1.0 if ahead == -0.9 else 0.0)


def test_standing_still_after_the_answer_is_no_skew(moving_clock: MovingClock) -> None:
    had = answered(format_datetime(moving_clock(), usegmt=True), moving_clock)
    moving_clock.move(120)
    found = skew(had)
    assert found is not None
    assert found.smallest == 0.0


@pytest.mark.parametrize("date", ["", "yesterday", "32 Foo 2026"])
def test_no_date_tells_nothing(moving_clock: MovingClock, date: str) -> None:
    assert skew(answered(date, moving_clock)) is None


@pytest.mark.parametrize("ahead", [0, 1, 250, -250, 86_400])
def test_until_when_is_told_by_the_platforms_clock_and_waited_by_ours(moving_clock: MovingClock, ahead: int) -> None:
    theirs = moving_clock() + timedelta(seconds=ahead)
    headers = {"Date": format_datetime(theirs, usegmt=True)}
    found = by_our_clock(theirs + timedelta(seconds=30), headers)
    assert abs(found - moving_clock() - timedelta(seconds=30)) <= timedelta(seconds=1)


@pytest.mark.parametrize("headers", [{}, {"Date": ""}, {"Date": "yesterday"}])
def test_without_a_date_it_is_taken_as_told(moving_clock: MovingClock, headers: dict[str, str]) -> None:
    told = moving_clock() + timedelta(seconds=30)
    assert by_our_clock(told, headers) == told


def test_a_date_at_the_beginning_of_time_breaks_nothing() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert by_our_clock(last, {"Date": "Mon, 01 Jan 0001 00:00:00 GMT"}) == last
