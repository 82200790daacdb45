"""worker_memory and web_memory: what the processes hold once they have worked (PSS of each process tree)."""

import time
from collections.abc import Callable, Sequence

import httpx

from tests.bench.crowd import LEAD_ID
from tests.bench.product import Product, running
from tests.bench.results import Result, middle
from tests.bench.stage import Stage

PAGES = 1000
SWEEPS_SECONDS = 20.0  # in which each child of the worker has its turns
_LISTS = ("mine", "unassigned", "snoozed", "no_answer", "everything")


class Memory:
    """One process tree, started afresh for each round."""

    def __init__(self, stage: Stage, name: str, measure: Callable[[Stage], float]) -> None:
        self._stage, self._name, self._measure = stage, name, measure
        self._found: list[float] = []

    def round(self) -> None:
        """Start it, let it work, read what it holds."""
        self._found.append(self._measure(self._stage))

    def results(self) -> Sequence[Result]:
        """Return the one row."""
        return [Result(self._name, self._stage.database, self._stage.rows, rss_mb=middle(self._found))]

    def close(self) -> None:
        """Nothing is left."""


def open_worker_on(stage: Stage) -> Memory:
    """Measure worker-send with its two children."""
    return Memory(stage, "worker_memory", _measure_worker)


def open_web_on(stage: Stage) -> Memory:
    """Measure the web process after a thousand pages."""
    return Memory(stage, "web_memory", _measure_web)


def _measure_worker(stage: Stage) -> float:
    with running(stage, "worker-send", "beat") as product:
        ends, most = time.monotonic() + SWEEPS_SECONDS, 0.0
        while time.monotonic() < ends:
            most = max(most, product.pss_mb("worker-send"))
            time.sleep(0.2)
        return most


def _measure_web(stage: Stage) -> float:
    with running(stage, "web") as product:
        _read_pages(product, stage.sign_in(LEAD_ID))
        return product.pss_mb("web")


def _read_pages(product: Product, cookie: str) -> None:
    """Read lists and conversations in turn, as somebody does who works."""
    with httpx.Client(base_url=product.url, headers={"Cookie": cookie}, timeout=30) as client:
        for number in range(PAGES):
            path = f"/c/{1 + number % 500}" if number % 2 else f"/queue?view={_LISTS[number // 2 % 5]}"
            answer = client.get(path)
            assert answer.status_code == 200, f"{answer.status_code} for {path}"
