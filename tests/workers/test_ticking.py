"""Beat, as a process: it names every tick to its queue, without knowing the tasks."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from launcher import processes
from tests.journeys.running import until
from workers.schedule import TICKS


@pytest.fixture
def broker(redis_url: str) -> Iterator["redis.Redis"]:
    """Return an empty broker, and leave it empty."""
    with redis.Redis.from_url(redis_url) as link:
        link.flushdb()
        yield link
        link.flushdb()


@pytest.fixture
def beat(broker: "redis.Redis", redis_url: str, fresh_folder: Path) -> Iterator[None]:
    """Start beat at a pace at which every tick comes within a second."""
    environ = {**os.environ, "RELEVO_DATA": str(fresh_folder), "RELEVO_PACE": "1000", "REDIS_URL": redis_url}
    process = processes.start([sys.executable, "-P", "-m", "inbox.cli", "beat"], environ=environ)
    yield
    processes.signal_group(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.usefixtures("beat")
def test_beat_names_every_tick_on_its_queue_and_lets_it_expire(broker: "redis.Redis") -> None:
    until(lambda: named(broker) == {(name, queue) for name, queue, _ in TICKS}, "every tick was named", 60)


def named(broker: "redis.Redis") -> set[tuple[str, str]]:
    """Return each task that was named with an end to its use, and the queue that it waits in."""
    waiting: list[tuple[str, Any]] = []
    for queue in {queue for _, queue, _ in TICKS}:
        waiting += [(queue, json.loads(message)["headers"]) for message in broker.lrange(queue, 0, -1)]
    return {(told["task"], queue) for queue, told in waiting if told["expires"]}
