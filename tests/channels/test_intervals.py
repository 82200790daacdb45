"""When a stream is read next (RULES E4); pure."""

from datetime import timedelta

import pytest

from inbox.channels import intervals
from inbox.settings import Pace
from tests.fixtures.app import START

PACE = Pace()


@pytest.mark.parametrize(
    ("name", "seconds_ago", "expected"),
    [
        ("mentions", None, 60),
        ("mentions", 0, 15),
        ("mentions", 600, 15),
        ("mentions", 601, 60),
        ("direct", 30, 15),
        ("comments:post-1", 0, 120),
        ("comments:post-1", None, 120),
    ],
)
def test_e4_15_s_while_lively_60_s_otherwise_2_min_for_comments(
    name: str, seconds_ago: float | None, expected: float
) -> None:
    last = None if seconds_ago is None else START - timedelta(seconds=seconds_ago)
    assert intervals.interval_seconds(name, last, START, PACE) == expected


def test_failures_wait_longer_and_two_minutes_at_most() -> None:
    assert [intervals.after_failure_seconds(count, PACE) for count in (1, 2, 3, 4, 50)] == [15, 30, 60, 120, 120]


def test_e4_a_post_is_followed_14_days_and_7_after_its_last_comment() -> None:
    day = timedelta(days=1)
    assert intervals.comment_stream_ends_at(START, None, PACE) == START + 14 * day
    assert intervals.comment_stream_ends_at(START, START + 3 * day, PACE) == START + 14 * day
    assert intervals.comment_stream_ends_at(START, START + 13 * day, PACE) == START + 20 * day


def test_a_channel_is_oddly_quiet_only_beyond_three_times_its_own_longest_silence() -> None:
    hour = 3600.0
    assert not intervals.is_oddly_quiet(100 * hour, None, PACE)
    assert not intervals.is_oddly_quiet(5 * hour, 0.1 * hour, PACE)
    assert intervals.is_oddly_quiet(6.1 * hour, 0.1 * hour, PACE)
    assert not intervals.is_oddly_quiet(29 * hour, 10 * hour, PACE)
    assert intervals.is_oddly_quiet(31 * hour, 10 * hour, PACE)


def test_a_habit_fades_slowly_and_grows_at_once() -> None:
    assert intervals.usual_gap_seconds(None, 50) == 50
    assert intervals.usual_gap_seconds(100, 500) == 500
    assert intervals.usual_gap_seconds(100, 1) == pytest.approx(98)
