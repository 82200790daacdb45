"""The form of the database: brings it to what this version wants, or back (Alembic, through Flask-Migrate).

Imported only by who migrates: pages and workers would carry ten megabytes for it.
"""

from pathlib import Path

import flask_migrate
from flask import Flask

from inbox.database import db

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(app: Flask) -> None:
    """Apply the migrations that the application's database has not seen yet."""
    with _prepared(app).app_context():
        flask_migrate.upgrade()


def downgrade(app: Flask, revision: str) -> None:
    """Take back the migrations after `revision`; "base": all."""
    with _prepared(app).app_context():
        flask_migrate.downgrade(revision=revision)


def _prepared(app: Flask) -> Flask:
    if "migrate" not in app.extensions:
        flask_migrate.Migrate(app, db, directory=str(_FOLDER), render_as_batch=True)
    return app
