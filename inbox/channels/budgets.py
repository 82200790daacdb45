"""Request budgets in the database, shared by every process: what platforms' headers said (RULES E4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Budget
from inbox.database import read_only
from inbox.platforms.contract import BudgetSeen, RateLimited, Unavailable
from inbox.platforms.http import merged, wait_until

# A host that did not answer is left alone this long, then twice as long each time, up to two minutes; then probed.
HOST_PAUSE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 120.0


@dataclass(frozen=True)
class DatabaseBudgets:
    """A platforms.http.Budgets on the database; every step is a short transaction of its own."""

    make_session: Callable[[], Session]
    _silent: set[str] = field(default_factory=set)  # the hosts that this process knows to have been silent

    def before(self, key: str, *, is_for_send: bool) -> None:
        """Let a call pass, or raise RateLimited saying until when; replies may use what polls leave."""
        if key.startswith("host:") and is_for_send:
            return
        kept = self._read(key)
        if kept is not None and kept.silent_count:
            self._silent.add(key)
        until_at = wait_until(kept, clock.now(), is_for_send=is_for_send) if kept else None
        if until_at is not None and key.startswith("host:"):
            raise Unavailable("the host is silent", code="timeout")
        if until_at is not None:
            raise RateLimited(until_at, "the budget is spent")

    def after(self, key: str, seen: BudgetSeen) -> None:
        """Keep what an answer said; written at most once a second a key unless it stops the calls."""
        kept = self._read(key)
        if kept is not None and merged(kept, seen) == kept:
            return
        if kept is not None and not _matters(kept, seen):
            return
        self._write(key, merged(kept, seen))

    def timed_out(self, key: str) -> None:
        """Leave a silent host alone for a moment, longer each time."""
        kept, now = self._read(key), clock.now()
        count = (kept.silent_count or 0) + 1 if kept is not None else 1
        if kept is not None and kept.paused_until_at is not None and kept.paused_until_at > now:
            return  # two asked at once, and both know by now
        seconds = min(HOST_PAUSE_SECONDS * 2.0 ** min(count - 1, 10), LONGEST_PAUSE_SECONDS)
        self._silent.add(key)
        self._write(key, BudgetSeen(paused_until_at=now + timedelta(seconds=seconds), silent_count=count))

    def answered(self, key: str) -> None:
        """Forget that a host was silent."""
        if key in self._silent:
            self._silent.discard(key)
            self._write(key, BudgetSeen())

    def _read(self, key: str) -> BudgetSeen | None:
        with read_only(), self.make_session() as session:
            row = session.get(Budget, key)
            if row is None:
                return None
            return BudgetSeen(
                row.limit_count,
                row.remaining_count,
                row.resets_at,
                row.paused_until_at,
                sunset_at=row.sunset_at,
                silent_count=row.silent_count,
            )

    def _write(self, key: str, seen: BudgetSeen) -> None:
        values = {
            "limit_count": seen.limit_count,
            "remaining_count": seen.remaining_count,
            "resets_at": seen.resets_at,
            "paused_until_at": seen.paused_until_at,
            "sunset_at": seen.sunset_at,
            "silent_count": seen.silent_count,
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
    if seen.sunset_at != kept.sunset_at and seen.sunset_at is not None:
        return True
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


def app_key(platform: str) -> str:
    """Return under which key the budget of our app on a platform is kept, which all its channels share."""
    return f"app:{platform}"
