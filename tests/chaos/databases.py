"""The database of a run: SQLite's file or a PostgreSQL of its own, and what the run itself asks of it."""

import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from launcher.postgres_server import PostgresServer
from tests.chaos.processes import family_of, send


@dataclass
class Database:
    """Where the product keeps everything; `rows` may be asked from the main thread."""

    kind: str
    url: str
    folder: Path
    server: PostgresServer | None = None
    _engine: Engine | None = field(default=None, repr=False)

    @classmethod
    def make(cls, kind: str, folder: Path) -> "Database":
        """Make an empty one."""
        if kind == "sqlite":
            return cls(kind, f"sqlite:///{folder / 'relevo.sqlite'}", folder)
        server = PostgresServer(folder / "postgres")
        return cls(kind, server.url(), folder, server)

    def rows(self, sql: str, **values: Any) -> Sequence[Any]:
        """Return the rows of a question; none while the database can't be asked."""
        try:
            with self._open().connect() as connection:
                return connection.execute(text(sql), values).all()
        except SQLAlchemyError:
            return []

    def number(self, sql: str, **values: Any) -> int:
        """Return the one number of a question; 0 while the database can't be asked."""
        found = self.rows(sql, **values)
        return int(found[0][0] or 0) if found else 0

    def change(self, sql: str, **values: Any) -> None:
        """Change what the product reads, before it does."""
        with self._open().begin() as connection:
            connection.execute(text(sql), values)

    def kill(self) -> None:
        """Stop the server hard; SQLite has none."""
        if self.server is None:
            return
        self._forget()
        for pid in family_of(self.server.process.pid):
            send(pid, signal.SIGKILL)
        self.server.process.wait()

    def start(self) -> None:
        """Start the server again in its folder, and wait until it has recovered."""
        if self.server is None:
            return
        (self.folder / "postgres" / "data" / "postmaster.pid").unlink(missing_ok=True)
        self.server = PostgresServer(self.folder / "postgres")
        deadline = time.monotonic() + 60
        while not self.rows("SELECT 1"):
            if time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not recover")
            time.sleep(0.1)

    def is_held(self) -> bool:
        """Tell whether somebody keeps the whole database from being written for longer than a moment (SQLite)."""
        if self.server is not None:
            return False
        with closing(sqlite3.connect(self.folder / "relevo.sqlite", timeout=0.25, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return True
        return False

    def check_integrity(self) -> list[str]:
        """Return what SQLite says is broken in its file; for PostgreSQL nothing is asked."""
        if self.server is not None:
            return []
        with sqlite3.connect(self.folder / "relevo.sqlite") as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            found += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
        return [] if found == ["ok"] else [line for line in found if line != "ok"]

    def stop(self) -> None:
        """End the server; what it kept stays in the run's folder."""
        self._forget()
        if self.server is not None:
            self.server.end()

    def _open(self) -> Engine:
        if self._engine is None:
            options = {"connect_args": {"timeout": 5}} if self.kind == "sqlite" else {"pool_pre_ping": True}
            self._engine = create_engine(self.url, **options)
        return self._engine

    def _forget(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
