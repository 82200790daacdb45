"""The stage: a temporary data folder with the sandbox, Redis, a database and every process of the Procfile."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import redis

from launcher import procfile, redis_server
from tests.chaos.databases import Database
from tests.chaos.processes import Kept, send_group

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90.0
TEAM = "Team"
# What the one policy of a run promises, at pace 1.
PROMISED_SECONDS = 600.0
PERSONALITIES = ("feed", "pages")


class Stuck(RuntimeError):
    """The stage did not get where it had to; says where it stands."""


@dataclass(frozen=True)
class Plan:
    """What was asked for: everything that a run does follows from it."""

    seed: int
    database: str = "sqlite"
    pace: float = 10.0
    minutes: float = 0.0
    mutant: str | None = None
    is_doubled: bool = False
    is_power: bool = False

    def paced(self, seconds: float) -> float:
        """Return a length of the rules, at pace 1, as it is in this run."""
        return seconds / self.pace


@dataclass
class Stage:
    """Every process of a run. Its methods belong to the main thread."""

    plan: Plan
    folder: Path
    source: Path
    database: Database
    processes: dict[str, Kept] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Path:
        """The sandbox's own record, which the product can't read."""
        return self.folder / "sandbox" / "ledger.sqlite"

    @property
    def ports(self) -> list[int]:
        """Where the pages answer; two of them when all is doubled."""
        first = int(self.environ["RELEVO_PORT"])
        return [first, first + 2] if self.plan.is_doubled else [first]

    def told(self) -> dict[str, Any]:
        """Return where the sandbox is, and its tokens."""
        found: dict[str, Any] = json.loads((self.folder / "sandbox" / "sandbox.json").read_text())
        return found

    def control(self) -> httpx.Client:
        """Return a client of the sandbox's control API; one for each thread."""
        told = self.told()
        headers = {"Authorization": f"Bearer {told['control_token']}"}
        return httpx.Client(base_url=told["url"], headers=headers, timeout=30)

    def redis(self) -> redis.Redis:
        """Return a connection to the private Redis."""
        return redis.Redis.from_url(self.environ["REDIS_URL"])

    def look_after(self) -> None:
        """Start again what has died."""
        for kept in list(self.processes.values()):
            kept.look_after()

    def add(self, name: str, words: list[str], **environ: str) -> Kept:
        """Start one more process."""
        log = self.folder / "logs" / f"{name}.log"
        kept = self.processes[name] = Kept(name, words, self.environ | environ, log)
        kept.start()
        return kept

    def again(self, name: str, as_name: str) -> Kept:
        """Start a process of the Procfile once more, beside the one that runs."""
        return self.add(as_name, procfile.read(self.source / "Procfile")[name])

    def errand(self, *words: str) -> str:
        """Run a program of the product to its end and return what it printed; raises Stuck if it failed."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", *words],
            check=False,
            env=self.environ,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode != 0:
            raise Stuck(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def product(self) -> list[Kept]:
        """List the product's own processes: all but Redis and the sandbox."""
        return [kept for name, kept in self.processes.items() if name not in ("redis", "sandbox")]

    def end_product(self) -> None:
        """End the product's processes, and leave sandbox, Redis and database running."""
        ending = self.product()
        for kept in ending:
            kept.is_down = True
            send_group(kept.pid, signal.SIGTERM)
        for kept in ending:
            kept.end()
            del self.processes[kept.name]

    def kill_everything(self) -> None:
        """Stop all at once and hard: the product, Redis, the sandbox, and a database server if there is one."""
        for kept in self.processes.values():
            send_group(kept.pid, signal.SIGKILL)
        self.database.kill()
        for kept in self.processes.values():
            kept.clear()
        self.database.start()


@contextmanager
def staged(plan: Plan, folder: Path, source: Path) -> Iterator[Stage]:
    """Start everything in `folder`, with the product's source from `source`; end everything afterwards."""
    for name in ("logs", "sandbox", "run"):
        (folder / name).mkdir(parents=True, mode=0o700)
    database = Database.make(plan.database, folder)
    stage = Stage(plan, folder, source, database)
    try:
        _prepare(stage)
        yield stage
    finally:
        for kept in list(stage.processes.values()):
            kept.end(3.0)
        database.stop()


