"""What escalation's tests begin with: a clock that they move."""

import pytest

from tests.fixtures.app import MovingClock


@pytest.fixture(autouse=True)
def noon(moving_clock: MovingClock) -> None:
    """Let the clock stand at noon, when nobody sleeps."""
