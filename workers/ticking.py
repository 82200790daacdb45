"""The Celery app of beat: it names tasks that others know, so it loads none of them, and is up at once."""

from typing import Any

from celery import Celery

from inbox.broker import broker_url
from inbox.settings import Settings
from workers.schedule import timetable


def make_app(settings: Settings) -> "Celery[Any]":
    """Return an app that knows the timetable and the broker."""
    app: Celery[Any] = Celery("relevo", broker=broker_url(settings.redis_url))
    app.conf.update(
        timezone="UTC",
        task_ignore_result=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_hijack_root_logger=False,
        beat_schedule=timetable(settings.pace),
    )
    return app


celery = make_app(Settings.from_environ())
