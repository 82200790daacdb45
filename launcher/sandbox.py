"""The sandbox as the launcher sees it: whether it is wanted, how to start it, where it answers."""

import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inbox.settings import Pace, Settings

NAME = "sandbox"
_FILE = "sandbox.json"


def folder(settings: Settings) -> Path:
    """Return where the sandbox keeps what it knows; Relevo's database is not there."""
    return settings.data_dir / "sandbox"


def is_wanted(settings: Settings) -> bool:
    """Tell whether the sandbox belongs to this installation: never in production, nor once it was put away."""
    return settings.is_sandbox_wanted and not settings.is_production and not settings.sandbox_off.exists()


def words(settings: Settings) -> list[str]:
    """Return the words that start it, at the pace of everything else."""
    place = folder(settings)
    place.mkdir(mode=0o700, exist_ok=True)
    speed = Pace().sweep_seconds / settings.pace.sweep_seconds
    return [sys.executable, "-P", "-m", "sandbox", "--data", str(place), "--pace", f"{speed:g}"]


def read(place: Path) -> dict[str, Any]:
    """Return what the sandbox wrote about itself: its address and the tokens of both personalities."""
    told: dict[str, Any] = json.loads((place / _FILE).read_text())
    return told


def is_there(place: Path) -> bool:
    """Tell whether a sandbox has written where it is."""
    return (place / _FILE).exists()


def is_answering(place: Path, pid: int | None) -> bool:
    """Tell whether the sandbox that runs as `pid` has written where it is, and listens there."""
    try:
        told = read(place)
        with socket.create_connection(("127.0.0.1", int(told["port"])), timeout=1):
            return bool(told["pid"] == pid)
    except (OSError, ValueError, KeyError):
        return False


def allow(environ: Mapping[str, str], place: Path) -> dict[str, str]:
    """Return the environment with the sandbox's address among the services on this machine that may be called."""
    known = environ.get("RELEVO_LOCAL_SERVICES", "").split()
    return {**environ, "RELEVO_LOCAL_SERVICES": " ".join([*known, str(read(place)["url"])])}
