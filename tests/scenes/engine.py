"""Beat and its workers without processes: each sweep of the timetable when its interval has passed, in its order."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, Protocol

import pytest
import redis
from flask import Flask

from inbox import clock, nudges
from tests.factories.fake_platform import Killed
from workers import alerting, app, notifying, polling, sending, timers, upkeep
from workers.crew import Find
from workers.schedule import TICKS

MODULES: tuple[ModuleType, ...] = (app, alerting, notifying, polling, sending, timers, upkeep)


class AtOnce:
    """A crew whose work is done when `work_off` returns."""

    def work_off(self, find: Find) -> None:
        """Do what is found, one piece after the other."""
        while work := find():
            work()


class Bring(Protocol):
    """How the name of a task comes to a worker."""

    def name(self, task: str, queue: str) -> None:
        """Name a task."""

    def take(self) -> str | None:
        """Return the next task for a worker."""


@dataclass
class ByHand:
    """Without a broker: what beat names is done."""

    waiting: list[str] = field(default_factory=list)

    def name(self, task: str, queue: str) -> None:
        """Remember it."""
        self.waiting.append(task)

    def take(self) -> str | None:
        """Return what was named first."""
        return self.waiting.pop(0) if self.waiting else None


class Broker:
    """Through Redis, as in life: it may be flushed, and then nobody knows what was named."""

    def __init__(self, url: str) -> None:
        self.url, self.link, self.producer = url, redis.Redis.from_url(url), nudges.make_producer(url)
        self.queues = list(dict.fromkeys(queue for _, queue, _ in TICKS))

    def name(self, task: str, queue: str) -> None:
        """Name a task as beat does."""
        assert self.producer is not None
        self.producer.send_task(task, queue=queue)

    def take(self) -> str | None:
        """Take the oldest message of the queues."""
        for queue in self.queues:
            found: Any = self.link.rpop(queue)
            if found is not None:
                return str(json.loads(found)["headers"]["task"])
        return None

    def count(self) -> int:
        """Return how many messages wait for a worker."""
        return sum(int(self.link.llen(queue)) for queue in self.queues)

    def flush(self) -> None:
        """Forget everything."""
        self.link.flushdb()


@dataclass
class Engine:
    """What runs beside the pages."""

    bring: Bring = field(default_factory=ByHand)
    beats: int = 1
    rests: set[str] = field(default_factory=set)  # tasks that nobody does for now
    is_working: bool = True
    done_at: dict[str, datetime] = field(default_factory=dict)

    def tick(self) -> None:
        """Let beat name whatever is due by its interval, and the workers do all that was named."""
        now = clock.now()
        for task, queue, seconds in TICKS:
            last_at = self.done_at.get(task)
            if task not in self.rests and (last_at is None or now - last_at >= timedelta(seconds=seconds)):
                self.done_at[task] = now
                for _ in range(self.beats):
                    self.bring.name(task, queue)
                self.work()
        self.work()

    def work(self) -> None:
        """Let a worker do all that was named; one that is killed takes its task along."""
        while self.is_working and (task := self.bring.take()) is not None:
            try:
                app.celery.tasks[task]()
            except Killed:
                continue


def set_up(monkeypatch: pytest.MonkeyPatch, flask: Flask) -> Engine:
    """Return an engine whose tasks run in the test's application, one after the other."""
    for module in MODULES:
        monkeypatch.setattr(module, "flask_app", lambda: flask)
        if hasattr(module, "crew_of"):
            monkeypatch.setattr(module, "crew_of", lambda _name, _size: AtOnce())
    return Engine()
