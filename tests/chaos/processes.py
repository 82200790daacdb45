"""One process of the stage: started, killed at any instant, made to stand still, and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Ends with us, also when we are killed; a program of its own, for between fork and exec nothing may be run
# in a process that has threads.
_LEASHED = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); "
    "os.getppid() == int(sys.argv[1]) or os._exit(1); os.execv(sys.argv[2], sys.argv[2:])"
)
AGAIN_SECONDS = 0.3
# What an earlier life left behind gets this long to find out; then it is killed, as `./relevo up` does.
LEFTOVER_SECONDS = 3.0


class Kept:
    """A process that is started again whenever it is found dead, unless it is `down`."""

    def __init__(self, name: str, words: Sequence[str], environ: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.is_down = True
        self._words = list(words)
        self._environ = dict(environ)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._groups: list[int] = []
        self._died_at = 0.0

    def start(self) -> None:
        """Start it and keep it alive; from the main thread only, whose end would otherwise end it."""
        self.is_down = False
        self.look_after()

    def look_after(self) -> None:
        """Start it again if it has died, a moment later."""
        if self.is_down or self.is_running:
            return
        if self._process is not None and not self._is_time():
            return
        self._died_at = 0.0
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _LEASHED, str(os.getpid()), *self._words],
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._groups.append(self._process.pid)

    def _is_time(self) -> bool:
        """Whether a dead process may be started again: a moment later, and when its children have ended too."""
        now = time.monotonic()
        self._died_at = self._died_at or now
        if now - self._died_at < AGAIN_SECONDS:
            return False
        if now - self._died_at > LEFTOVER_SECONDS:
            send_group(self.pid, signal.SIGKILL)
            return True
        return not is_group_alive(self.pid)

    @property
    def is_running(self) -> bool:
        """Whether its main process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The number of its main process; 0 when it has never been started."""
        return self._process.pid if self._process else 0

    def children(self) -> list[int]:
        """List what its main process has forked."""
        return children_of(self.pid) if self.is_running else []

    def kill(self) -> None:
        """Kill its main process alone, with nothing said to the children."""
        send(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def kill_group(self) -> None:
        """Kill it and all it started."""
        send_group(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def end(self, seconds: float = 12.0) -> None:
        """End it for good: politely, then by force, with whatever an earlier life left behind."""
        self.is_down = True
        if self.is_running:
            send_group(self.pid, signal.SIGCONT)
            send(self.pid, signal.SIGTERM)
        assert self._process is not None or not self._groups
        try:
            if self._process is not None:
                self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        self.clear()

    def clear(self) -> None:
        """Kill what is left of every life it had."""
        for group in self._groups:
            send_group(group, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._groups.clear()


def children_of(pid: int) -> list[int]:
    """List the direct children of a process."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(one) for one in (task / "children").read_text().split()]
    except OSError:
        return []
    return found


def family_of(pid: int) -> list[int]:
    """List a process and everything below it, whatever group it moved to."""
    return [pid, *(one for child in children_of(pid) for one in family_of(child))]


def count_connections(pid: int, port: int) -> int:
    """Count a process's open connections to a port of this machine; 0 when it has ended."""
    try:
        links = {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()}
        rows = [row.split() for row in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    except OSError:
        return 0
    return sum(row[2].endswith(f":{port:04X}") and f"socket:[{row[9]}]" in links for row in rows)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    try:
        if pid > 0:
            os.kill(pid, number)
    except ProcessLookupError:
        pass


def send_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to a group that may be empty by now."""
    try:
        if leader > 0:
            os.killpg(leader, number)
    except ProcessLookupError:
        pass


def is_group_alive(leader: int) -> bool:
    """Tell whether any process of a group is left."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True
