"""A disk that is full: writes fail from the n-th on, as each database says it, or where SQLite may not grow."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, event
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


@contextmanager
def limited(engine: Engine, spare: int, refused: list[str]) -> Iterator[None]:
    """Let SQLite itself refuse to grow its file by more than `spare` pages; `refused` is told what it did not write.

    There is no free page to begin with: what is deleted leaves some, and those would be used first.
    """

    def limit(raw: Any, _record: object) -> None:
        raw.execute(f"PRAGMA max_page_count={most}")  # each connection has its own

    def note(context: ExceptionContext) -> None:
        if _SAID in str(context.original_exception):
            refused.append(context.statement or "COMMIT")

    engine.dispose()
    raw = sqlite3.connect(engine.url.database or "", isolation_level=None)
    raw.execute("VACUUM")
    most = raw.execute("PRAGMA page_count").fetchone()[0] + spare
    raw.close()
    event.listen(engine, "connect", limit)
    event.listen(engine, "handle_error", note)
    try:
        yield
    finally:
        event.remove(engine, "connect", limit)
        event.remove(engine, "handle_error", note)
        engine.dispose()


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
