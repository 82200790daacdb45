"""Celery's app: every setting is there because something was lost or repeated without it."""

import time
from functools import cache
from typing import Any

from celery import Celery, Task
from celery.signals import worker_init, worker_process_init
from flask import Flask
from sqlalchemy.orm import Session, configure_mappers

from inbox import create_app, nudges
from inbox.broker import broker_url
from inbox.database import db, set_read_only
from inbox.settings import Settings
from workers import garbage
from workers.beating import beating_of, expect_all
from workers.schedule import TICKS

VISIBILITY_SECONDS = 300
WORKER_BUSY_SECONDS = 30.0
# Of each child, however many threads it has: none holds a connection while it uses the network. PostgreSQL gives 100.
WORKER_CONNECTIONS = 15


class InContext(Task):  # type: ignore[type-arg]  # Celery's Task is generic in its stubs alone
    """A task whose body runs in an application context of its own, with a session that may write."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the body; the session ends with it, rolled back unless it committed."""
        with flask_app().app_context():
            set_read_only(False)
            started = time.monotonic()
            result = super().__call__(*args, **kwargs)
            _note_done(self.name, time.monotonic() - started)
            return result


def _note_done(name: str, seconds: float) -> None:
    """Let the task leave its beat, in a session of its own; one that fails leaves none."""
    engine = db.engine
    beating_of(_settings().pace).done(name, seconds, lambda: Session(engine))


def _settings() -> Settings:
    settings: Settings = flask_app().config["RELEVO"]
    return settings


def _configured() -> "Celery[Any]":
    app: Celery[Any] = Celery("relevo", broker=broker_url(Settings.from_environ().redis_url), task_cls=InContext)
    app.conf.update(
        include=sorted({name.rpartition(".")[0] for name, _, _ in TICKS}),
        timezone="UTC",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_time_limit=VISIBILITY_SECONDS - 60,
        task_soft_time_limit=VISIBILITY_SECONDS - 90,
        task_default_queue="upkeep",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_soft_shutdown_timeout=5,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        # Recovery is the database sweep's work; redelivery only saves waiting.
        broker_transport_options={
            "visibility_timeout": VISIBILITY_SECONDS,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
        },
    )
    return app


@cache
def flask_app() -> Flask:
    """Return this process's application, made before the children are forked or at the first task."""
    app = create_app(busy_seconds=WORKER_BUSY_SECONDS, most_connections=WORKER_CONNECTIONS, has_pages=False)
    nudges.set_up(app, celery)
    return app


@worker_init.connect
def _share(**_: object) -> None:
    """Make all that children need before they are forked: a lost one is replaced at once, and memory is shared."""
    app = flask_app()
    with app.app_context():
        configure_mappers()
        engine = db.engine
        expect_all(lambda: Session(engine), _settings().pace)
        engine.dispose()
    garbage.look_rarely()


@worker_process_init.connect
def _fresh_connections(**_: object) -> None:
    """Drop database connections that were opened before the fork."""
    with flask_app().app_context():
        db.engine.dispose(close=False)


celery = _configured()
