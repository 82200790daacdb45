"""One process at a time has a duty: whoever holds the row, until its lease ends."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox.watch.models import WatchLease


def is_over(row: WatchLease, now: datetime, seconds: float) -> bool:
    """Tell whether a lease has ended; one further ahead than any can be was written by a clock since set right."""
    return not 0 < (row.until_at - now).total_seconds() <= seconds


def is_free(row: WatchLease | None, holder: str, now: datetime, seconds: float) -> bool:
    """Tell whether `holder` should take or renew a lease of so many seconds; its own is renewed at half time."""
    if row is None or is_over(row, now, seconds):
        return True
    return row.holder == holder and (row.until_at - now).total_seconds() < seconds / 2


def take(session: Session, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take or renew a lease by compare-and-set; False where another one was quicker. The caller commits."""
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    until = now + timedelta(seconds=seconds)
    made = insert(WatchLease).values(name=name, holder=holder, until_at=until)
    is_over = or_(WatchLease.until_at <= now, WatchLease.until_at > until)
    taken = made.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "until_at": until},
        where=or_(WatchLease.holder == holder, is_over),
    ).returning(WatchLease.name)
    return session.scalar(taken) is not None
