"""gunicorn's settings for the web process: one worker with threads, which SQLite's single writer wants.

An event-loop worker would stand still whenever one request waits for the database's lock.
"""

import gc
from datetime import datetime
from typing import Any

from inbox import clock
from inbox.settings import Settings
from launcher.gunicorn_shared import *  # noqa: F403
from launcher.gunicorn_shared import listen_at

_settings = Settings.from_environ()

proc_name = "relevo web"
wsgi_app = "inbox:create_app()"
bind = listen_at(_settings.host, _settings.port)
worker_class = "launcher.gunicorn_worker.PatientWorker"
threads = 16
# Made before the worker is forked: one that is lost is replaced at once, not after the seconds that importing takes.
preload_app = True


def pre_fork(_server: object, _worker: object) -> None:  # gunicorn counts what a hook takes
    """Keep what is loaded out of collections: what they don't look at is not written to, and stays shared memory."""
    gc.collect()
    gc.freeze()


_serving_since: list[datetime] = []


def when_ready(_server: object) -> None:
    """Note since when pages are served; a worker that is replaced later inherits it."""
    _serving_since.append(clock.now())


def post_worker_init(worker: Any) -> None:
    """Watch over the engine from the worker that serves: nobody else may be there to tell that it stands still."""
    from inbox.watch import thread

    thread.begin(worker.wsgi, _serving_since[-1])
