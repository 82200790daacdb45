"""Request budgets in the database, shared by every process: what platforms' headers said (RULES E4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Budget
from inbox.database import read_only
from inbox.platforms.contract import BudgetSeen, RateLimited
from inbox.platforms.http import merged, wait_until

# A host that did not answer is left alone this long before it is only probed.
HOST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class DatabaseBudgets:
    """A platforms.http.Budgets on the database; every step is a short transaction of its own."""

    make_session: Callable[[], Session]

    def before(self, key: str, *, is_for_send: bool) -> None:
        """Let a call pass, or raise RateLimited saying until when; replies may use what polls leave."""
        if key.startswith("host:") and is_for_send:
            return
        kept = self._read(key)
        until_at = wait_until(kept, clock.now(), is_for_send=is_for_send) if kept else None
        if until_at is not None:
            raise RateLimited(until_at, "the budget is spent" if not key.startswith("host:") else "the host is silent")

    def after(self, key: str, seen: BudgetSeen) -> None:
        """Keep what an answer said; written at most once a second a key unless it stops the calls."""
        kept = self._read(key)
        if kept is not None and merged(kept, seen) == kept:
            return
        if kept is not None and not _matters(kept, seen):
            return
        self._write(key, merged(kept, seen))

    def timed_out(self, key: str) -> None:
        """Leave a silent host alone for a moment."""
        self._write(key, BudgetSeen(paused_until_at=clock.now() + timedelta(seconds=HOST_PAUSE_SECONDS)))

    def _read(self, key: str) -> BudgetSeen | None:
        with read_only(), self.make_session() as session:
            row = session.get(Budget, key)
            if row is None:
                return None
            return BudgetSeen(row.limit_count, row.remaining_count, row.resets_at, row.paused_until_at)

    def _write(self, key: str, seen: BudgetSeen) -> None:
        values = {
            "limit_count": seen.limit_count,
            "remaining_count": seen.remaining_count,
            "resets_at": seen.resets_at,
            "paused_until_at": seen.paused_until_at,
            "updated_at": clock.now(),
        }
        with self.make_session() as session, session.begin():
            session.execute(_upsert(session.get_bind().dialect.name, key, values))


def _upsert(dialect: str, key: str, values: Mapping[str, object]) -> Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(Budget).values(key=key, **values)
    return statement.on_conflict_do_update(index_elements=["key"], set_=values)


def _matters(kept: BudgetSeen, seen: BudgetSeen) -> bool:
    """Tell whether an answer changes what is known by more than a twentieth: a write each poll would be waste."""
    if seen.paused_until_at is not None or kept.remaining_count is None or seen.remaining_count is None:
        return True
    if seen.resets_at != kept.resets_at and _is_other_window(kept.resets_at, seen.resets_at):
        return True
    step = max(1, (seen.limit_count or 0) // 20)
    return abs(kept.remaining_count - seen.remaining_count) >= step


def _is_other_window(kept: datetime | None, seen: datetime | None) -> bool:
    if kept is None or seen is None:
        return True
    return abs((seen - kept).total_seconds()) > 5


def read_budget(session: Session, channel_id: int) -> Budget | None:
    """Return what is known of a channel's own budget."""
    return session.scalar(select(Budget).where(Budget.key == f"channel:{channel_id}"))
