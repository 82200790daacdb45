"""Every benchmark by name, with the sizes and databases that it is measured on.

A benchmark is a module with `open_on(stage)`, which gets a filled database and returns a `Measurement`. The
runner calls `round()` of all measurements in turn, so that a slow minute of the machine falls on all alike, then
asks each for its results. Figures are the median of the rounds.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.bench.results import Result

if TYPE_CHECKING:
    from tests.bench.stage import Stage

SQLITE, POSTGRESQL = "sqlite", "postgresql"
DATABASES = (SQLITE, POSTGRESQL)
SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000
SIZES = (SMALL, MIDDLE, LARGE)
ROUNDS = 5


class Measurement(Protocol):
    """A benchmark on one filled database."""

    def round(self) -> None:
        """Measure once more."""

    def results(self) -> Sequence[Result]:
        """Return the medians of the rounds so far."""

    def close(self) -> None:
        """End what was started."""


@dataclass(frozen=True)
class Benchmark:
    """Where a benchmark is, and what it is measured on.

    `is_writing`: it changes what it measures, and gets a copy of the filled database that is thrown away.
    `is_filled` False: it needs no database but its own. `rounds`: fewer than five where one takes a minute.
    """

    name: str
    module: str
    sizes: tuple[int, ...] = SIZES
    databases: tuple[str, ...] = DATABASES
    is_writing: bool = False
    is_filled: bool = True
    rounds: int = ROUNDS
    function: str = "open_on"

    def open_on(self, stage: "Stage") -> Measurement:
        """Import the benchmark and prepare it on a filled database."""
        module = importlib.import_module(f"tests.bench.{self.module}")
        opened: Measurement = getattr(module, self.function)(stage)
        return opened


BENCHMARKS: tuple[Benchmark, ...] = (
    Benchmark("ingest", "ingest", (LARGE,), is_writing=True),
    Benchmark("ingest_timers", "ingest_timers", (LARGE,), is_writing=True, rounds=7),
    Benchmark("queue_page", "queue_pages"),
    Benchmark("queue_deep_page", "queue_pages", function="open_deep_on"),
    Benchmark("timer_sweep_empty", "sweeping", is_writing=True, function="open_empty_on"),
    Benchmark("timer_sweep_due", "sweeping", is_writing=True, function="open_due_on"),
    Benchmark("poll_300", "polling", (SMALL,), is_writing=True, rounds=1),
    Benchmark("conversation_page", "conversation_page", sizes=(SMALL, LARGE)),
    Benchmark("dashboard_week", "dashboards", function="open_week_on"),
    Benchmark("dashboard_year", "dashboards", function="open_year_on"),
    Benchmark("reply_latency", "reply_latency", (SMALL,), is_writing=True),
    Benchmark("streams", "streams", (SMALL,), is_writing=True, rounds=1),
    Benchmark("worker_memory", "memory", (SMALL,), is_writing=True, rounds=1, function="open_worker_on"),
    Benchmark("web_memory", "memory", (SMALL,), is_writing=True, rounds=1, function="open_web_on"),
    Benchmark("start", "start", sizes=(0,), databases=(SQLITE,), is_filled=False, rounds=3),
)
