"""Where a conversation stands in the queue."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inbox.conversations.ordering import MIRROR, queue_at
from tests.fixtures.app import START

times = st.integers(min_value=-(10**9), max_value=10**9).map(lambda seconds: START + timedelta(seconds=seconds))


@given(times, times, times)
def test_whoever_waits_comes_before_whoever_does_not(
    waiting_since: datetime, last: datetime, other_last: datetime
) -> None:
    assert queue_at(waiting_since, last) < MIRROR < queue_at(None, other_last)


@given(times, times)
def test_their_turn_is_newest_first(one: datetime, other: datetime) -> None:
    assert (queue_at(None, one) < queue_at(None, other)) == (one > other)


def test_longest_waiting_first() -> None:
    early, late = START, START + timedelta(minutes=1)
    assert queue_at(early, late) < queue_at(late, early)
