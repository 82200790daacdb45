"""The tail of activity: what has been committed since, each row once.

Ids are given before commit, so a bare `id > last` loses rows (21 of 900 in a trial): the tail reads
again from 15 s back and drops what it has given already.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity

MOST_AT_ONCE = 2000


@dataclass(frozen=True)
class Change:
    """One row of activity, as far as pages care."""

    id: int
    at: datetime
    kind: str
    channel_id: int | None
    conversation_id: int | None
    message_id: int | None
    member_id: int | None


@dataclass
class Tail:
    """Remembers what was given; one thread uses one tail."""

    reread_seconds: float
    _given: dict[int, datetime] = field(default_factory=dict)
    _from_at: datetime | None = None

    def start(self, session: Session) -> None:
        """Begin at the present: what lies behind is not news."""
        self._from_at = clock.now() - timedelta(seconds=self.reread_seconds)
        self._given = {row.id: row.at for row in read_since(session, self._from_at)}

    def look(self, session: Session) -> list[Change]:
        """Return what has appeared since the last look, oldest first."""
        if self._from_at is None:
            self.start(session)
            return []
        rows = [row for row in read_since(session, self._from_at) if row.id not in self._given]
        self._given.update((row.id, row.at) for row in rows)
        if len(rows) < MOST_AT_ONCE:
            self._forget(clock.now() - timedelta(seconds=self.reread_seconds))
        return rows

    def _forget(self, before: datetime) -> None:
        self._from_at = before
        self._given = {number: at for number, at in self._given.items() if at >= before}


def read_since(session: Session, since: datetime) -> Sequence[Change]:
    """Return committed activity from a time on, oldest first, at most MOST_AT_ONCE rows."""
    columns = (
        Activity.id,
        Activity.at,
        Activity.kind,
        Activity.channel_id,
        Activity.conversation_id,
        Activity.message_id,
        Activity.member_id,
    )
    query = select(*columns).where(Activity.at >= since).order_by(Activity.at, Activity.id).limit(MOST_AT_ONCE)
    return [Change(*row) for row in session.execute(query)]


def read_after(session: Session, last_id: int, reread_seconds: float) -> list[Change] | None:
    """Return what came after an activity that a page has seen; None if it is too far back: reload."""
    seen_at = session.scalar(select(Activity.at).where(Activity.id == last_id))
    if seen_at is None:
        return None
    # The machine's clock may have been set back since: what came after it then bears an earlier time.
    rows = read_since(session, min(seen_at, clock.now()) - timedelta(seconds=reread_seconds))
    return None if len(rows) >= MOST_AT_ONCE else list(rows)
