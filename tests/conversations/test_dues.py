"""What a deadline means to whoever looks at it now."""

from datetime import UTC, datetime, timedelta

import pytest

from inbox.conversations.dues import ClockState, soon_at, state_of, today_in
from tests.fixtures.app import START

HOUR = 3600


@pytest.mark.parametrize(
    ("time_zone", "now", "ends_at"),
    [
        ("UTC", "2026-11-20T12:00", "2026-11-21T00:00"),
        ("UTC", "2026-11-20T00:00", "2026-11-21T00:00"),
        ("Europe/Madrid", "2026-11-20T22:59", "2026-11-20T23:00"),
        ("Europe/Madrid", "2026-11-20T23:00", "2026-11-21T23:00"),
        ("Asia/Tokyo", "2026-11-20T15:30", "2026-11-21T15:00"),
        ("America/Mexico_City", "2026-11-20T05:59", "2026-11-20T06:00"),
        ("Europe/Madrid", "2026-10-25T12:00", "2026-10-25T23:00"),  # 25 hours long
        ("Europe/Madrid", "2026-03-29T12:00", "2026-03-29T22:00"),  # 23
        ("America/Santiago", "2026-09-05T20:00", "2026-09-06T04:00"),  # midnight is left out: the day ends at 01:00
        ("Pacific/Apia", "2011-12-30T09:59", "2011-12-30T10:00"),  # the day after is left out
    ],
)
def test_the_day_ends_at_the_midnight_of_where_one_is(time_zone: str, now: str, ends_at: str) -> None:
    at, end = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (now, ends_at))
    assert today_in(time_zone, at).ends_at == end


@pytest.mark.parametrize(
    ("target_hours", "near_hours"), [(24, 6), (72, 18), (8, 2), (6, 2), (4, 2), (3, 1.5), (1, 0.5), (0.1, 0.05)]
)
def test_near_is_the_last_quarter_or_two_hours_but_never_more_than_half(target_hours: float, near_hours: float) -> None:
    assert START - soon_at(START, target_hours * HOUR) == timedelta(hours=near_hours)


@pytest.mark.parametrize(
    ("hours_left", "state"),
    [(24, "calm"), (6.01, "calm"), (6, "soon"), (0.01, "soon"), (0, "late"), (-3, "late"), (None, "none")],
)
def test_how_a_clock_stands(hours_left: float | None, state: str) -> None:
    due_at = None if hours_left is None else START + timedelta(hours=hours_left)
    assert state_of(due_at, 24 * HOUR, START, is_paused=False).value == state
    assert state_of(due_at, 24 * HOUR, START, is_paused=True) is ClockState.PAUSED
