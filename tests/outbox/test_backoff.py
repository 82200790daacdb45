"""When the next try and the next look are due: tables."""

from datetime import UTC, datetime, timedelta

import pytest

from inbox.outbox.backoff import is_absence_proved, is_late, next_look_at, next_try_at
from inbox.settings import Pace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LOOKS = Pace().look_seconds


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize(("count", "seconds"), [(0, 5), (1, 30), (2, 120), (3, 300)])
def test_looks_are_made_after_5_s_30_s_2_min_and_5_min(count: int, seconds: float) -> None:
    assert next_look_at(NOW, count, LOOKS, NOW) == after(seconds)


def test_there_is_no_fifth_look() -> None:
    assert next_look_at(NOW, 4, LOOKS, NOW) is None


def test_a_look_is_never_due_in_the_past() -> None:
    assert next_look_at(NOW, 1, LOOKS, after(1000)) == after(1000)


@pytest.mark.parametrize(("count", "seconds"), [(0, 15), (1, 15), (2, 30), (3, 60), (4, 120), (20, 120)])
def test_tries_double_up_to_the_longest(count: int, seconds: float) -> None:
    assert next_try_at(NOW, count, 15, 120) == after(seconds)


@pytest.mark.parametrize(("seconds", "late"), [(0, False), (900, False), (900.1, True)])
def test_late_is_more_than_15_minutes(seconds: float, late: bool) -> None:
    assert is_late(NOW, after(seconds), Pace().leave_late_seconds) is late


@pytest.mark.parametrize(
    ("first", "at", "lag", "proved"),
    [
        (0, 120, 30, True),
        (0, 119, 30, False),  # not yet 120 s apart
        (0, 300, None, False),  # the connector promises nothing
        (0, 300, 120, False),  # its lag is not below 120 s
        (0, 300, 119, True),
        (None, 300, 30, False),  # the first absence
    ],
)
def test_two_absences_prove_something_only_where_the_connector_says_so(
    first: float | None, at: float, lag: float | None, proved: bool
) -> None:
    started = None if first is None else after(first)
    assert is_absence_proved(started, after(at), Pace().absent_apart_seconds, lag) is proved
