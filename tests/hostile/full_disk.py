"""A disk that is full: writing statements fail from the n-th on, as each database says it, until there is room."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

_WRITING = ("INSERT", "UPDATE", "DELETE", "COPY", "WITH PICKED")
_SAID = "database or disk is full"


@dataclass
class Disk:
    """Counts writing statements and commits; those from `room` on fail, all of them or one alone."""

    room: int
    is_lasting: bool
    count: int = 0
    statements: list[str] = field(default_factory=list)  # what was written, or would have been, in its order

    @property
    def was_full(self) -> bool:
        """Whether anything failed."""
        return self.count >= self.room

    def takes(self) -> bool:
        """Count one write; tells whether it finds room."""
        self.count += 1
        return self.count < self.room if self.is_lasting else self.count != self.room


@contextmanager
def full_disk(engine: Engine, room: int, *, is_lasting: bool) -> Iterator[Disk]:
    """Let the `room`-th writing statement or commit of this engine fail, and all that follow if it is lasting."""
    disk = Disk(room, is_lasting)

    def write(_connection: Connection, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(_WRITING):
            disk.statements.append(statement)
            if not disk.takes():
                _fail(engine, cursor)

    def commit(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        if _has_written(connection, raw) and not disk.takes():
            raw.rollback()  # as SQLAlchemy does after a COMMIT that fails
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError(_SAID))

    listeners: list[tuple[str, Callable[..., Any]]] = [
        # before the cursor, and not where the statement is done: a COPY is done by a listener of the product's own
        ("before_cursor_execute", write),
        ("commit", commit),
    ]
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield disk
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)


def _fail(engine: Engine, cursor: Any) -> None:
    """Fail as the database would: the transaction is lost with the statement."""
    if engine.dialect.name == "postgresql":
        cursor.execute("DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file'; END $$")
    if cursor.connection.in_transaction:
        cursor.connection.execute("ROLLBACK")
    raise sqlite3.OperationalError(_SAID)


def _has_written(connection: Connection, raw: Any) -> bool:
    if connection.dialect.name == "postgresql":
        return bool(raw.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL").fetchone()[0])
    return bool(raw.execute("PRAGMA query_only").fetchone()[0] == 0)
