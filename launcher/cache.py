"""Things that take long to fetch or build, kept outside the checkout under the hash of what they are made from."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path


def folder() -> Path:
    """Return the cache folder of the person who runs us, as XDG_CACHE_HOME has it."""
    kept = os.environ.get("XDG_CACHE_HOME")
    return (Path(kept) if kept else Path.home() / ".cache") / "relevo"


def build_once(name: str, inputs: Sequence[Path], build: Callable[[Path], None]) -> Path:
    """Return the folder that `build` filled from these inputs, filling it if it is not there yet.

    Only one process builds at a time; a build that fails leaves nothing. Older builds of the same name go.
    """
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()[:16]
    target = folder() / f"{name}-{digest}"
    if target.exists():
        return target
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            _build(target, build)
            _drop_older(name, target)
    return target


def _build(target: Path, build: Callable[[Path], None]) -> None:
    # Under its final name from the start would make a half build look whole.
    half = target.with_name(f"{target.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    try:
        build(half)
        half.rename(target)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _drop_older(name: str, target: Path) -> None:
    for other in folder().glob(f"{name}-*"):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)
