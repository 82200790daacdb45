"""The task that looks for deadlines; every two seconds, and it writes only where one has come."""

import os
import time
from functools import partial

from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.overdue import sweep_due as sweep
from inbox.database import db, read_only
from inbox.settings import Settings
from inbox.sla import breaches
from inbox.watch import heartbeat
from workers.app import celery, flask_app
from workers.crew import crew_of

ROWS_AT_ONCE = 200
SECONDS_AT_ONCE = 8.0


@celery.task(name="workers.timers.sweep_due")
def sweep_due() -> None:
    """Warn and tell of what was missed, some at a time, until others have waited long enough."""
    settings: Settings = flask_app().config["RELEVO"]
    ends = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends and _is_due():
        sweep(db.session(), settings.pace, ROWS_AT_ONCE)
        db.session.commit()
    _ping(settings)


def _ping(settings: Settings) -> None:
    """Ping whoever watches from outside, once a minute; in a thread, for it may hang."""
    engine = db.engine
    if settings.heartbeat_url and heartbeat.claim_ping(lambda: Session(engine), settings, str(os.getpid())):
        once = iter([partial(heartbeat.ping, settings)])
        crew_of("heartbeat", 1).work_off(lambda: next(once, None))


def _is_due() -> bool:
    """Look without taking the write lock: nearly every tick finds nothing due."""
    with read_only():
        next_at = breaches.find_next_at(db.session())
        db.session.rollback()
    return next_at is not None and next_at <= clock.now()
