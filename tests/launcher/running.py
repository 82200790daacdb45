"""A whole Relevo in its processes, as `./relevo up` starts it, for tests that use it from outside."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from inbox.members.first import NOTE

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS = 90.0


class Running:
    """One `relevo up` on free ports with its data in `folder`; use it as a context manager."""

    def __init__(self, folder: Path, **environ: str) -> None:
        """Start it; further words go into its environment."""
        self.data = folder / "data"
        self.port = free_ports()
        self.said: list[str] = []
        told = {"RELEVO_DATA": str(self.data), "RELEVO_PORT": str(self.port), "RELEVO_HOST": "127.0.0.1", **environ}
        ours = ("RELEVO_", "DATABASE_URL", "REDIS_URL")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        words = [sys.executable, str(ROOT / "relevo"), "up"]
        self.process = subprocess.Popen(
            words, cwd=folder, env={**inherited, **told}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Running":
        """Wait until the pages answer."""
        self.wait_for(lambda: self.has_said("ready at"), READY_SECONDS, "it did not become ready")
        return self

    def __exit__(self, *raised: object) -> None:
        """End it, by force if it does not end by itself."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._listener.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and return the seconds until it has ended."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - began

    def has_said(self, words: str) -> bool:
        """Tell whether a line with these words was printed."""
        return any(words in line for line in list(self.said))

    def wait_for(self, is_reached: Callable[[], bool], seconds: float, failure: str) -> None:
        """Look until something holds; fails with what was printed when it ended or took too long."""
        deadline = time.monotonic() + seconds
        while not is_reached():
            assert self.process.poll() is None, f"it ended; {failure}:\n{self.report()}"
            assert time.monotonic() < deadline, f"{failure}:\n{self.report()}"
            time.sleep(0.05)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body of a page that nobody has signed in to."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:
            return int(answer.status), bytes(answer.read())

    def first_sign_in(self) -> tuple[str, str]:
        """Return the e-mail and the one-time password from the file that `up` left."""
        email, password = (self.data / NOTE).read_text().split()
        return email, password

    def processes(self) -> dict[str, int]:
        """Return the numbers of the processes that run now, by their names in the Procfile."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        named = {_name_of(int(child)): int(child) for child in children}
        return {name: pid for name, pid in named.items() if name}

    def log(self, name: str) -> str:
        """Return what a process has written so far."""
        path = self.data / "logs" / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def report(self) -> str:
        """Return what was printed and the end of every log, for a failing test."""
        logs = sorted((self.data / "logs").glob("*.log")) if self.data.exists() else []
        parts = ["".join(self.said), *(f"-- {path.name}\n{path.read_text()[-2000:]}" for path in logs)]
        return "\n".join(parts)

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)


def free_ports() -> int:
    """Return a port that is free together with the one after it."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                with socket.socket() as second:
                    second.bind(("127.0.0.1", port + 1))
                    return port
            except (OSError, OverflowError):
                continue


def _name_of(pid: int) -> str | None:
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
