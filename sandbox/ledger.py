"""The record that a judge compares with what was taken in and sent: every version published, every reply accepted.

DIR/ledger.sqlite, apart from the state, append only (triggers refuse UPDATE and DELETE). All times are seconds since
1970 in UTC, by this machine's true clock, unless a column says "told": told times are what the platform's answers
say and contain its skew. `personality` is feed or pages.

message_version  one row per version of a message or post, by anyone.
    personality, item_id   the id in answers (pages: comments as `post_comment`)
    version_no             1 when published, +1 for each edit
    kind                   post, status, comment, visitor_post, direct
    author_id, is_ours     account or page-scoped id; 1 when our own brand wrote it
    is_through_api         1 when an API call made it (then `accepted` has it too), 0 when fans or the native app did
    parent_id, thread_id, post_id, audience (public, unlisted, private, direct), mentions_us (0/1)
    text, text_hash (sha256 of the text, hex), pictures (JSON list of picture ids), recipients (JSON list of ids)
    told_authored_at, told_arrived_at (feed: the notification's created_at; NULL where no answer tells it)
    skew_seconds           told = true + skew when it was written
    published_at           when the platform had it;  visible_at: from when answers may carry it
removal          personality, item_id, removed_at, removed_by (author, brand, api, platform)
accepted         one row per reply or message that the platform accepted through its API.
    accepted_no, personality, item_id, wanted_parent_id (asked for), parent_id (where it was put), audience,
    recipients, text, idempotency_key, accepted_at, visible_at
repeated         personality, idempotency_key, item_id, repeated_at: a known key came again, nothing was posted
request          request_no, personality, begun_at, method, path, query (without tokens), status, fault (kind or NULL),
                 is_delivered (0, with status 599: the connection was closed on purpose before the answer)
carried          request_no, personality, item_id, version_no, is_intact (0: the answer was spoilt on purpose), at
touch            personality, item_id, what (like, unlike, hide, unhide), touched_at, is_through_api
fault            fault_id, personality, kind, params (JSON), changed_at, change (added, cleared)
drained          mark: how far the store's journal has been copied (see database.py)

A row of `carried` is written before the answer leaves, so what a client has read is always in it; a process killed
in between leaves a row for an answer that nobody got.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

TABLES: dict[str, tuple[str, ...]] = {
    "message_version": (
        "personality",
        "item_id",
        "version_no",
        "kind",
        "author_id",
        "is_ours",
        "is_through_api",
        "parent_id",
        "thread_id",
        "post_id",
        "audience",
        "mentions_us",
        "text",
        "text_hash",
        "pictures",
        "recipients",
        "told_authored_at",
        "told_arrived_at",
        "skew_seconds",
        "published_at",
        "visible_at",
    ),
    "removal": ("personality", "item_id", "removed_at", "removed_by"),
    "accepted": (
        "personality",
        "item_id",
        "wanted_parent_id",
        "parent_id",
        "audience",
        "recipients",
        "text",
        "idempotency_key",
        "accepted_at",
        "visible_at",
    ),
    "repeated": ("personality", "idempotency_key", "item_id", "repeated_at"),
    "touch": ("personality", "item_id", "what", "touched_at", "is_through_api"),
    "fault": ("fault_id", "personality", "kind", "params", "changed_at", "change"),
    "request": ("personality", "begun_at", "method", "path", "query", "status", "fault", "is_delivered"),
    "carried": ("request_no", "personality", "item_id", "version_no", "is_intact", "at"),
    "drained": ("mark",),
}
NUMBERED = {"accepted": "accepted_no", "request": "request_no"}
INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS version_key ON message_version(personality, item_id, version_no)",
    "CREATE INDEX IF NOT EXISTS carried_item ON carried(personality, item_id)",
)


class Ledger:
    """The append-only file; one connection behind one lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        # kill -9 of this process loses nothing with NORMAL: the pages are the kernel's already
        self._db.execute("PRAGMA synchronous=NORMAL")
        for table, columns in TABLES.items():
            first = f"{NUMBERED[table]} INTEGER PRIMARY KEY AUTOINCREMENT, " if table in NUMBERED else ""
            self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({first}{', '.join(columns)})")
            for deed in ("UPDATE", "DELETE"):
                self._db.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                    "BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END"
                )
        for index in INDEXES:
            self._db.execute(index)

    def drain(self, store: sqlite3.Connection) -> None:
        """Copies what the store's journal has and the ledger has not, in order and once each."""
        with self._lock:
            mark = self._db.execute("SELECT coalesce(max(mark), 0) FROM drained").fetchone()[0]
            rows = store.execute("SELECT n, kind, body FROM journal WHERE n > ? ORDER BY n", (mark,)).fetchall()
            if rows:
                self._db.execute("BEGIN IMMEDIATE")
                for row in rows:
                    self._insert(row[1], json.loads(row[2]))
                self._insert("drained", {"mark": rows[-1][0]})
                self._db.execute("COMMIT")
                mark = rows[-1][0]
        store.execute("DELETE FROM journal WHERE n <= ?", (mark,))

    def record_request(
        self, personality: str, request: Mapping[str, Any], carried: Iterable[tuple[str, int]], is_intact: bool
    ) -> int:
        """One request with the versions that its answer carried; gives the request's number."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            number = self._insert("request", {"personality": personality, **request})
            now = time.time()
            self._db.executemany(
                "INSERT INTO carried VALUES (?, ?, ?, ?, ?, ?)",
                [(number, personality, item, version, int(is_intact), now) for item, version in carried],
            )
            self._db.execute("COMMIT")
        return number

    def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """All rows of a question."""
        with self._lock:
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def close(self) -> None:
        """Closes the file; what was recorded is on it."""
        with self._lock:
            self._db.close()

    def _insert(self, table: str, row: Mapping[str, Any]) -> int:
        columns = [column for column in TABLES[table] if column in row]
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        return int(self._db.execute(sql, [row[column] for column in columns]).lastrowid or 0)
