"""The base of all tables: times, read-only transactions, pragmas."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from inbox import clock, create_app
from inbox.conversations.models import Message
from inbox.database import db, engine_options, read_only, shared_alias
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
