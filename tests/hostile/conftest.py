"""A platform behind the pages, and errors that are answered as in production."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.factories.fake_platform import FakePlatform
from tests.fixtures.app import MovingClock


@pytest.fixture
def connected(app: Flask, platform: FakePlatform, moving_clock: MovingClock) -> Iterator[None]:
    app.extensions["relevo_connect"] = platform.connect
    yield
    del app.extensions["relevo_connect"]


@pytest.fixture
def as_in_production(app: Flask) -> Iterator[None]:
    """Errors are answered, not raised into the test."""
    app.testing = False
    yield
    app.testing = True
