"""The data folder of `./relevo up`: made private, held by one start at a time, with the keys in it."""

import base64
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

KEYS_FILE = "secret_keys"
_KEY_BYTES = 32  # what Fernet takes
KILLED_SECONDS = 5.0


class AlreadyUp(RuntimeError):
    """Another `./relevo up` uses the folder; says where it answers."""


class StillRunning(RuntimeError):
    """What an earlier start began has not ended."""


@contextmanager
def held(folder: Path, address: str) -> Iterator[None]:
    """Make the folder and hold it, noting our address for others; raises AlreadyUp with the holder's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "up.lock").open("a+") as lock:
        if not _take(lock):
            raise AlreadyUp(_describe_holder(lock.name, folder))
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "address": address}))
        lock.flush()
        yield


@contextmanager
def outlived(folder: Path, seconds: float, tell: Callable[[str], None]) -> Iterator[int]:
    """Give a file whose lock every process of this start keeps; raises StillRunning.

    A start that was killed leaves its processes a few seconds to end, and two sets at once would share
    ports and Redis. We wait for their lock up to `seconds`, then kill whoever still has it: a worker whose
    Redis ended with it may wait for that for ever.
    """
    with (folder / "processes.lock").open("a") as lock:
        if not _take(lock):
            tell("an earlier start was killed; waiting for its processes to end")
            if not _take_within(lock, seconds):
                tell("they do not end by themselves; killing them")
                _kill_holders(lock)
                if not _take_within(lock, KILLED_SECONDS):
                    raise StillRunning(f"processes of an earlier start are still running with the data in {folder}")
        yield lock.fileno()


def _take_within(lock: IO[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not _take(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _kill_holders(lock: IO[str]) -> None:
    """Kill every other process that has this file open (Linux; elsewhere nobody is found)."""
    wanted = os.fstat(lock.fileno())
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        pid = int(handle.parts[2])
        try:
            has_it = pid != os.getpid() and os.path.samestat(handle.stat(), wanted)
            if has_it:
                os.kill(pid, signal.SIGKILL)
        except OSError:  # it ended meanwhile, or is not ours
            continue


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_keys_if_missing(folder: Path) -> bool:
    """Write a fresh key that only we may read, unless the folder has one; True if it was written."""
    path = folder / KEYS_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode() + "\n")
    return True


def add_key(folder: Path) -> bool:
    """Put a fresh key before the kept ones; False where the keys come from the environment instead."""
    path = folder / KEYS_FILE
    if os.environ.get("RELEVO_SECRET_KEYS") or not path.exists():
        return False
    fresh = base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode()
    aside = path.with_suffix(".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{fresh}\n{path.read_text()}")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return True


def _describe_holder(lock: str, folder: Path) -> str:
    try:
        noted = json.loads(Path(lock).read_text())
        return f"Relevo is already running at {noted['address']} (process {noted['pid']}), with the data in {folder}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"Relevo is already running with the data in {folder}"
