"""What `relevo test` comes to when it runs in parts."""

import pytest

from inbox.commands.checking import NO_TESTS, worst


@pytest.mark.parametrize(
    ("codes", "comes_to"),
    [([0, 0], 0), ([1, 0], 1), ([0, 1], 1), ([0, NO_TESTS], 0), ([NO_TESTS, 2], 2), ([NO_TESTS, NO_TESTS], NO_TESTS)],
)
def test_one_failure_is_enough_and_nothing_run_is_not_green(codes: list[int], comes_to: int) -> None:
    assert worst(codes) == comes_to
