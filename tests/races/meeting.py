"""How two pieces of work meet: the second begins when the first has done everything but commit, or both at once.

Nothing here waits for a length of time: PostgreSQL tells when the second stands at a lock of the first, and on
SQLite the first holds the only write lock until it commits.
"""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

Value = TypeVar("Value")
Work = Callable[[], object]
PATIENCE_SECONDS = 60


class Running(threading.Thread):
    """A piece of work in a thread of its own; `begun` is set when it runs."""

    def __init__(self, work: Work) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.begun = threading.Event()
        self.value: object = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do the work and keep what came of it."""
        self.begun.set()
        try:
            self.value = self.work()
        except BaseException as error:
            self.error = error

    def result(self) -> object:
        """Wait for the end; returns its value or the error that it raised."""
        self.join(PATIENCE_SECONDS)
        assert not self.is_alive(), "it waits for ever"
        return self.value if self.error is None else self.error


def start(work: Work) -> Running:
    """Begin a piece of work in a thread of its own."""
    running = Running(work)
    running.start()
    assert running.begun.wait(PATIENCE_SECONDS)
    return running


def overlap(engine: Engine, first: Callable[[Session], object], second: Work) -> tuple[object, object]:
    """Let `second` begin before `first` commits, and commit when it is done or stands in line; return both results."""
    with Session(engine) as session, session.begin():
        mine = first(session)
        session.flush()
        running = start(second)
        wait_until_met(engine, running)
    return mine, running.result()


def at_once(works: Sequence[Work]) -> list[object]:
    """Run all works, begun at the same moment; returns values or errors in their order."""
    gate = threading.Barrier(len(works))

    def behind_gate(work: Work) -> Work:
        def run() -> object:
            gate.wait(PATIENCE_SECONDS)
            return work()

        return run

    running = [start(behind_gate(work)) for work in works]
    return [one.result() for one in running]


def in_transaction(engine: Engine, work: Callable[[Session], Value]) -> Value:
    """Run work in a transaction of its own, as a request does, and commit it."""
    with Session(engine) as session, session.begin():
        return work(session)


def wait_until_met(engine: Engine, running: Running) -> None:
    """Wait until a piece of work has ended or waits for a lock that somebody else holds."""
    if engine.dialect.name == "sqlite":
        return  # whoever writes second stands at the one lock, now or as soon as it gets there
    for _ in range(PATIENCE_SECONDS * 50):
        running.join(0.02)
        if not running.is_alive() or _somebody_waits(engine):
            return
    raise AssertionError("the second neither ended nor waited")


def _somebody_waits(engine: Engine) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with engine.connect() as connection:
        return bool(connection.scalar(text(query)))
