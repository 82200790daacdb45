"""How Alembic reaches the application's database and models."""

from typing import Any, Literal

from alembic import context
from flask import current_app

from inbox.database import UtcDateTime, db
from inbox.tables import METADATA


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our time as the plain column that it is: a migration must not depend on code that changes."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Apply migrations over the application's own engine, one transaction for each."""
    options = current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=METADATA,
            transaction_per_migration=True,
            render_item=_render,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
