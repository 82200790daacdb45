"""Two who choose one name in the same instant: neither's look finds the other, and the database's UNIQUE decides."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from inbox.errors import RelevoError

_UNIQUE = "23505"


@contextmanager
def flushed_or(session: Session, column: str, error: RelevoError) -> Iterator[None]:
    """Flush what is done inside; raise `error` where the value of `column` (`table.column`) is somebody's meanwhile.

    The transaction is of no use then: the caller rolls it back, as after every error.
    """
    try:
        yield
        session.flush()
    except IntegrityError as broken:
        if not _is_about(broken, column):
            raise
        raise error from None


def _is_about(broken: IntegrityError, column: str) -> bool:
    if getattr(broken.orig, "sqlstate", None) == _UNIQUE:
        name = broken.orig.diag.constraint_name  # type: ignore[union-attr]  # psycopg's
        return str(name).endswith(column.replace(".", "_"))
    return str(broken.orig) == f"UNIQUE constraint failed: {column}"
