"""The tasks that look for deadlines, and that bring running timers to a changed policy; idle, they write nothing."""

import os
import time
from functools import partial

from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.overdue import sweep_due as sweep
from inbox.conversations.replanning import replan_some
from inbox.database import db, read_only
from inbox.outbox.transactions import commit
from inbox.settings import Settings
from inbox.sla import breaches, replanning
from inbox.watch import heartbeat
from workers.app import celery, flask_app
from workers.crew import crew_of

ROWS_AT_ONCE = 500
SECONDS_AT_ONCE = 8.0


@celery.task(name="workers.timers.sweep_due")
def sweep_due() -> None:
    """Warn and tell of what was missed, some at a time, until others have waited long enough."""
    settings: Settings = flask_app().config["RELEVO"]
    engine, ends = db.engine, time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends and _is_due():
        commit(lambda: Session(engine), lambda session: sweep(session, settings.pace, ROWS_AT_ONCE))
    _ping(settings)


def _ping(settings: Settings) -> None:
    """Ping whoever watches from outside, once a minute; in a thread, for it may hang."""
    engine = db.engine
    if settings.heartbeat_url and heartbeat.claim_ping(lambda: Session(engine), settings, str(os.getpid())):
        once = iter([partial(heartbeat.ping, settings)])
        crew_of("heartbeat", 1).work_off(lambda: next(once, None))


@celery.task(name="workers.timers.replan_due")
def replan_due() -> None:
    """Bring running timers to the policies as somebody saved them, until others have waited long enough."""
    ends = time.monotonic() + SECONDS_AT_ONCE
    if not _is_asked():
        return
    engine = db.engine
    while time.monotonic() < ends and commit(lambda: Session(engine), replan_some):
        pass


def _is_asked() -> bool:
    with read_only():
        is_underway = replanning.is_underway(db.session())
        db.session.rollback()
    return is_underway


def _is_due() -> bool:
    """Look without taking the write lock: nearly every tick finds nothing due."""
    with read_only():
        next_at = breaches.find_next_at(db.session())
        db.session.rollback()
    return next_at is not None and next_at <= clock.now()
