"""Fills an empty database in bulk: indexes come after the rows, and nothing is checked that was made to fit."""

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from tests.bench import conversations, texts, timers
from tests.bench.conversations import TEXTS, YEARS, Span
from tests.bench.crowd import SHAPES, Chunk, make_brand
from tests.bench.shapes import Shape, postgresql_time, sqlite_time
from tests.bench.threads import make_long_threads


def fill_sqlite(path: Path, size: int) -> None:
    """Fill a migrated file with `size` conversations."""
    link = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "journal_mode=OFF",
        "synchronous=OFF",
        "foreign_keys=OFF",
        "cache_size=-400000",
        "temp_store=MEMORY",
    ):
        link.execute(f"PRAGMA {pragma}")
    now, span = _now(), Span(size, conversations.now_ms(), _sqlite_ms)
    indexes = link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    link.execute("BEGIN")
    for name, _ in indexes:
        link.execute(f'DROP INDEX "{name}"')
    _insert(link, make_brand(sqlite_time(now - YEARS)))
    link.execute("CREATE TEMP TABLE words (id INTEGER PRIMARY KEY, question TEXT, answer TEXT, payload BLOB)")
    link.executemany("INSERT INTO words VALUES (?, ?, ?, ?)", _words())
    link.execute(f"CREATE TEMP TABLE plan AS {conversations.make_plan(span)}")
    for one in (*conversations.list_inserts(span), timers.list_timers(span)):
        link.execute(SHAPES[one.table].insert(one.columns, one.source))
    _insert(link, make_long_threads(size, now, sqlite_time))
    for _, statement in indexes:
        link.execute(statement)
    link.execute("COMMIT")
    link.execute("ANALYZE")
    link.execute("PRAGMA journal_mode=WAL")
    link.close()


def _sqlite_ms(ms: str) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%f', ({ms}) / 1000.0, 'unixepoch') || '000'"


def _insert(link: sqlite3.Connection, chunk: Chunk) -> None:
    for table, rows in chunk.items():
        marks = ", ".join("?" * len(SHAPES[table].columns))
        link.executemany(f'INSERT INTO "{table}" ({_columns(SHAPES[table])}) VALUES ({marks})', rows)


def _columns(shape: Shape) -> str:
    return ", ".join(f'"{name}"' for name in shape.columns)


def fill_postgresql(address: str, size: int) -> None:
    """Fill a migrated database with `size` conversations; `address` is libpq's, of a superuser."""
    now, span = _now(), Span(size, conversations.now_ms(), _postgresql_ms)
    with psycopg.connect(address, autocommit=True) as link:
        for setting in ("maintenance_work_mem = '512MB'", "work_mem = '256MB'", "synchronous_commit = off"):
            link.execute(f"SET {setting}".encode())
        link.execute("SET session_replication_role = replica")  # foreign keys are not asked one by one
        indexes = link.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        ).fetchall()
        for name, _ in indexes:
            link.execute(f"DROP INDEX {name}".encode())
        _copy(link, make_brand(postgresql_time(now - YEARS)))
        link.execute("CREATE TEMP TABLE words (id int PRIMARY KEY, question text, answer text, payload bytea)")
        link.cursor().executemany("INSERT INTO words VALUES (%s, %s, %s, %s)", _words())
        link.execute(f"CREATE TEMP TABLE plan AS {conversations.make_plan(span)}".encode())
        link.execute("ANALYZE plan")
        for one in (*conversations.list_inserts(span), timers.list_timers(span)):
            link.execute(SHAPES[one.table].insert(one.columns, one.source).encode())
        _copy(link, make_long_threads(size, now, postgresql_time))
        for _, statement in indexes:
            link.execute(statement.encode())
        _move_sequences(link)
        link.execute("VACUUM ANALYZE")
        link.execute("CHECKPOINT")


def _postgresql_ms(ms: str) -> str:
    return f"to_timestamp(({ms}) / 1000.0)"


def _copy(link: psycopg.Connection[tuple[object, ...]], chunk: Chunk) -> None:
    for table, rows in chunk.items():
        words = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, SHAPES[table].columns))
        )
        with link.cursor().copy(words) as copy:
            for row in rows:
                copy.write_row(row)


def _move_sequences(link: psycopg.Connection[tuple[object, ...]]) -> None:
    """Let the next row of each table get an id above those that were given here."""
    for table, shape in SHAPES.items():
        if "id" in shape.columns:
            words = "SELECT setval(pg_get_serial_sequence({0}, 'id'), coalesce(max(id), 0) + 1, false) FROM {1}"
            name = sql.Identifier(table)
            link.execute(sql.SQL(words).format(sql.Literal(name.as_string(link)), name))


def _words() -> Iterator[tuple[int, str, str, bytes]]:
    """Yield texts of both kinds, and bytes that are as long as a packed payload and as hard to pack again."""
    chance, answers = random.Random(4), texts.make_answers()
    for id_, question in enumerate(texts.make_questions(TEXTS)):
        yield id_, question, answers[id_ % len(answers)], chance.randbytes(420)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
