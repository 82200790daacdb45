"""Migrations make the tables that the models describe, and can be taken back, on both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

from inbox import create_app
from inbox.database import db
from inbox.tables import METADATA
from tests.fixtures.app import make_settings


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_app(
    request: pytest.FixtureRequest, fresh_folder: Path, make_postgres_database: Callable[[str], str]
) -> Flask:
    """Return an application on an empty database of each kind."""
    url = f"sqlite:///{fresh_folder / 'empty.sqlite'}"
    if request.param == "postgresql":
        url = make_postgres_database("migrations")
    return create_app(make_settings(url, fresh_folder))


def test_migrations_make_what_the_models_describe(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            differences = compare_metadata(context, METADATA)
        db.engine.dispose()
    assert differences == []


def test_migrations_can_be_taken_back_and_applied_again(empty_app: Flask) -> None:
    with empty_app.app_context():
        upgrade()
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert set(METADATA.tables) <= set(inspect(db.engine).get_table_names())
        db.engine.dispose()
