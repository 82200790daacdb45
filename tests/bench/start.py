"""start: how long an installed Relevo takes from `./relevo up` in an empty folder to its first page."""

import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.bench.results import Result, middle
from tests.bench.stage import Stage
from tests.journeys.running import relevo_up


class Start:
    """The whole product in a folder of its own: migrations, first member, sandbox and all processes."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seconds: list[float] = []

    def round(self) -> None:
        """Start, fetch the page for signing in, and end."""
        with tempfile.TemporaryDirectory(prefix="relevo-bench.") as folder:
            began = time.monotonic()
            with relevo_up(Path(folder) / "data") as running:
                with urllib.request.urlopen(f"{running.url}/sign-in", timeout=30) as answer:
                    assert b"</html>" in answer.read()
                self._seconds.append(time.monotonic() - began)

    def results(self) -> Sequence[Result]:
        """Return the one row; no rows are there yet."""
        return [Result("start", self._stage.database, 0, seconds=middle(self._seconds))]

    def close(self) -> None:
        """Nothing is left."""


def open_on(stage: Stage) -> Start:
    """Prepare nothing: a fresh folder is the point."""
    return Start(stage)
