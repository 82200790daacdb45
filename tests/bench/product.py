"""The product as its processes on a stage's database: what is measured from outside, over HTTP and in /proc."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from launcher import processes
from launcher.procfile import read as read_procfile
from launcher.redis_server import RedisServer
from tests.bench.stage import Stage
from tests.journeys.running import free_port

Found = TypeVar("Found")
START_SECONDS = 90.0
_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class Product:
    """Processes of the Procfile, each with its log, on one stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.port = free_port()
        self.pids: dict[str, int] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        self._redis = RedisServer(stage.folder / "redis")
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RELEVO_")},
            "RELEVO_DATA": str(stage.folder),
            "RELEVO_PORT": str(self.port),
            "RELEVO_SECRET_KEYS": " ".join(stage.settings.secret_keys),
            "DATABASE_URL": stage.url,
            "REDIS_URL": self._redis.url,
        }

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where the event streams are."""
        return f"http://127.0.0.1:{self.port + 1}"

    def start(self, *names: str) -> None:
        """Start processes by their names in the Procfile, and wait until what serves answers."""
        for name in names:
            self.run(name, *read_procfile()[name])
        if "web" in names:
            until(lambda: _answers(f"{self.url}/healthz"), "the pages answer")
        if "stream" in names:
            until(lambda: _answers(f"{self.stream_url}/healthz"), "the streams answer")

    def run(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        """Start any program beside them; it ends with them."""
        program = [sys.executable if word == "python" else word for word in words]
        with self.log(name).open("ab") as log:
            process = processes.start(program, environ=self.environ, output=log.fileno())
        self._running.append(process)
        self.pids[name] = process.pid
        return process

    def log(self, name: str) -> Path:
        """Where a process writes what it says."""
        return self._stage.folder / f"{name}.log"

    def pss_mb(self, name: str) -> float:
        """Return the memory of a process and all below it, what is shared counted by its share."""
        return sum(map(_pss_of, _tree(self.pids[name]))) / 1024

    def stop(self) -> None:
        """End all of them, by force what does not end."""
        for process in self._running:
            processes.signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 15
        for process in self._running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                processes.signal_group(process.pid, signal.SIGKILL)
                process.wait()
        self._redis.stop()


@contextmanager
def running(stage: Stage, *names: str) -> Iterator[Product]:
    """Run processes of the product for as long as something is measured."""
    product = Product(stage)
    try:
        product.start(*names)
        yield product
    finally:
        product.stop()


def until(look: Callable[[], Found | None], what: str, seconds: float = START_SECONDS) -> Found:
    """Look again and again until something is found; fails saying what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise TimeoutError(f"after {seconds:g} s still not: {what}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _tree(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for word in words for one in _tree(int(word)))]


def _pss_of(pid: int) -> int:
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except OSError:
        return 0
    return int(found[1]) if found else 0
