"""The supervisor: what dies is named and started again, and the end takes everything with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.supervisor import Command, Supervisor

# Run as a program of its own: it owns signal handlers and adopts orphans.
_PROGRAM = """
import sys
from pathlib import Path
from launcher.supervisor import Command, Supervisor
folder = Path(sys.argv[1])
with Supervisor(folder, lambda text: print(text, flush=True)) as supervisor:
    for number, script in enumerate(sys.argv[2:]):
        supervisor.add(Command(f"job{number}", (sys.executable, "-u", "-c", script), {}))
    print("watching", flush=True)
    supervisor.run()
print("ended", flush=True)
"""
_STAYS = """
import os, time
with open({file!r}, "a") as noted:
    noted.write(str(os.getpid()) + "\\n")
time.sleep(60)
"""


class Watched:
    """A supervisor in a process of its own, and the lines that it has said so far."""

    def __init__(self, folder: Path, *scripts: str) -> None:
        environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        words = [sys.executable, "-c", _PROGRAM, str(folder), *scripts]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environ)
        self.said: list[str] = []

    def listen_for(self, words: str) -> str:
        """Read until a line has the words; the test's own time limit ends an endless wait."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return line
        raise AssertionError(f"never said {words!r}: {self.said}")

    def end(self, number: signal.Signals) -> float:
        """Send a signal and return how many seconds the end took."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return time.monotonic() - began


def wait_for(is_reached: Callable[[], bool], what: str, seconds: float = 15) -> None:
    """Look again and again until it holds, or fail saying what did not happen."""
    deadline = time.monotonic() + seconds
    while not is_reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def pids_in(file: Path) -> list[int]:
    """Return the process numbers that the jobs noted."""
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def staying(file: Path) -> str:
    """Return a script that notes its number in a file and stays."""
    return _STAYS.format(file=str(file))


def test_a_killed_process_is_named_with_its_signal_and_started_again(fresh_folder: Path) -> None:
    noted = fresh_folder / "pids"
    watched = Watched(fresh_folder, staying(noted))
    wait_for(lambda: len(pids_in(noted)) == 1, "the job did not start")
    os.kill(pids_in(noted)[0], signal.SIGKILL)
    line = watched.listen_for("job0")
    assert "job0 was killed by SIGKILL" in line
    assert str(fresh_folder / "job0.log") in line
    wait_for(lambda: len(pids_in(noted)) == 2, "the job was not started again")
    watched.end(signal.SIGTERM)
    assert not any(is_running(pid) for pid in pids_in(noted))


def test_a_failing_process_is_quoted_and_waited_for_longer_each_time(fresh_folder: Path) -> None:
    watched = Watched(fresh_folder, "print('first line'); raise SystemExit('the port is taken')")
    first = watched.listen_for("job0")
    assert "ended with exit code 1 (the port is taken); starting it again in 0.5 s" in first
    assert "in 1.0 s" in watched.listen_for("job0")
    assert "in 2.0 s" in watched.listen_for("job0")
    watched.end(signal.SIGTERM)
    assert (fresh_folder / "job0.log").read_text().splitlines()[:2] == ["first line", "the port is taken"]


def test_a_program_that_does_not_exist_is_said_and_tried_again(fresh_folder: Path) -> None:
    said: list[str] = []
    with Supervisor(fresh_folder, said.append) as supervisor:
        supervisor.add(Command("ghost", ("/nowhere/ghost",), {}))
        assert supervisor.run_until(lambda: len(said) == 2, 5)
    assert all(line.startswith("ghost could not be started: ") for line in said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_children_and_grandchildren(fresh_folder: Path, number: signal.Signals) -> None:
    noted = fresh_folder / "pids"
    script = staying(noted)
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {script!r}])"
    watched = Watched(fresh_folder, parent, script)
    wait_for(lambda: len(pids_in(noted)) == 2, "the jobs did not start")
    assert watched.end(number) < 15
    assert watched.process.returncode == 0
    assert not any(is_running(pid) for pid in pids_in(noted))


def test_one_that_ignores_term_is_killed_in_time(fresh_folder: Path) -> None:
    noted = fresh_folder / "pids"
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + staying(noted)
    watched = Watched(fresh_folder, stubborn)
    wait_for(lambda: len(pids_in(noted)) == 1, "the job did not start")
    assert watched.end(signal.SIGTERM) < 15
    assert not is_running(pids_in(noted)[0])


def test_children_end_when_the_supervisor_is_killed(fresh_folder: Path) -> None:
    noted = fresh_folder / "pids"
    watched = Watched(fresh_folder, staying(noted))
    wait_for(lambda: len(pids_in(noted)) == 1, "the job did not start")
    watched.end(signal.SIGKILL)
    wait_for(lambda: not is_running(pids_in(noted)[0]), "the job outlived its supervisor")


def test_what_a_dead_process_left_behind_goes_before_it_starts_again(fresh_folder: Path) -> None:
    noted, left = fresh_folder / "pids", fresh_folder / "left"
    leaves = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {staying(left)!r}])\n" + staying(noted)
    watched = Watched(fresh_folder, leaves)
    wait_for(lambda: len(pids_in(noted)) == 1 and len(pids_in(left)) == 1, "the job did not start")
    os.kill(pids_in(noted)[0], signal.SIGKILL)
    wait_for(lambda: len(pids_in(noted)) == 2, "the job was not started again")
    assert not is_running(pids_in(left)[0])
    watched.end(signal.SIGTERM)
