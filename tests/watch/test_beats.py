"""Beats are written seldom and together, by every process that does sweeps."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.database import db
from inbox.settings import Pace
from inbox.watch.models import SweepBeat
from tests.factories.watch import beat
from tests.fixtures.app import MovingClock
from workers.beating import Beating, beating_of, expect_all
from workers.schedule import TICKS
from workers.upkeep import wake_due

SWEEP, OTHER = "workers.timers.sweep_due", "workers.alerting.advance_due"


@pytest.fixture
def writes(app: Flask) -> Iterator[list[str]]:
    """Collect the statements that write, and the locks that are taken for it."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


class Child:
    """A worker's child that does sweeps."""

    def __init__(self) -> None:
        self._engine = db.engine
        self._beating = Beating(Pace())

    def does(self, *names: str) -> None:
        for name in names:
            self._beating.done(name, 0.25, lambda: Session(self._engine))


def stored(session: Session) -> dict[str, SweepBeat]:
    session.expire_all()
    found = {row.name: row for row in session.scalars(select(SweepBeat))}
    session.rollback()
    return found


def test_for_ten_seconds_nothing_more_is_written(
    session: Session, moving_clock: MovingClock, writes: list[str]
) -> None:
    child = Child()
    for _ in range(31):
        child.does(SWEEP, OTHER)
        moving_clock.move(seconds=1)
    assert len(writes) <= 5  # the other's first beat comes a look later
    row = stored(session)[SWEEP]
    assert clock.now() - row.at <= timedelta(seconds=13)
    assert (row.queue, row.seconds, row.limit_seconds) == ("timers", 0.25, 49)


def test_two_children_write_no_more_than_one(session: Session, moving_clock: MovingClock, writes: list[str]) -> None:
    children = Child(), Child()
    for second in range(60):
        children[second % 2].does(SWEEP)
        moving_clock.move(seconds=1)
    assert len(writes) <= 6
    assert clock.now() - stored(session)[SWEEP].at <= timedelta(seconds=14)


def test_a_clock_that_is_set_back_hides_no_beat(session: Session, moving_clock: MovingClock) -> None:
    child = Child()
    child.does(SWEEP)
    moving_clock.move(seconds=-3600)
    child.does(SWEEP)
    assert stored(session)[SWEEP].at == clock.now()


def test_a_worker_expects_every_sweep_and_no_others(session: Session, moving_clock: MovingClock) -> None:
    beat(session, SWEEP, ago=300)
    session.add(SweepBeat(name="workers.gone", queue="send", at=clock.now(), seconds=1, limit_seconds=1))
    session.commit()
    engine = db.engine
    expect_all(lambda: Session(engine), Pace())
    found = stored(session)
    assert set(found) == {name for name, _, _ in TICKS}
    assert found[SWEEP].at == clock.now() - timedelta(seconds=300)
    assert found[OTHER].seconds is None


def test_a_task_that_fails_leaves_no_beat(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch, moving_clock: MovingClock
) -> None:
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr("workers.app.beating_of", Beating)
    wake_due()
    assert set(stored(session)) == {"workers.upkeep.wake_due"}
    moving_clock.move(seconds=60)
    monkeypatch.setattr("workers.upkeep._exists", lambda _query: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        wake_due()
    assert stored(session)["workers.upkeep.wake_due"].at == clock.now() - timedelta(seconds=60)


def test_what_cannot_be_written_breaks_no_task_and_is_written_later(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    child, engine = Child(), db.engine
    SweepBeat.__table__.drop(engine)  # type: ignore[attr-defined]  # a Table, as every model's
    child.does(SWEEP)
    SweepBeat.__table__.create(engine)  # type: ignore[attr-defined]
    moving_clock.move(seconds=3)
    child.does(OTHER)
    assert set(stored(session)) == {SWEEP, OTHER}


def test_every_process_has_its_own() -> None:
    assert beating_of(Pace()) is beating_of(Pace())
