"""A worker that is told to end, as a real process: what its threads do has some seconds, and never keeps it longer."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inbox import nudges
from launcher import processes
from tests.journeys.running import until
from tests.workers import ending_worker

START_SECONDS, END_SECONDS = 60, 15
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def start(fresh_folder: Path, redis_url: str) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts the worker as inbox/commands/serving.py does, with more words where given."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RELEVO_")}
    environ |= {"RELEVO_DATA": str(fresh_folder), "DATABASE_URL": f"sqlite:///{fresh_folder / 'test.sqlite'}"}
    environ |= {"REDIS_URL": redis_url, "REMAP_SIGTERM": "SIGQUIT"}
    started: list[subprocess.Popen[bytes]] = []

    def begin(*more: str) -> subprocess.Popen[bytes]:
        words = ("-m", "celery", "-A", ending_worker.__name__, "worker", "-Q", "ending", "--pool", "prefork")
        how = ("--concurrency", "1", "--without-gossip", "--without-mingle", "--without-heartbeat", *more)
        with (fresh_folder / "log").open("ab") as log:
            started.append(processes.start([sys.executable, *words, *how], environ=environ, output=log.fileno()))
        return started[-1]

    yield begin
    for process in started:
        processes.signal_group(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def ask(fresh_folder: Path, redis_url: str) -> Callable[[str, float], None]:
    """Return a function that names a task and waits until its thread has begun."""
    producer: Any = nudges.make_producer(redis_url)

    def ask(name: str, seconds: float) -> None:
        producer.send_task("tests.take_time", (str(fresh_folder), name, seconds), queue="ending")
        until((fresh_folder / f"{name}.begun").exists, f"{name} has begun", START_SECONDS)

    return ask


@pytest.mark.parametrize(("seconds", "is_done"), [(3, True), (600, False)])
def test_what_is_out_has_some_seconds_and_no_more(
    start: Callable[..., subprocess.Popen[bytes]],
    ask: Callable[[str, float], None],
    fresh_folder: Path,
    seconds: float,
    is_done: bool,
) -> None:
    worker = start()
    ask("first", seconds)
    processes.signal_group(worker.pid, signal.SIGTERM)  # as `relevo up` does
    worker.wait(END_SECONDS)
    assert (fresh_folder / "first.ended").exists() is is_done
    assert ("cut_off" in (fresh_folder / "log").read_text()) is not is_done
    assert not processes.is_group_alive(worker.pid)


def test_a_child_that_is_replaced_lets_its_threads_end(
    start: Callable[..., subprocess.Popen[bytes]], ask: Callable[[str, float], None], fresh_folder: Path
) -> None:
    start("--max-tasks-per-child", "1")
    ask("first", 3)
    ask("second", 0)
    assert (fresh_folder / "first.ended").exists()
    assert (fresh_folder / "first.begun").read_text() != (fresh_folder / "second.begun").read_text()
