"""Beats: each sweep that is done says so, and what becomes of them while nobody writes them down."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from inbox import clock
from inbox.database import read_only
from inbox.outbox.transactions import MakeSession, commit
from inbox.settings import Pace
from inbox.watch import beats
from inbox.watch.beats import Beat
from workers.schedule import TICKS, interval

log = structlog.get_logger()

LOOKED_EVERY = timedelta(seconds=2.5)
# How long a sweep may stay away besides two of its own intervals. Sending hands its work to threads and is never long;
# reading waits for platforms, ten seconds and one slow answer at a time.
_PATIENCE_SECONDS: Mapping[str, float] = {"send": 45, "timers": 45, "notify": 45, "poll": 120, "upkeep": 120}


class Beating:
    """What this process has done and not written down; its tasks come one at a time."""

    def __init__(self, pace: Pace) -> None:
        self._expected = {beat.name: beat for beat in expected(pace)}
        self._waiting: dict[str, Beat] = {}
        self._looked_at: datetime | None = None

    def done(self, name: str, seconds: float, make_session: MakeSession) -> None:
        """Note that a sweep is done, and write down what is due; what is no sweep is none of ours."""
        known = self._expected.get(name)
        if known is None:
            return
        now = clock.now()
        self._waiting[name] = Beat(name, known.queue, now, seconds, known.limit_seconds)
        if self._looked_at is None or not timedelta(0) <= now - self._looked_at < LOOKED_EVERY:
            self._looked_at = now
            self._write(make_session)

    def _write(self, make_session: MakeSession) -> None:
        waiting = list(self._waiting.values())
        try:
            with read_only(), make_session() as session:
                if not beats.are_due(session, waiting):
                    return
            commit(make_session, lambda session: beats.write(session, waiting))
        except SQLAlchemyError as error:  # it stays noted, and a sweep whose database is away stands still indeed
            log.warning("beats_unwritten", error=type(error).__name__)
            return
        self._waiting.clear()


def expected(pace: Pace) -> Sequence[Beat]:
    """Return every sweep of the timetable, as expected from now on."""
    return [
        Beat(name, queue, clock.now(), None, _PATIENCE_SECONDS[queue] + 2 * interval(seconds, pace))
        for name, queue, seconds in TICKS
    ]


def expect_all(make_session: MakeSession, pace: Pace) -> None:
    """Write down what is expected, so that a sweep that never comes is missed too."""

    def write(session: Session) -> None:
        beats.expect(session, expected(pace))

    try:
        commit(make_session, write)
    except SQLAlchemyError as error:
        log.warning("beats_unwritten", error=type(error).__name__)


def beating_of(pace: Pace) -> Beating:
    """Return this process's: a fork takes along nothing that its parent did."""
    return _beating(os.getpid(), pace)


@cache
def _beating(_process: int, pace: Pace) -> Beating:
    return Beating(pace)
