"""Reads the Procfile: which processes make up a running Relevo."""

import shlex
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def read(path: Path | None = None) -> dict[str, list[str]]:
    """Return the words of each process by its name; `python` there means the one that runs now."""
    text = (path or _default_path()).read_text()
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {name.strip(): _words(line) for name, _, line in (line.partition(":") for line in lines)}


def _words(line: str) -> list[str]:
    first, *rest = shlex.split(line)
    return [sys.executable if first == "python" else first, *rest]


def _default_path() -> Path:
    packaged = _HERE / "Procfile"
    return packaged if packaged.exists() else _HERE.parent / "Procfile"
