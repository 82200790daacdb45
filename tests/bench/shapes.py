"""Rows as the databases take them in bulk: plain values in the order of a table's columns."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table

Row = Sequence[Any]


class Shape:
    """A table's columns and what a row has where nothing is said."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = [column.name for column in table.columns]
        self._plain = {column.name: _default(column) for column in table.columns}

    def row(self, **given: Any) -> Row:
        """Return one row; lists and dicts are given as JSON, times as text, booleans as 0 and 1."""
        return [given.get(name, plain) for name, plain in self._plain.items()]

    def insert(self, columns: Mapping[str, str], source: str) -> str:
        """Return an INSERT of what a SELECT yields; columns that are not named get their default."""
        plain = {name: _literal(value) for name, value in self._plain.items() if value is not None}
        booleans = {name for name, value in self._plain.items() if isinstance(value, bool)}
        plain |= {name: str(bool(self._plain[name])).lower() for name in booleans}
        whole = plain | dict(columns)
        names = ", ".join(f'"{name}"' for name in whole)
        return f'INSERT INTO "{self.table.name}" ({names}) SELECT {", ".join(whole.values())} FROM {source}'


def sqlite_time(at: datetime) -> str:
    """Write a naive UTC time as SQLAlchemy does on SQLite."""
    return at.isoformat(" ", "microseconds")


def postgresql_time(at: datetime) -> str:
    """Write a naive UTC time as PostgreSQL reads it, whatever its zone."""
    return at.isoformat(" ") + "+00"


def _default(column: Any) -> Any:
    if column.default is None:
        return None
    value = column.default.arg
    if callable(value):
        value = value(None)
    return json.dumps(value) if isinstance(value, list | dict) else value


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
