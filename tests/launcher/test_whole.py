"""Everything together: it comes up, mends what is killed, refuses a second start, and ends without a rest."""

import json
import os
import signal
from pathlib import Path

import pytest

from launcher import data_folder
from tests.launcher.running import Running
from tests.launcher.test_supervisor import is_running
from tests.launcher.test_up import mode, up

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]

NAMES = {"redis", "sandbox", "web", "stream", "worker-send", "worker-poll", "beat"}
KILLED = ("web", "worker-send", "redis")


def test_everything_comes_up_is_mended_and_ends(fresh_folder: Path) -> None:
    with Running(fresh_folder) as running:
        assert running.processes().keys() == NAMES
        status, body = running.get("/healthz")
        assert status == 200
        assert isinstance(json.loads(body), dict)
        assert mode(running.data) == 0o700
        assert mode(running.data / "secret_keys") == 0o600

        refused = up(running.data, RELEVO_PORT=str(running.port + 10))
        assert f"already running at {running.address} (process {running.process.pid})" in refused.stdout

        before = running.processes()
        for name in KILLED:
            os.kill(before[name], signal.SIGKILL)
        running.wait_for(lambda: are_mended(running, before, KILLED), 40, "not all were named and started again")
        running.wait_for(lambda: answers(running), 30, "the pages did not come back")

        put_away_the_sandbox(running)
        rotate_the_keys(running)

        alive = [running.process.pid, *before.values(), *running.processes().values()]
        assert running.end() < 15
    assert running.process.returncode == 0
    assert not any(is_running(pid) for pid in alive)


def test_without_the_sandbox_there_is_none(fresh_folder: Path) -> None:
    with Running(fresh_folder, RELEVO_SANDBOX="0") as running:
        assert running.processes().keys() == NAMES - {"sandbox"}
        assert running.end(signal.SIGINT) < 15
    assert running.process.returncode == 0


def put_away_the_sandbox(running: Running) -> None:
    """Mark the sandbox as put away, and wait until it has ended for good."""
    (running.data / "sandbox" / "off").touch()
    running.wait_for(lambda: "sandbox" not in running.processes(), 15, "the sandbox stayed")


def rotate_the_keys(running: Running) -> None:
    """Add a key, and wait until every process that reads keys is another one."""
    before = running.processes()
    assert data_folder.add_key(running.data)
    names = tuple(name for name in before if name != "redis")

    def are_new() -> bool:
        now = running.processes()
        return all(now.get(name, before[name]) != before[name] for name in names) and answers(running)

    running.wait_for(are_new, 40, "not every process was started again")
    assert running.processes()["redis"] == before["redis"]


def are_mended(running: Running, before: dict[str, int], killed: tuple[str, ...]) -> bool:
    """Tell whether each of the killed was named, and runs again under another number."""
    now = running.processes()
    is_named = all(running.has_said(f"{name} was killed by SIGKILL") for name in killed)
    return is_named and all(name in now and now[name] != before[name] for name in killed)


def answers(running: Running) -> bool:
    """Tell whether the pages are there."""
    try:
        return running.get("/healthz")[0] == 200
    except OSError:
        return False
