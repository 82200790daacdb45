"""What escalation's tests begin with: keys for what is sealed, and a clock that they move."""

import pytest
from flask import Flask

from inbox.notifications import sealing
from tests.fixtures.app import MovingClock


@pytest.fixture(autouse=True)
def keys(app: Flask, moving_clock: MovingClock) -> None:
    """Seal with the test's key; the clock stands at noon."""
    sealing.set_up(app.config["RELEVO"])
