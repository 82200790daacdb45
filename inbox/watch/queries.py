"""Reads what stands still, and what was told of it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.watch.judging import Finding, Sweep, judge
from inbox.watch.models import SweepBeat, WatchLease

WATCHER = "watcher"


def find_stopped(session: Session, now: datetime, serving_since: datetime | None = None) -> Finding:
    """Judge what is written down; see `judge` for `serving_since`."""
    sweeps = [
        Sweep(row.name, row.queue, row.at, row.seconds, row.limit_seconds)
        for row in session.execute(
            select(SweepBeat.name, SweepBeat.queue, SweepBeat.at, SweepBeat.seconds, SweepBeat.limit_seconds)
        )
    ]
    return judge(sweeps, now, serving_since)


def find_watch(session: Session) -> WatchLease | None:
    """Return who watches and what they told, as it is in the database now; None: nobody has watched yet."""
    query = select(WatchLease).where(WatchLease.name == WATCHER).execution_options(populate_existing=True)
    return session.scalar(query)
