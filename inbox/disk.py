"""A full disk: how a database says it, and a note of it for the pages, which needs no room itself."""

import os
import sqlite3
from pathlib import Path

import structlog
from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import OperationalError

from inbox import clock
from inbox.settings import Settings

log = structlog.get_logger()
_DISK_FULL = "53100"  # PostgreSQL's
_NOTE = "disk_full"  # an empty file in the data folder; when it was last touched is all that it says


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

    The file is made now: a touch needs no room, a new file may.
    """
    path = note_of(settings)
    if settings.data_dir.is_dir() and not path.exists():
        _touch(path, 0)

    def note(context: ExceptionContext) -> None:
        if is_full(context.original_exception):
            _touch(note_of(settings), clock.now().timestamp())

    event.listen(engine, "handle_error", note)


def is_noted(settings: Settings) -> bool:
    """Tell whether something found no room lately.

    What failed is tried again as soon as its lease has ended and its turn comes; once all that could be and nothing
    has failed, there is room again.
    """
    try:
        touched = note_of(settings).stat().st_mtime
    except OSError:
        return False
    pace = settings.pace
    tried_again_within = max(pace.stream_lease_seconds, pace.send_lease_seconds) + pace.poll_longest_seconds
    return abs(clock.now().timestamp() - touched) < tried_again_within


def note_of(settings: Settings) -> Path:
    """Return where the note is."""
    return settings.data_dir / _NOTE


def _touch(path: Path, at: float) -> None:
    """Set a file's time; nothing is in it."""
    try:
        path.touch(mode=0o600)
        os.utime(path, (at, at))
    except OSError as error:  # the log has the failure itself
        log.error("disk_full_not_noted", reason=error.strerror)
