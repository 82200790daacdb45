"""The data folder of `./relevo up`: made private, held by one start at a time, with the keys in it."""

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KEYS_FILE = "secret_keys"
_KEY_BYTES = 32  # what Fernet takes


class AlreadyUp(RuntimeError):
    """Another `./relevo up` uses the folder; says where it answers."""


@contextmanager
def held(folder: Path, address: str) -> Iterator[None]:
    """Make the folder and hold it, noting our address for others; raises AlreadyUp with the holder's."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyUp(_describe_holder(lock.name, folder)) from None
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "address": address}))
        lock.flush()
        yield


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
