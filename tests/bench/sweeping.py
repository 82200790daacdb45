"""timer_sweep_empty and timer_sweep_due: all clocks run; nothing is due, or ten thousand deadlines pass at once."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update

from inbox import clock
from inbox.bulk import table_of
from inbox.conversations.overdue import sweep_due
from inbox.database import read_only
from inbox.sla import breaches
from inbox.sla.models import Timer
from tests.bench.results import Result, middle, percentile
from tests.bench.stage import Stage

DUE = 10_000
SWEEPS = 200
AT_ONCE = 500
_TIMER = table_of(Timer)


def open_empty_on(stage: Stage) -> "Empty":
    """Let a clock run in every conversation, none of them due for days."""
    _let_all_run(stage)
    return Empty(stage)


def open_due_on(stage: Stage) -> "Due":
    """Let a clock run in every conversation."""
    _let_all_run(stage)
    return Due(stage)


def _let_all_run(stage: Stage) -> None:
    later = datetime.now(UTC) + timedelta(days=9)
    with stage.session() as session:
        wanting = "SELECT id FROM conversation WHERE id NOT IN (SELECT conversation_id FROM timer)"
        missing = session.execute(text(wanting)).scalars().all()
        values = {"since_at": later, "started_at": later, "opened_at": later, "channel_id": 1, "kind": "comment"}
        for at in range(0, len(missing), 10_000):
            rows = [values | {"conversation_id": id_, "policy_version_id": 1} for id_ in missing[at : at + 10_000]]
            session.execute(insert(Timer), rows)
        running = {"ended_at": None, "outcome": None, "breached_at": None, "told_at": None, "met_by_message_id": None}
        session.execute(update(_TIMER).values(**running, due_at=later, next_at=later, warned_at=later))
        session.commit()
    if stage.database == "postgresql":
        with stage.connect() as link:
            link.execute("VACUUM ANALYZE timer")


class Empty:
    """A tick that finds nothing: the first look alone, without a write lock."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._rounds: list[list[float]] = []
        self._cpu_ms: list[float] = []

    def round(self) -> None:
        """Look as often as a worker does in some minutes."""
        took = []
        with self._stage.app.app_context(), self._stage.session() as session:
            worked = time.thread_time()
            for _ in range(SWEEPS):
                began = time.perf_counter()
                with read_only():
                    next_at = breaches.find_next_at(session)
                    session.rollback()
                took.append(1000 * (time.perf_counter() - began))
                assert next_at is not None
                assert next_at > clock.now()
            self._cpu_ms.append(1000 * (time.thread_time() - worked) / SWEEPS)
        self._rounds.append(took)

    def results(self) -> Sequence[Result]:
        """Return the median and the tail."""
        halves, tails = ([percentile(one, part) for one in self._rounds] for part in (0.5, 0.95))
        stage = self._stage
        found: dict[str, Any] = {"p50_ms": middle(halves), "p95_ms": middle(tails), "cpu_ms": middle(self._cpu_ms)}
        return [Result("timer_sweep_empty", stage.database, stage.rows, **found)]

    def close(self) -> None:
        """Nothing was started."""


class Due:
    """Ten thousand deadlines that pass in one second, until all are written down and told."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seconds: list[float] = []
        self._cpu_ms: list[float] = []
        self._ids: list[int] = []
        with stage.session() as session:
            self._ids = list(session.scalars(select(Timer.id).order_by(Timer.id).limit(DUE)))

    def round(self) -> None:
        """Let them pass, and sweep as the worker does."""
        now = clock.now()
        past = now - timedelta(seconds=1)
        with self._stage.app.app_context(), self._stage.session() as session:
            # opened before, due a moment ago: nobody has been told
            due = (
                update(_TIMER)
                .where(_TIMER.c.id == bindparam("row"))
                .values(
                    since_at=past - timedelta(days=1),
                    started_at=past - timedelta(days=1),
                    opened_at=past - timedelta(days=1),
                    due_at=past,
                    next_at=past,
                    breached_at=None,
                    told_at=None,
                    warned_at=past,
                )
            )
            session.connection().execute(due, [{"row": id_} for id_ in self._ids])
            session.execute(text("UPDATE alert_timer SET gone_at = due_at"))
            session.commit()
            began, worked = time.perf_counter(), time.thread_time()
            while (next_at := breaches.find_next_at(session)) is not None and next_at <= now:
                sweep_due(session, self._stage.settings.pace, AT_ONCE)
                session.commit()
            self._seconds.append(time.perf_counter() - began)
            self._cpu_ms.append(1000 * (time.thread_time() - worked))

    def results(self) -> Sequence[Result]:
        """Return how long it took, and how many a second."""
        seconds, stage = middle(self._seconds), self._stage
        rate = len(self._ids) / seconds
        found: dict[str, Any] = {"seconds": seconds, "rate_per_s": rate, "cpu_ms": middle(self._cpu_ms)}
        return [Result("timer_sweep_due", stage.database, stage.rows, **found)]

    def close(self) -> None:
        """Nothing was started."""
