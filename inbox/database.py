"""The database: our typed base, how each engine is set up, and read-only sessions."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Engine, Index, Integer, MetaData, Text, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column, registry
from sqlalchemy.types import TypeDecorator

Entity = TypeVar("Entity")
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

BigId = BigInteger().with_variant(Integer, "sqlite")

# True while a request or a sweep's first look only reads: then no write lock is taken.
_is_read_only: ContextVar[bool] = ContextVar("is_read_only", default=False)

_READS = "reads_only"  # of a connection's present transaction

# SQLite looks for a free lock after 1, 2, 5, 10 and 15 ms, and then ever more rarely: each time it begins anew.
_ONE_WAIT_MS = 33

# How long `2026-11-26 12:00:00.000000+00:00` is before its zone.
_WITHOUT_ZONE = 26

# The execution option with which a `COPY … FROM STDIN` carries its rows (inbox/bulk.py).
COPIED_ROWS = "copied_rows"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; refuses a naive one, gives an aware one back on both engines."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Hand over UTC, where a time stands in the statement itself."""
        return _utc(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Hand PostgreSQL UTC, and SQLite text of one length, which then sorts; a page of messages has hundreds."""
        return _utc_text if dialect.name == "sqlite" else _utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Give back an aware UTC time, in one step: a page reads hundreds."""
        return _read_text if dialect.name == "sqlite" else _read_time


def _read_text(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(f"{written}+00:00")


def _read_time(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


def _utc(at: datetime | None) -> datetime | None:
    if at is None or at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise ValueError("a time without a zone must not reach the database")
    return at.astimezone(UTC)


@lru_cache(maxsize=1024)  # a message's few times are written into several rows and columns each
def _utc_text(at: datetime | None) -> str | None:
    at = _utc(at)
    return None if at is None else at.isoformat(" ", "microseconds")[:_WITHOUT_ZONE]


_TYPES: dict[Any, Any] = {
    datetime: UtcDateTime(),
    str: Text(),
    dict[str, Any]: JSON(none_as_null=True),
    list[Any]: JSON(none_as_null=True),
}


class Base(DeclarativeBase):
    """What every table shares: names of constraints, types of columns."""

    # Flask-SQLAlchemy derives from this class, which only a ready registry survives.
    registry = registry(metadata=MetaData(naming_convention=NAMES), type_annotation_map=_TYPES)
    metadata = registry.metadata


class WithId:
    """An integer primary key, 64 bits wide on PostgreSQL."""

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)


db = SQLAlchemy(model_class=Base)


def partial_index(name: str, *columns: str, where: str, is_unique: bool = False) -> Index:
    """Return an index of the rows that meet a condition; a query is served by it only if it says or implies that.

    A comparison implies that its column is not NULL. A column that is NULL in nearly every row is indexed so: those
    rows cost nothing to write and nothing to keep.
    """
    return Index(name, *columns, unique=is_unique, sqlite_where=text(where), postgresql_where=text(where))


def shared_alias(model: type[Entity], name: str) -> type[Entity]:
    """Return an alias of a model that belongs to a module, and so to all threads: every column is ready to be used.

    SQLAlchemy finds out what an alias's attribute means when it is first used. Two threads that do so at once may leave
    it wrong for as long as the process lives, and every page that needs it fails.
    """
    alias = aliased(model, name=name)
    for key in sorted(model.__mapper__.columns.keys()):  # type: ignore[attr-defined]  # as every model has
        getattr(alias, key).expression  # noqa: B018  # it is kept by being looked at
    return alias


@contextmanager
def read_only() -> Iterator[None]:
    """Let transactions that begin inside only read; on SQLite they take no write lock."""
    token = _is_read_only.set(True)
    try:
        yield
    finally:
        _is_read_only.reset(token)


def set_read_only(value: bool) -> None:
    """Say for the rest of this request's context whether its transactions only read."""
    _is_read_only.set(value)


def engine_options(database_url: str, busy_seconds: float, most_connections: int = 35) -> dict[str, Any]:
    """Options for `create_engine`; `busy_seconds` is how long SQLite waits for another writer."""
    # An error that reaches a log must not take along what was to be written: strangers' words, hashes of tokens.
    options: dict[str, Any] = {"hide_parameters": True}
    if database_url.startswith("sqlite"):
        return options | {"connect_args": {"timeout": busy_seconds, "check_same_thread": False}}
    pool = {"pool_pre_ping": True, "pool_size": 5, "max_overflow": most_connections - 5, "pool_recycle": 1800}
    # The connection that was given back last is taken first: it is the one that has most statements prepared.
    pool["pool_use_lifo"] = True
    return options | pool


def set_up_engine(engine: Engine, busy_seconds: float) -> None:
    """Register what each new connection and each new transaction needs on this engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connected(busy_seconds))
        event.listen(engine, "begin", _sqlite_begin(busy_seconds))
    else:
        event.listen(engine, "connect", _postgresql_connected)
        event.listen(engine, "begin", _postgresql_begin)
        event.listen(engine, "rollback", _postgresql_rollback)
        event.listen(engine, "do_execute", _postgresql_copy)


def _sqlite_connected(busy_seconds: float) -> Any:
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        # FULL, not NORMAL: after a power loss NORMAL can roll back a claim, and a reply would leave twice.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={_in_ms(busy_seconds)}",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return connected


def _sqlite_begin(busy_seconds: float) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        is_reading = _is_read_only.get()
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if is_reading else 'OFF'}")
        if is_reading:
            connection.exec_driver_sql("BEGIN")
        else:
            _begin_writing(connection, busy_seconds)

    return begin


def _begin_writing(connection: Connection, busy_seconds: float) -> None:
    """Take the write lock as soon as it is free, within `busy_seconds`.

    SQLite's own wait looks ten times a second once it has lasted a moment: while somebody writes without a pause it
    comes too late again and again, and who waits for a page or a reply waits for many seconds.
    """
    until = time.monotonic() + busy_seconds
    link: Any = connection.connection.driver_connection
    link.execute(f"PRAGMA busy_timeout={_ONE_WAIT_MS}")
    try:
        while True:
            try:
                link.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    break
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # once more, so that it fails as every statement does
    finally:
        link.execute(f"PRAGMA busy_timeout={_in_ms(busy_seconds)}")


def _in_ms(seconds: float) -> int:
    return int(seconds * 1000)


def _postgresql_connected(connection: Any, _record: object) -> None:
    """Compile no plans: every statement of ours reads little, and a guess of much costs more than the reading."""
    is_autocommit, connection.autocommit = connection.autocommit, True
    connection.execute("SET jit = off")
    connection.autocommit = is_autocommit


def _postgresql_begin(connection: Connection) -> None:
    """Say whether the transaction only reads; psycopg says so to the server in its BEGIN, which is still to come."""
    connection.info[_READS] = is_reading = _is_read_only.get()
    link: Any = connection.connection.driver_connection
    mode = True if is_reading else None  # None: as the server has it
    if link.read_only is not mode:
        link.read_only = mode


def _postgresql_rollback(connection: Connection) -> None:
    """End what only read with a COMMIT, which leaves nothing for the ROLLBACK that follows.

    At a ROLLBACK psycopg forgets which statements are prepared, and the server then plans each of the next page's anew:
    for a list that is four fifths of the time.
    """
    link: Any = connection.connection.driver_connection
    if connection.info.get(_READS) and link.info.transaction_status.name == "INTRANS":
        link.commit()


def _postgresql_copy(cursor: Any, statement: str, _parameters: object, context: Any) -> bool:
    """Stream the rows that a COPY carries, as a statement like any other: its errors and events are SQLAlchemy's."""
    rows = context.execution_options.get(COPIED_ROWS)
    if rows is None:
        return False
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
    return True
