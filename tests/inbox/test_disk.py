"""A disk that is full is known by what each database says, and by nothing else; the note of it needs no database."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from inbox import disk
from inbox.settings import Settings
from tests.factories.basics import make_member
from tests.fixtures.app import MovingClock

FULL = {
    "sqlite": ["PRAGMA max_page_count=1", "CREATE TABLE filler AS SELECT zeroblob(9000000) AS content"],
    "postgresql": ["DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'could not extend file'; END $$"],
}
# A stranger's words in a driver's message, as in the detail of a violated constraint.
OTHER = {
    "sqlite": ["SELECT no_such_column_disk_is_full"],
    "postgresql": ["DO $$ BEGIN RAISE SQLSTATE '23505' USING MESSAGE = 'database or disk is full'; END $$"],
}


@pytest.fixture
def settings(app: Flask, moving_clock: MovingClock) -> Iterator[Settings]:
    """The application's settings, without a note before and after."""
    found: Settings = app.config["RELEVO"]
    for path in (disk.note_of(found), disk.room_of(found)):
        path.unlink(missing_ok=True)
    yield found
    disk.note_of(found).unlink(missing_ok=True)


def fail(session: Session, statements: list[str]) -> DBAPIError:
    """Let the last statement fail, and return how; the limit that it needs is that of its own connection alone."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    session.rollback()
    with engine.connect() as link:
        try:
            for one in statements[:-1]:
                link.execute(text(one))
            with pytest.raises(DBAPIError) as raised:
                link.execute(text(statements[-1]))
        finally:
            link.rollback()
            if engine.dialect.name == "sqlite":
                link.execute(text("PRAGMA max_page_count=1073741823"))
                link.rollback()
    return raised.value


def test_what_finds_no_room_is_noted_for_a_while(
    session: Session, settings: Settings, database: str, moving_clock: MovingClock
) -> None:
    assert not disk.is_noted(settings)
    assert disk.is_full(fail(session, FULL[database]))
    assert disk.is_noted(settings)
    moving_clock.move(minutes=3)
    assert disk.is_noted(settings)
    moving_clock.move(minutes=2)
    assert not disk.is_noted(settings)


def add_row(session: Session) -> None:
    make_member(session)
    session.commit()


def test_it_ends_within_a_minute_of_the_first_rows_that_find_room_again(
    session: Session, settings: Settings, database: str, moving_clock: MovingClock
) -> None:
    fail(session, FULL[database])
    moving_clock.move(20)
    session.execute(text("SELECT 1"))
    session.commit()  # has needed no room
    moving_clock.move(59)
    assert disk.is_noted(settings)
    add_row(session)
    moving_clock.move(10)
    assert disk.is_noted(settings)
    add_row(session)
    moving_clock.move(50)
    assert not disk.is_noted(settings)


def test_what_fails_in_between_goes_on_counting(
    session: Session, settings: Settings, database: str, moving_clock: MovingClock
) -> None:
    fail(session, FULL[database])
    for _ in range(4):
        moving_clock.move(20)
        add_row(session)  # a small one finds room
        moving_clock.move(20)
        fail(session, FULL[database])
    assert disk.is_noted(settings)
    moving_clock.move(20)
    add_row(session)
    moving_clock.move(60)
    assert not disk.is_noted(settings)


def test_another_failure_is_not_noted_whatever_its_words(session: Session, settings: Settings, database: str) -> None:
    assert not disk.is_full(fail(session, OTHER[database]))
    assert not disk.is_noted(settings)


def test_where_the_note_has_no_place_the_failure_is_the_database_s_own(
    session: Session, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "_NOTE", "no/such/folder")
    assert disk.is_full(fail(session, FULL[database]))
    assert not disk.is_noted(settings)


def test_a_database_that_can_not_be_opened_for_want_of_room_is_known(tmp_path: Path) -> None:
    """What SQLite says then is "disk I/O error"; the room of a process is made as small as a full disk's."""
    script = """
import resource, sqlite3, sys
from inbox.disk import is_full
path = sys.argv[1]
made = sqlite3.connect(path)
made.execute("PRAGMA journal_mode=WAL")
made.close()
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    sqlite3.connect(path).execute("SELECT count(*) FROM sqlite_master")
except sqlite3.OperationalError as error:
    print(error, is_full(error), is_full(sqlite3.OperationalError("disk I/O error")))
"""
    words = [sys.executable, "-c", script, str(tmp_path / "made.sqlite")]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "disk I/O error True False\n"
