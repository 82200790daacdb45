"""Everything together: it comes up, mends what is killed, refuses a second start, and ends without a rest."""

import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from launcher import data_folder
from tests.journeys.running import Running, relevo_up, until
from tests.launcher.test_supervisor import is_running
from tests.launcher.test_up import mode, up

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

NAMES = {"redis", "sandbox", "web", "stream", "worker-send", "worker-poll", "beat"}
KILLED = ("web", "worker-send", "redis")


def test_everything_comes_up_is_mended_and_ends(fresh_folder: Path) -> None:
    with relevo_up(fresh_folder / "data") as running:
        assert processes(running).keys() == NAMES
        assert isinstance(health(running), dict)
        assert len([line for line in running.relevo("channel", "list").splitlines() if "sandbox_" in line]) == 2
        assert mode(running.folder / "secret_keys") == 0o600

        refused = up(running.folder, RELEVO_PORT=str(running.port + 10))
        assert f"already running at {running.url} (process {running.process.pid})" in refused.stdout

        before = processes(running)
        kill_and_watch_them_come_back(running, before)
        put_away_the_sandbox(running)
        rotate_the_keys(running)

        alive = [running.process.pid, *before.values(), *processes(running).values()]
        assert running.end() < 15
    assert running.process.returncode == 0
    assert not any(is_running(pid) for pid in alive)


def test_without_the_sandbox_there_is_none_and_ctrl_c_ends_the_rest(fresh_folder: Path) -> None:
    with relevo_up(fresh_folder / "data", {"RELEVO_SANDBOX": "0"}) as running:
        alive = processes(running)
        assert alive.keys() == NAMES - {"sandbox"}
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(15) == 0
    assert not any(is_running(pid) for pid in alive.values())


def test_after_kill_9_nothing_is_left_and_the_next_start_waits_for_that(fresh_folder: Path) -> None:
    with relevo_up(fresh_folder / "data", {"RELEVO_SANDBOX": "0"}) as running:
        alive = processes(running)
        running.process.kill()
        running.process.wait()
        with relevo_up(fresh_folder / "data", {"RELEVO_SANDBOX": "0"}) as second:
            assert not any(is_running(pid) for pid in alive.values())
            assert processes(second).keys() == alive.keys()
            assert second.end() < 15


def kill_and_watch_them_come_back(running: Running, before: dict[str, int]) -> None:
    """Kill three processes and wait until each was named, and runs again under another number."""
    for name in KILLED:
        os.kill(before[name], signal.SIGKILL)

    def are_mended() -> bool:
        now = processes(running)
        is_named = all(f"{name} was killed by SIGKILL" in running.printed for name in KILLED)
        return is_named and all(now.get(name, before[name]) != before[name] for name in KILLED)

    until(are_mended, "all killed are named and run again", 60)
    until(lambda: health(running), "the pages answer again", 60)


def put_away_the_sandbox(running: Running) -> None:
    """Mark the sandbox as put away, and wait until it has ended for good."""
    (running.folder / "sandbox" / "off").touch()
    until(lambda: "sandbox" not in processes(running), "the sandbox has ended")


def rotate_the_keys(running: Running) -> None:
    """Add a key, and wait until every process that reads keys is another one."""
    before = processes(running)
    assert data_folder.add_key(running.folder)
    names = [name for name in before if name != "redis"]

    def are_new() -> bool:
        now = processes(running)
        return all(now.get(name, before[name]) != before[name] for name in names)

    until(are_new, "every process was started again", 60)
    until(lambda: health(running), "the pages answer again", 60)
    assert processes(running)["redis"] == before["redis"]


def health(running: Running) -> object | None:
    """Return what the pages say of their health; None while they do not answer."""
    try:
        with urllib.request.urlopen(f"{running.url}/healthz", timeout=5) as answer:
            return json.loads(answer.read()) if answer.status == 200 else None
    except OSError:
        return None


def processes(running: Running) -> dict[str, int]:
    """Return the numbers of the processes that `up` runs now, by their names in the Procfile."""
    pid = running.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    named = {name_of(int(child)): int(child) for child in children}
    return {name: pid for name, pid in named.items() if name}


def name_of(pid: int) -> str | None:
    """Return the name that a process was started under; None if it has just ended."""
    try:
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        program = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return None
    names = [entry.partition(b"=")[2].decode() for entry in told if entry.startswith(b"RELEVO_PROCESS=")]
    if names:
        return names[0]
    # Redis writes its title over its environment.
    return "redis" if program.startswith("redis-server") else None
