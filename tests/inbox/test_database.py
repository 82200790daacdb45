"""The base of all tables: times, read-only transactions, pragmas."""

import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.orm import Session

from inbox import clock, create_app
from inbox.conversations.models import Message
from inbox.database import db, engine_options, read_only, set_up_engine, shared_alias
from inbox.members.models import Member
from tests.factories.basics import make_member
from tests.fixtures.app import MovingClock


def test_a_time_comes_back_aware_and_equal(session: Session, moving_clock: MovingClock) -> None:
    member = make_member(session)
    session.commit()
    session.expire_all()
    assert session.scalar(select(Member.created_at).where(Member.id == member.id)) == clock.now()


def test_a_naive_time_is_refused(session: Session) -> None:
    with pytest.raises(StatementError):
        make_member(session, created_at=datetime(2026, 1, 1))  # noqa: DTZ001  # a naive time is the point
    session.rollback()


def test_a_read_only_transaction_can_not_write(session: Session) -> None:
    session.rollback()
    with read_only():
        assert session.scalar(select(Member.id)) is None
        with pytest.raises(DBAPIError):
            make_member(session)
        session.rollback()
    make_member(session)
    session.commit()


def test_sqlite_waits_for_the_disk_and_checks_foreign_keys(session: Session, database: str) -> None:
    if database != "sqlite":
        assert session.scalar(text("SHOW default_transaction_read_only")) == "off"
        return
    found = [session.scalar(text(f"PRAGMA {name}")) for name in ("synchronous", "foreign_keys", "journal_mode")]
    assert found == [2, 1, "wal"]


@pytest.fixture
def held(fresh_folder: Path) -> Iterator[sqlite3.Connection]:
    """A database of SQLite whose write lock somebody else has."""
    other = sqlite3.connect(fresh_folder / "held.sqlite", isolation_level=None, check_same_thread=False)
    for statement in ("PRAGMA journal_mode=WAL", "CREATE TABLE noted (word TEXT)", "BEGIN IMMEDIATE"):
        other.execute(statement)
    yield other
    other.close()


def _open_engine(folder: Path, busy_seconds: float) -> Engine:
    engine = create_engine(f"sqlite:///{folder / 'held.sqlite'}", **engine_options("sqlite", busy_seconds))
    set_up_engine(engine, busy_seconds)
    return engine


def test_sqlite_waits_for_another_writer_as_long_as_it_is_told(held: sqlite3.Connection, fresh_folder: Path) -> None:
    assert held.in_transaction
    engine = _open_engine(fresh_folder, 0.3)
    began = time.monotonic()
    with pytest.raises(OperationalError, match="database is locked"), engine.begin():
        pass
    assert time.monotonic() - began >= 0.3
    with read_only(), engine.begin() as reading:  # who only reads waits for nobody
        assert reading.scalar(text("SELECT count(*) FROM noted")) == 0
        assert reading.scalar(text("PRAGMA busy_timeout")) == 300
    engine.dispose()


def test_sqlite_takes_the_lock_when_another_writer_lets_it_go(held: sqlite3.Connection, fresh_folder: Path) -> None:
    engine, looked = _open_engine(fresh_folder, 60), threading.Event()
    said: list[str] = []

    def note(statement: str) -> None:
        said.append(statement)
        if said.count("BEGIN IMMEDIATE") > 1:
            looked.set()

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO noted VALUES ('second')"))

    @event.listens_for(engine, "connect")
    def _trace(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(note)

    thread = threading.Thread(target=write)
    thread.start()
    assert looked.wait(30)  # it has looked more than once
    held.execute("INSERT INTO noted VALUES ('first')")
    held.execute("COMMIT")
    thread.join(30)
    assert not thread.is_alive()
    assert [word for (word,) in held.execute("SELECT word FROM noted ORDER BY rowid")] == ["first", "second"]
    engine.dispose()


def test_what_is_prepared_outlives_a_request_that_reads_and_what_is_not_committed_does_not(
    app: Flask, database: str
) -> None:
    url = app.config["RELEVO"].database_url
    engine = create_engine(url, **engine_options(url, 5))  # with one connection, for it is used by one at a time
    set_up_engine(engine, 5)
    for _ in range(8):  # psycopg prepares what it has been asked five times
        with read_only(), Session(engine) as reading:
            assert reading.scalar(text("SELECT 40 + :more"), {"more": 2}) == 42
    if database == "postgresql":
        with read_only(), Session(engine) as reading:
            prepared = reading.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
            assert any("SELECT 40 +" in statement for statement in prepared)
            assert reading.scalar(text("SHOW jit")) == "off"
    with Session(engine) as writing:
        make_member(writing)
    with read_only(), Session(engine) as reading:
        assert reading.scalar(select(Member.id)) is None
    engine.dispose()


def test_a_process_opens_no_more_connections_to_postgresql_than_it_says() -> None:
    options = engine_options("postgresql+psycopg://relevo@/relevo", 30, 15)
    assert options["pool_size"] + options["max_overflow"] == 15


def test_making_the_application_opens_no_connection(app: Flask) -> None:
    """The pages' process makes it, then forks; a connection that parent and child share would break both."""
    opened: list[object] = []

    def note(connection: object, _: object) -> None:
        opened.append(connection)

    event.listen(Engine, "connect", note)
    try:
        made = create_app(replace(app.config["RELEVO"]))
        assert opened == []
        with made.app_context():
            db.session.execute(text("SELECT 1"))
            db.session.remove()
            db.engine.dispose()
        assert opened
    finally:
        event.remove(Engine, "connect", note)


@pytest.fixture
def hurried() -> Iterator[None]:
    """Let threads change places all the time."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hurried")
@pytest.mark.filterwarnings("error")
def test_an_alias_that_all_threads_use_at_once_means_the_same_to_each() -> None:
    columns = ["clock_at", "gone_at", "awaits_reason", "id", "text", "seq"]
    for _ in range(30):
        alias, barrier, found = shared_alias(Message, "newest"), threading.Barrier(8), list[str]()

        def write(alias: type[Message] = alias, barrier: threading.Barrier = barrier, found: list[str] = found) -> None:
            barrier.wait(30)
            found.append(str(select(*(getattr(alias, name) for name in columns))))

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(found) == 8
        assert set(found) == {f"SELECT {', '.join(f'newest.{name}' for name in columns)} \nFROM message AS newest"}


def test_an_error_does_not_carry_what_was_to_be_written(session: Session) -> None:
    with pytest.raises(DBAPIError) as raised:
        session.execute(text("INSERT INTO no_such_table VALUES (:words)"), {"words": "a stranger's words"})
    session.rollback()
    assert "stranger" not in str(raised.value)
