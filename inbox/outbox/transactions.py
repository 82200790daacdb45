"""One short transaction of a worker, tried again when the database asks for it."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

MakeSession = Callable[[], Session]
Result = TypeVar("Result")

TRIES = 4
_TRY_AGAIN = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected


def commit(make_session: MakeSession, work: Callable[[Session], Result]) -> Result:
    """Run `work` in a transaction of its own and commit it.

    Deadlocks, serialization failures and rows that somebody else made meanwhile are tried again, three times.
    """
    for left in reversed(range(TRIES)):
        try:
            with make_session() as session, session.begin():
                return work(session)
        except DBAPIError as error:
            if not left or not _is_passing(error):
                raise
    raise AssertionError("unreachable")


def _is_passing(error: DBAPIError) -> bool:
    if isinstance(error, IntegrityError):
        return True
    return getattr(error.orig, "sqlstate", None) in _TRY_AGAIN
