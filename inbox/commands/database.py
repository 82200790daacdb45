"""`relevo db`: brings the database to the form that this version wants."""

import click


@click.group("db")
def database() -> None:
    """Look after the database."""


@database.command()
def upgrade() -> None:
    """Apply the migrations that this database has not seen yet."""
    from inbox import create_app, schema

    schema.upgrade(create_app(busy_seconds=30))