def _prepare(stage: Stage) -> None:
    stage.environ = _environ(stage)
    _start_servers(stage)
    stage.environ["RELEVO_LOCAL_SERVICES"] = str(stage.told()["url"])
    stage.errand("launcher.first_start")
    promise(stage)
    start_product(stage)
    for port in stage.ports:
        until(stage, lambda port=port: answers(f"http://127.0.0.1:{port}/healthz"), "the pages answer")  # type: ignore[misc]


def promise(stage: Stage) -> None:
    """Promise answers so soon that deadlines are met, missed and taken back within a run."""
    seconds = stage.plan.paced(PROMISED_SECONDS)
    values = {"target": int(seconds), "warnings": json.dumps([{"before_seconds": int(seconds / 3)}])}
    kept = "CAST(:warnings AS JSON)" if stage.database.kind == "postgresql" else ":warnings"
    stage.database.change(f"UPDATE sla_policy_version SET target_seconds = :target, warnings = {kept}", **values)


def start_product(stage: Stage) -> None:
    """Start the processes of the Procfile; twice where that was asked for."""
    for name, words in procfile.read(stage.source / "Procfile").items():
        stage.add(name, words)
        if stage.plan.is_doubled and name != "stream":
            port = str(int(stage.environ["RELEVO_PORT"]) + 2)
            stage.add(f"{name}-2", words, **({"RELEVO_PORT": port} if name == "web" else {}))


def connect_channels(stage: Stage) -> None:
    """Connect both personalities, as `up` does."""
    stage.errand("launcher.sandbox_channels")


def _environ(stage: Stage) -> dict[str, str]:
    ours = ("RELEVO_", "REDIS_", "DATABASE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "PYTHONPATH": str(stage.source),
        "PYTHONUNBUFFERED": "1",
        "RELEVO_DATA": str(stage.folder),
        "RELEVO_PORT": str(free_ports(4)),
        "RELEVO_PACE": f"{stage.plan.pace:g}",
        "RELEVO_SECRET_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "REDIS_URL": redis_server.url(stage.folder / "redis"),
        "DATABASE_URL": stage.database.url,
    }


def _start_servers(stage: Stage) -> None:
    place = stage.folder / "sandbox"
    words = [sys.executable, "-P", "-m", "sandbox", "--data", str(place), "--traffic", "off"]
    # The sandbox is the platform, not the product: it is never taken from a changed source.
    told = ("--pace", f"{stage.plan.pace:g}", "--seed", str(stage.plan.seed))
    stage.add("sandbox", [*words, *told], PYTHONPATH=str(ROOT))
    folder = stage.folder / "redis"
    stage.add("redis", redis_server.command(folder, redis_server.find_program()))
    until(stage, lambda: redis_server.is_answering(folder), "Redis answers")
    until(stage, (place / "sandbox.json").exists, "the sandbox says where it is")
    until(stage, lambda: answers(f"{stage.told()['url']}/sandbox/state"), "the sandbox answers")


def until(stage: Stage, is_reached: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Look after the processes until something holds; raises Stuck with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_reached():
        if time.monotonic() > deadline:
            raise Stuck(f"after {seconds:.0f} s still not: {what}; the logs are in {stage.folder / 'logs'}")
        stage.look_after()
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Tell whether something answers there, whatever it says."""
    try:
        httpx.get(url, timeout=2)
    except httpx.HTTPError:
        return False
    return True


def free_ports(count: int) -> int:
    """Return the first of `count` free ports in a row."""
    while True:
        sockets: list[socket.socket] = []
        try:
            sockets.append(_bound(0))
            first = int(sockets[0].getsockname()[1])
            sockets += [_bound(first + number) for number in range(1, count)]
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
        return first


def _bound(port: int) -> socket.socket:
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", port))
    except OSError:
        one.close()
        raise
    return one
