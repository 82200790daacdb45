"""The thread that watches, in the process that serves the pages: it lives as long as they do."""

import threading
from datetime import datetime

import structlog
from flask import Flask
from sqlalchemy.orm import Session

from inbox.database import db
from inbox.settings import Settings
from inbox.watch.watch import watch_of
from inbox.watch.watcher import Watcher

log = structlog.get_logger()
LOOK_SECONDS = 5.0


def begin(app: Flask, serving_since: datetime) -> threading.Thread:
    """Watch from now on; called in the process that serves, for a fork takes no threads along.

    `serving_since` is the server's, not this worker's: a worker that is replaced begins no new grace.
    """
    settings: Settings = app.config["RELEVO"]
    watch = watch_of(app)
    watch.serving_since = serving_since
    with app.app_context():
        engine = db.engine
    watcher = Watcher(watch, lambda: Session(engine), settings)
    thread = threading.Thread(target=_run, args=(app, watcher), name="watch", daemon=True)
    thread.start()
    return thread


def _run(app: Flask, watcher: Watcher) -> None:
    pause = threading.Event()
    while not pause.wait(LOOK_SECONDS):
        try:
            with app.app_context():
                watcher.look()
        except Exception:  # the thread's edge: it must outlive whatever it meets
            log.exception("watch_failed")
