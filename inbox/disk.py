"""A full disk: how a database says it, and a note of it for the pages, which needs no room itself."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, ExceptionContext, event
from sqlalchemy.exc import OperationalError

from inbox import clock
from inbox.settings import Settings

log = structlog.get_logger()
_DISK_FULL = "53100"  # PostgreSQL's
_NOTE = "disk_full"  # an empty file in the data folder; when it was last touched is all that it says
_ROOM = "disk_room"  # another: when rows were first written again
_HAS_ADDED = "has_added_rows"  # of a connection's present transaction
# So long must all go well again: what failed may be larger than what finds room.
_WELL_FOR_SECONDS = 45.0


def is_full(error: BaseException | None) -> bool:
    """Tell whether the database found no room on its disk, at the bottom of an exception.

    SQLite may roll the whole transaction back by itself; then giving up a savepoint fails, on top of it.
    """
    while error is not None:
        told = error.orig if isinstance(error, OperationalError) else error
        if getattr(told, "sqlstate", None) == _DISK_FULL or _is_said_by_sqlite(told):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_said_by_sqlite(error: BaseException | None) -> bool:
    # of its own type alone: another driver's message may carry a stranger's words
    if not isinstance(error, sqlite3.OperationalError):
        return False
    # without room for its shared memory a database can't even be opened, and SQLite says only "disk I/O error"
    return "disk is full" in str(error) or getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_SHMSIZE"


def watch(engine: Engine, settings: Settings) -> None:
    """Note whatever this engine finds no room for, in any process: workers have no page to say it on.

    The files are made now: a touch needs no room, a new file may.
    """
    for path in (note_of(settings), room_of(settings)):
        if settings.data_dir.is_dir() and not path.exists():
            _touch(path, 0)

    def note(context: ExceptionContext) -> None:
        if is_full(context.original_exception):
            _touch(note_of(settings), clock.now().timestamp())

    event.listen(engine, "handle_error", note)
    event.listen(engine, "begin", _forget_rows)
    event.listen(engine, "after_cursor_execute", _note_rows)
    event.listen(engine, "commit", lambda connection: _note_room(connection, settings))


def _forget_rows(connection: Connection) -> None:
    connection.info.pop(_HAS_ADDED, None)


def _note_rows(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    if statement.startswith(("INSERT", "COPY")):  # what is changed or deleted may need no room
        connection.info[_HAS_ADDED] = True


def _note_room(connection: Connection, settings: Settings) -> None:
    """Note the first rows that find room after some found none; a commit that fails after all is noted after this."""
    if not connection.info.pop(_HAS_ADDED, False):
        return
    failed_at, worked_at = _touched_at(note_of(settings)), _touched_at(room_of(settings))
    now = clock.now().timestamp()
    if failed_at < now and not failed_at < worked_at <= now:
        _touch(room_of(settings), now)


def is_noted(settings: Settings) -> bool:
    """Tell whether something found no room lately.

    It ends within a minute of the first rows that were written again. Where none are: what failed is tried again as
    soon as its lease has ended and its turn comes; once all that could be and nothing has failed, there is room again.
    """
    failed_at, worked_at, now = _touched_at(note_of(settings)), _touched_at(room_of(settings)), clock.now().timestamp()
    if failed_at < worked_at <= now - _WELL_FOR_SECONDS:
        return False
    pace = settings.pace
    tried_again_within = max(pace.stream_lease_seconds, pace.send_lease_seconds) + pace.poll_longest_seconds
    return abs(now - failed_at) < tried_again_within


def note_of(settings: Settings) -> Path:
    """Return where the note is."""
    return settings.data_dir / _NOTE


def room_of(settings: Settings) -> Path:
    """Return where it is noted since when there is room again."""
    return settings.data_dir / _ROOM


def _touched_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _touch(path: Path, at: float) -> None:
    """Set a file's time; nothing is in it."""
    try:
        path.touch(mode=0o600)
        os.utime(path, (at, at))
    except OSError as error:  # the log has the failure itself
        log.error("disk_full_not_noted", reason=error.strerror)
