"""One log file for each process, turned over when it is full."""

import logging
import logging.handlers
from pathlib import Path

_LARGEST_BYTES = 5_000_000
_KEPT = 3


class LogFile:
    """Takes a process's output as it comes, keeps it in a file, and remembers the last lines."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path` for appending."""
        self.path = path
        self._handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LARGEST_BYTES, backupCount=_KEPT, encoding="utf-8", errors="replace"
        )
        self._rest = b""
        self._last: list[str] = []

    def take(self, data: bytes) -> None:
        """Write whole lines; what follows the last line's end waits for the rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line)

    def last_words(self) -> str:
        """Return the last line that says something, shortened to fit a terminal, and start afresh."""
        said = [line.strip() for line in self._last if line.strip()]
        self._last.clear()
        return said[-1][:200] if said else ""

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""
        self._handler.close()

    def _write(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\r")
        self._last = [*self._last[-4:], text]
        self._handler.emit(logging.makeLogRecord({"msg": text}))
