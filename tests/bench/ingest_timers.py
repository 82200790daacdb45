"""ingest_timers: what timers cost those who read pages, in pairs that take turns, with them and without.

Without: nobody who begins to wait gets a timer, and none is looked for. Both write messages into the same database.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from inbox.conversations import clocking
from inbox.intake import timing
from tests.bench.ingest import Ingest, Spent, read_page
from tests.bench.results import Result, middle
from tests.bench.stage import Stage

BATCH, PAGES = 40, 10


def open_on(stage: Stage) -> "Pairs":
    """Prepare the channels that ingest reads."""
    return Pairs(stage)


@contextmanager
def without_timers() -> Iterator[None]:
    """Let nobody's wait be timed."""
    nothing: list[tuple[Any, str, Any]] = [(timing, "begin", {}), (timing, "follow_known", None)]
    with ExitStack() as patched:
        for place, name, found in [*nothing, (clocking, "follow", None)]:
            patched.enter_context(mock.patch.object(place, name, return_value=found))
        yield


class Pairs:
    """The measurement: each round is one pair, and every other begins without timers."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._ingest = stage, Ingest(stage)
        self._with: list[Spent] = []
        self._without: list[Spent] = []

    def round(self) -> None:
        """Read as many pages with timers as without."""
        turns = [self._read_with, self._read_without]
        for read in turns if len(self._with) % 2 else reversed(turns):
            read()

    def _read_with(self) -> None:
        self._with.append(self._read())

    def _read_without(self) -> None:
        with without_timers():
            self._without.append(self._read())

    def _read(self) -> Spent:
        spent = Spent()
        for source in self._ingest.sources:
            for _ in range(PAGES):
                read_page(self._stage.engine, source, BATCH, 0, spent)
        return spent

    def results(self) -> Sequence[Result]:
        """Return messages a second with timers and (floor) without, and the middle of the pairs' ratios."""
        pairs = list(zip(self._with, self._without, strict=True))
        ms = middle([1000 * BATCH * one.cpu / one.messages for one in self._with])
        whole = self._result(
            rate_per_s=middle([one.rate for one in self._with]),
            floor=middle([one.rate for one in self._without]),
            cpu_ms=ms,
            ratio=middle([(one.wall / one.messages) / (other.wall / other.messages) for one, other in pairs]),
        )
        worked = self._result(
            variant="of the worker's own work",
            cpu_ms=ms,
            floor=middle([1000 * BATCH * one.cpu / one.messages for one in self._without]),
            ratio=middle([(one.cpu / one.messages) / (other.cpu / other.messages) for one, other in pairs]),
        )
        return [whole, worked]

    def _result(self, **found: Any) -> Result:
        return Result("ingest_timers", self._stage.database, self._stage.rows, batch=BATCH, **found)

    def close(self) -> None:
        """End what ingest began."""
        self._ingest.close()
