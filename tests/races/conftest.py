"""What races begin with: the engine, for threads that have no application context."""

import pytest
from flask import Flask
from sqlalchemy import Engine

from inbox.database import db


@pytest.fixture
def engine(app: Flask) -> Engine:
    """Return the engine of the database that this test runs on."""
    with app.app_context():
        return db.engine
