"""The platforms' state in DIR/sandbox.sqlite: one connection, one lock, and a journal that feeds the ledger.

State and ledger are two files, so one commit can't cover both when the process is killed. What the ledger must hear
is therefore written to `journal` in the same transaction as the state and copied afterwards, at the latest at the
next start.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.ledger import Ledger

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS journal (n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS person (
    personality TEXT NOT NULL, id TEXT NOT NULL, handle TEXT NOT NULL, name TEXT NOT NULL, is_ours INTEGER NOT NULL,
    made_at REAL NOT NULL, PRIMARY KEY (personality, id), UNIQUE (personality, handle));
CREATE TABLE IF NOT EXISTS item (
    personality TEXT NOT NULL, id TEXT NOT NULL, n INTEGER NOT NULL, short_id TEXT NOT NULL, kind TEXT NOT NULL,
    author_id TEXT NOT NULL, parent_id TEXT, thread_id TEXT NOT NULL, post_id TEXT, text TEXT NOT NULL,
    audience TEXT NOT NULL, recipients TEXT NOT NULL, pictures TEXT NOT NULL, authored_at REAL NOT NULL,
    arrived_at REAL NOT NULL, published_at REAL NOT NULL, visible_at REAL NOT NULL, edited_at REAL, deleted_at REAL,
    version_no INTEGER NOT NULL, is_ours INTEGER NOT NULL, is_accepted INTEGER NOT NULL, is_hidden INTEGER NOT NULL,
    is_liked INTEGER NOT NULL, is_faceless INTEGER NOT NULL, can_be_looked_up INTEGER NOT NULL,
    tags_us INTEGER NOT NULL, PRIMARY KEY (personality, id));
CREATE UNIQUE INDEX IF NOT EXISTS item_short ON item(personality, short_id);
CREATE INDEX IF NOT EXISTS item_thread ON item(personality, thread_id);
CREATE INDEX IF NOT EXISTS item_post ON item(personality, post_id);
CREATE INDEX IF NOT EXISTS item_parent ON item(personality, parent_id);
CREATE INDEX IF NOT EXISTS item_author ON item(personality, author_id, n);
CREATE INDEX IF NOT EXISTS item_kind ON item(personality, kind, n);
CREATE TABLE IF NOT EXISTS version (
    personality TEXT NOT NULL, item_id TEXT NOT NULL, version_no INTEGER NOT NULL, text TEXT NOT NULL,
    pictures TEXT NOT NULL, told_at REAL NOT NULL, PRIMARY KEY (personality, item_id, version_no));
CREATE TABLE IF NOT EXISTS notification (
    n INTEGER PRIMARY KEY, type TEXT NOT NULL, item_id TEXT, person_id TEXT NOT NULL, told_at REAL NOT NULL,
    visible_at REAL NOT NULL, is_filtered INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS notification_item ON notification(item_id);
CREATE TABLE IF NOT EXISTS conversation (
    id TEXT PRIMARY KEY, n INTEGER NOT NULL, person_id TEXT NOT NULL UNIQUE,
    unread INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS private_reply (item_id TEXT PRIMARY KEY, message_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS remembered_key (
    key TEXT PRIMARY KEY, item_id TEXT NOT NULL, kept_until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, personality TEXT NOT NULL, kind TEXT NOT NULL, left_over INTEGER,
    until REAL, params TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS push_event (
    n INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, due_at REAL NOT NULL, made_at REAL NOT NULL,
    attempts INTEGER NOT NULL, delivered_at REAL, dropped_at REAL, last_error TEXT);
CREATE TABLE IF NOT EXISTS planned (
    n INTEGER PRIMARY KEY AUTOINCREMENT, due_at REAL NOT NULL, personality TEXT NOT NULL, deed TEXT NOT NULL,
    params TEXT NOT NULL);
"""


class Store:
    """All state of both personalities; every method takes the one lock, which may be taken again by its holder."""

    def __init__(self, path: Path, ledger: Ledger) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._ledger = ledger
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        ledger.drain(self._db)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the ledger hears of it before the lock is given back."""
        with self._lock:
            if self._depth:
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
                return
            self._depth = 1
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth = 0
            self._ledger.drain(self._db)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keeps the state still while several reads make one answer."""
        with self._lock:
            yield

    def run(self, sql: str, *values: Any) -> None:
        """One statement that changes something."""
        with self._lock:
            self._db.execute(sql, values)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a question."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a question, or None."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def insert(self, table: str, row: Mapping[str, Any]) -> int:
        """Adds one row; gives its rowid."""
        columns: Sequence[str] = list(row)
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        with self._lock:
            return int(self._db.execute(sql, list(row.values())).lastrowid or 0)

    def next_number(self, name: str) -> int:
        """The next number of a row of numbers; never given twice once committed."""
        with self._lock:
            self._db.execute("INSERT INTO sequence VALUES (?, 0) ON CONFLICT DO NOTHING", (name,))
            found = self._db.execute("UPDATE sequence SET n = n + 1 WHERE name = ? RETURNING n", (name,)).fetchall()
            return int(found[0][0])

    def tell_ledger(self, kind: str, row: Mapping[str, Any]) -> None:
        """Adds a row for one of the ledger's tables; call inside a transaction."""
        self.insert("journal", {"kind": kind, "body": json.dumps(row)})

    def setting(self, name: str) -> str | None:
        """A kept value, or None."""
        row = self.row("SELECT value FROM setting WHERE name = ?", name)
        return None if row is None else str(row["value"])

    def keep_setting(self, name: str, value: str) -> None:
        """Keeps a value across restarts."""
        self.run(
            "INSERT INTO setting VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", name, value
        )

    def close(self) -> None:
        """Waits for what is being written, then closes."""
        with self._lock:
            self._db.close()
