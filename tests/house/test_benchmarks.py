"""Every benchmark still runs: those of one process at a tiny size, and those that start others are at least found."""

import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from inbox.reports import days
from tests.bench import filling, ingest, ingest_timers, polling, sweeping
from tests.bench.registry import BENCHMARKS, SMALL, Benchmark
from tests.bench.stage import Stage
from tests.bench.stores import migrate

ROWS = SMALL  # fewer, and some list that is measured is empty
# These start servers and take a minute each.
STARTING = {"reply_latency", "streams", "worker_memory", "web_memory", "start"}
RUNNING = [benchmark for benchmark in BENCHMARKS if benchmark.name not in STARTING]


@pytest.fixture(scope="module")
def filled(database: str, fast_folder: Path, make_postgres_database: Callable[[str], str]) -> str:
    """A filled database, by its address."""
    if database == "sqlite":
        path = fast_folder / "bench.sqlite"
        url = f"sqlite:///{path}"
        migrate(url)
        filling.fill_sqlite(path, ROWS)
    else:
        url = make_postgres_database("bench")
        migrate(url)
        filling.fill_postgresql(url.replace("+psycopg", ""), ROWS)
    return url


@pytest.fixture
def stage(
    database: str, filled: str, benchmark: Benchmark, tmp_path: Path, make_postgres_database: Callable[..., str]
) -> Iterator[Stage]:
    """The filled database, or a copy of it for what writes."""
    url = filled
    if benchmark.is_writing and database == "sqlite":
        shutil.copyfile(filled.removeprefix("sqlite:///"), tmp_path / "copy.sqlite")
        url = f"sqlite:///{tmp_path / 'copy.sqlite'}"
    elif benchmark.is_writing:
        url = make_postgres_database("bench_copy", str(make_url(filled).database))
    stage = Stage(database, ROWS, url, lambda _text: None)
    yield stage
    stage.close()


@pytest.fixture
def in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a round measure as little as it can."""
    monkeypatch.setattr(ingest, "PAGES", {(1, 0): 1, (40, 10): 1})
    monkeypatch.setattr(ingest_timers, "PAGES", 1)
    monkeypatch.setattr(sweeping, "SWEEPS", 2)
    monkeypatch.setattr(days, "KEPT_DAYS", 40)
    monkeypatch.setattr(sweeping, "DUE", 50)
    for name, value in (("CHANNELS", 10), ("HANGING", 2), ("SETTLING_SECONDS", 0.0), ("MEASURED_SECONDS", 2.0)):
        monkeypatch.setattr(polling, name, value)
    monkeypatch.setattr(polling, "SPREAD_SECONDS", 0.0)
    monkeypatch.setattr(polling, "HANG_SECONDS", 0.2)
    monkeypatch.setattr(polling, "TICK_SECONDS", 0.2)


@pytest.mark.parametrize("benchmark", RUNNING, ids=lambda one: one.name)
@pytest.mark.usefixtures("in_short")
def test_a_round_of_each_gives_figures(stage: Stage, benchmark: Benchmark) -> None:
    measurement: Any = benchmark.open_on(stage)
    try:
        for page in getattr(measurement, "pages", ()):
            page.requests = 1
        measurement.round()
        results = measurement.results()
    finally:
        measurement.close()
    assert {result.name for result in results} == {benchmark.name}
    for result in results:
        figures = (result.p50_ms, result.rate_per_s, result.seconds, result.ratio)
        assert any(figure is not None and figure > 0 for figure in figures)


@pytest.mark.parametrize("name", sorted(STARTING))
def test_those_that_start_servers_are_found(name: str) -> None:
    (benchmark,) = (one for one in BENCHMARKS if one.name == name)
    assert callable(getattr(importlib.import_module(f"tests.bench.{benchmark.module}"), benchmark.function))
