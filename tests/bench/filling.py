"""Fills an empty database in bulk: indexes come after the rows, and nothing is checked that was made to fit."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from tests.bench.crowd import Chunk, Crowd
from tests.bench.shapes import Shape, postgresql_time, sqlite_time
from tests.bench.threads import add_long_threads


def fill_sqlite(path: Path, size: int) -> None:
    """Fill a migrated file with `size` conversations."""
    link = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"):
        link.execute(f"PRAGMA {pragma}")
    crowd = Crowd(size, _now(), sqlite_time)
    indexes = link.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    link.execute("BEGIN")
    for name, _ in indexes:
        link.execute(f'DROP INDEX "{name}"')
    for chunk in crowd.chunks():
        _insert(link, crowd.shapes, chunk)
    _insert(link, crowd.shapes, add_long_threads(crowd))
    for _, statement in indexes:
        link.execute(statement)
    link.execute("COMMIT")
    link.execute("ANALYZE")
    link.execute("PRAGMA journal_mode=WAL")
    link.close()


def _insert(link: sqlite3.Connection, shapes: dict[str, Shape], chunk: Chunk) -> None:
    for table, rows in chunk.items():
        marks = ", ".join("?" * len(shapes[table].columns))
        link.executemany(f'INSERT INTO "{table}" ({_columns(shapes[table])}) VALUES ({marks})', rows)


def _columns(shape: Shape) -> str:
    return ", ".join(f'"{name}"' for name in shape.columns)


def fill_postgresql(address: str, size: int) -> None:
    """Fill a migrated database with `size` conversations; `address` is libpq's, of a superuser."""
    with psycopg.connect(address, autocommit=True) as link:
        link.execute("SET maintenance_work_mem = '512MB'")
        link.execute("SET synchronous_commit = off")
        link.execute("SET session_replication_role = replica")  # foreign keys are not asked one by one
        indexes = link.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
        ).fetchall()
        for name, _ in indexes:
            link.execute(f"DROP INDEX {name}".encode())
        crowd = Crowd(size, _now(), postgresql_time)
        for chunk in crowd.chunks():
            _copy(link, crowd.shapes, chunk)
        _copy(link, crowd.shapes, add_long_threads(crowd))
        for _, statement in indexes:
            link.execute(statement.encode())
        _move_sequences(link, crowd.shapes)
        link.execute("VACUUM ANALYZE")
        link.execute("CHECKPOINT")


def _copy(link: psycopg.Connection[tuple[object, ...]], shapes: dict[str, Shape], chunk: Chunk) -> None:
    for table, rows in chunk.items():
        words = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, shapes[table].columns))
        )
        with link.cursor().copy(words) as copy:
            for row in rows:
                copy.write_row(row)


def _move_sequences(link: psycopg.Connection[tuple[object, ...]], shapes: dict[str, Shape]) -> None:
    """Let the next row of each table get an id above those that were given here."""
    for table, shape in shapes.items():
        if "id" in shape.columns:
            words = "SELECT setval(pg_get_serial_sequence({0}, 'id'), coalesce(max(id), 0) + 1, false) FROM {1}"
            name = sql.Identifier(table)
            link.execute(sql.SQL(words).format(sql.Literal(name.as_string(link)), name))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
