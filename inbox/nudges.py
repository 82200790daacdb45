"""Names a task to run soon, after the caller's commit; the database alone is the truth.

A nudge only saves waiting for the next sweep: it may be lost, repeated or late without harm.
`inbox` never imports `workers`: tasks are named here by their full name.
"""

from typing import Any

import structlog
from celery import Celery
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox.broker import broker_url

SEND = "workers.sending.send_due"
POLL = "workers.polling.poll_due"
PUSH = "workers.polling.take_pushes"
UPKEEP = "workers.upkeep.recheck_due"
NOTIFY = "workers.notifying.notify_due"
REPLAN = "workers.timers.replan_due"
RECOUNT = "workers.upkeep.recount_due"
QUEUES = {
    SEND: "send",
    POLL: "poll",
    PUSH: "poll",
    UPKEEP: "upkeep",
    NOTIFY: "notify",
    REPLAN: "timers",
    RECOUNT: "upkeep",
}

log = structlog.get_logger()
_celery: "Celery[Any] | None" = None


def make_producer(redis_url: str) -> "Celery[Any] | None":
    """Return what names tasks and runs none; it gives up after half a second, for nobody waits for a courtesy."""
    if not redis_url:
        return None
    producer: Celery[Any] = Celery("relevo", broker=broker_url(redis_url))
    producer.conf.update(
        broker_transport_options={"socket_timeout": 0.5, "socket_connect_timeout": 0.5, "visibility_timeout": 300},
        broker_connection_retry=False,
        task_ignore_result=True,
    )
    return producer


def set_up(app: Flask, celery: "Celery[Any] | None") -> None:
    """Say through which Celery app tasks are named; None: nudges do nothing (tests, one-off commands)."""
    global _celery
    _celery = celery
    app.extensions["nudges"] = celery


def after_commit(session: Session, task: str) -> None:
    """Name `task` once the session's transaction has been committed; at most once a transaction."""
    wanted: set[str] = session.info.setdefault("nudges", set())
    wanted.add(task)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    for task in session.info.pop("nudges", ()):
        _send(task)


@event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    session.info.pop("nudges", None)


def _send(task: str) -> None:
    if _celery is None:
        return
    try:
        _celery.send_task(task, queue=QUEUES[task], retry=False, expires=30)
    except Exception as error:  # the broker is away: the sweep finds the row
        log.info("nudge_lost", task=task, error=type(error).__name__)
