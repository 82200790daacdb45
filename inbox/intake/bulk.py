"""Many rows in one statement, on both databases."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Insert, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

Rows = Sequence[dict[str, Any]]


def table_of(model: Any) -> Table:
    """Return the table behind a model, for statements that make no objects."""
    table: Table = model.__table__
    return table


def insert_missing(session: Session, model: Any, rows: Rows, *returned: Column[Any]) -> list[Row[Any]]:
    """Insert those rows that no unique constraint stands against; sort them by their key beforehand.

    Returns `returned` of the rows that were inserted, in no order.
    """
    if not rows:
        return []
    statement = _insert(session, table_of(model)).on_conflict_do_nothing()
    return _run(session, statement, rows, returned)


def insert_all(session: Session, model: Any, rows: Rows, *returned: Column[Any]) -> list[Row[Any]]:
    """Insert rows; raises IntegrityError where one is there already. Returns `returned`, in no order."""
    if not rows:
        return []
    return _run(session, table_of(model).insert(), rows, returned)


def _insert(session: Session, table: Table) -> Any:
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def _run(session: Session, statement: Insert, rows: Rows, returned: Iterable[Column[Any]]) -> list[Row[Any]]:
    columns = tuple(returned)
    if columns:
        return list(session.execute(statement.returning(*columns), rows).all())
    session.execute(statement, rows)
    return []
