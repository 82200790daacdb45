"""Rows as the databases take them in bulk: plain values in the order of a table's columns."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table

Row = Sequence[Any]


class Shape:
    """A table's columns and what a row has where nothing is said."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.columns = [column.name for column in table.columns]
        self._places = {name: place for place, name in enumerate(self.columns)}
        self._plain = [_default(column) for column in table.columns]

    def row(self, **given: Any) -> Row:
        """Return one row; lists and dicts are given as JSON, times as text."""
        made = self._plain.copy()
        for name, value in given.items():
            made[self._places[name]] = value
        return made


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
    if isinstance(value, list | dict):
        return json.dumps(value)
    return int(value) if isinstance(value, bool) else value
