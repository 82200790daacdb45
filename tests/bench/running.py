"""Opens stages, lets the measurements take turns, and notes how busy the machine was."""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.bench.registry import Benchmark, Measurement
from tests.bench.results import Result
from tests.bench.stage import Say, Stage
from tests.bench.stores import Store, open_store

NOISY_LOAD = 3.0


@dataclass
class Report:
    """All rows, and the load before and after the benchmark of each."""

    rows: list[Result] = field(default_factory=list)
    loads: dict[str, tuple[float, float]] = field(default_factory=dict)

    def circumstances(self, row: Result) -> dict[str, Any]:
        """Return the load around a row's benchmark and whether its figures are to be trusted."""
        before, after = self.loads[row.name]
        return {"load_before": before, "load_after": after, "is_noisy": self.is_noisy(row)}

    def is_noisy(self, row: Result) -> bool:
        """Tell whether the machine did much else when the benchmark began."""
        return self.loads[row.name][0] > NOISY_LOAD


class Stages:
    """Filled databases of both kinds, opened when first asked for and closed together."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self._stores: dict[str, Store] = {}
        self._stages: dict[tuple[str, int], Stage] = {}

    def __enter__(self) -> "Stages":
        """Nothing is opened yet."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Close all."""
        for stage in self._stages.values():
            stage.close()
        for store in self._stores.values():
            store.close()

    def fill(self, databases: Sequence[str], sizes: Sequence[int]) -> None:
        """Fill what is not filled yet, and say how long each took."""
        for database in databases:
            for size in sizes:
                began = time.monotonic()
                self._store(database).url(size)
                self.say(f"{database} {size:,}: {time.monotonic() - began:.0f} s")

    def read(self, database: str, size: int) -> Stage:
        """Return the stage that is only read, shared by all benchmarks."""
        if (database, size) not in self._stages:
            self._stages[database, size] = Stage(database, size, self._store(database).url(size), self.say)
        return self._stages[database, size]

    def write(self, database: str, size: int) -> Stage:
        """Return a stage of its own for what writes; those to read are closed: PostgreSQL copies nothing in use."""
        for place in [place for place in self._stages if place[0] == database]:
            self._stages.pop(place).close()
        return Stage(database, size, self._store(database).copy(size), self.say)

    def empty(self, database: str) -> Stage:
        """Return a stage without a database."""
        return Stage(database, 0, "", self.say)

    def _store(self, database: str) -> Store:
        if database not in self._stores:
            self._stores[database] = open_store(database, self.say)
        return self._stores[database]


def run(
    stages: Stages, benchmarks: Sequence[Benchmark], databases: Sequence[str], sizes: Sequence[int], rounds: int
) -> Report:
    """Measure one benchmark after the other, each on all its databases and sizes in turn."""
    report = Report()
    for benchmark in benchmarks:
        before, began = os.getloadavg()[0], time.monotonic()
        with ExitStack() as opened:
            places = _places(benchmark, databases, sizes)
            measurements = [_open(stages, benchmark, kind, size, opened) for kind, size in places]
            for _ in range(rounds or benchmark.rounds):
                for measurement in measurements:
                    measurement.round()
            for measurement in measurements:
                report.rows += measurement.results()
        report.loads[benchmark.name] = before, os.getloadavg()[0]
        stages.say(f"{benchmark.name}: {time.monotonic() - began:.0f} s")
    return report


def _places(benchmark: Benchmark, databases: Sequence[str], sizes: Sequence[int]) -> list[tuple[str, int]]:
    chosen = [size for size in benchmark.sizes if size in sizes or not benchmark.is_filled]
    return [(kind, size) for size in chosen for kind in databases if kind in benchmark.databases]


def _open(stages: Stages, benchmark: Benchmark, database: str, size: int, opened: ExitStack) -> Measurement:
    if not benchmark.is_filled:
        stage = stages.empty(database)
        opened.callback(stage.close)
    elif benchmark.is_writing:
        stage = stages.write(database, size)
        opened.callback(stage.close)
    else:
        stage = stages.read(database, size)
    measurement = benchmark.open_on(stage)
    opened.callback(measurement.close)
    return measurement
