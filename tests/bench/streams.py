"""streams: three hundred open pages while five messages a second come in, one of them a browser that paints.

A message is on its way from its commit to the last byte at the listener; the browser counts to the frame that
shows it. Beside it pages are read one after the other, as without the streams before.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from tests.bench.crowd import LEAD_ID, ONE_ID
from tests.bench.listening import Listeners
from tests.bench.product import Product, running
from tests.bench.results import Result, percentile
from tests.bench.stage import Stage
from tests.browser import chromium

LISTENERS, RATE, SECONDS, PEOPLE = 299, 5, 60, 10
ALONE_SECONDS = 20
_WATCH = r"""
() => {
  window.painted = {};
  new MutationObserver(() => {
    const found = [...document.querySelector("#rows").textContent.matchAll(/\[(\d+)\] /g)].map((match) => match[1]);
    requestAnimationFrame(() => setTimeout(() => {
      for (const number of found) window.painted[number] ??= Date.now() / 1000;
    }));
  }).observe(document.querySelector("#rows"), { childList: true, subtree: true });
}
"""


class Streams:
    """One run of a minute."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._results: list[Result] = []

    def round(self) -> None:
        """Measure pages without streams, then everything together."""
        cookies = [self._stage.sign_in(LEAD_ID) for _ in range(LISTENERS)]
        with running(self._stage, "web", "stream") as product:
            alone = _write_and_read(product, cookies[0], ALONE_SECONDS)
            listeners = Listeners(product.stream_url, cookies)
            with _open_browser(product, self._stage.sign_in(ONE_ID)) as page:
                together = _write_and_read(product, cookies[0], SECONDS)
                painted = {int(number): at for number, at in page.evaluate("window.painted").items()}
            listeners.close()
            self._results = self._report(product, alone, together, listeners.arrivals, painted)

    def results(self) -> Sequence[Result]:
        """Return what the last run found."""
        return self._results

    def close(self) -> None:
        """Nothing is left."""

    def _report(
        self,
        product: Product,
        alone: list[float],
        together: list[float],
        arrivals: dict[int, list[float]],
        painted: dict[int, float],
    ) -> list[Result]:
        committed = _read_committed(product)
        heard = [at - committed[number] for number, all_at in arrivals.items() for at in all_at]
        shown = [at - committed[number] for number, at in painted.items()]
        wanted = RATE * SECONDS
        least = 0.9 * wanted * LISTENERS  # a row that changes twice within one look is sent once, with the later text
        assert len(heard) >= least, f"{len(heard)} arrivals where {wanted * LISTENERS} were to be"
        place = (self._stage.database, self._stage.rows)
        pages, before = 1000 * percentile(together, 0.95), 1000 * percentile(alone, 0.95)
        return [
            _delays("arrival", place, heard),
            _delays("paint", place, shown),
            Result("streams", *place, variant="page beside", p95_ms=pages, floor=before, ratio=pages / before),
            Result("streams", *place, variant="memory", rss_mb=product.pss_mb("stream")),
        ]


def open_on(stage: Stage) -> Streams:
    """Prepare nothing: the processes belong to the round."""
    return Streams(stage)


def _delays(variant: str, place: tuple[str, int], seconds: list[float]) -> Result:
    p50, p95 = (1000 * percentile(seconds, part) for part in (0.5, 0.95))
    return Result("streams", *place, variant=variant, p50_ms=p50, p95_ms=p95)


def _write_and_read(product: Product, cookie: str, seconds: float) -> list[float]:
    """Let messages come in for so long and read pages meanwhile; returns how long each page took, in seconds."""
    product.log("writing").unlink(missing_ok=True)
    words = ("-P", "-m", "tests.bench.writing", str(RATE), str(seconds), "1", str(PEOPLE))
    process = product.run("writing", "python", *words)
    took = []
    with httpx.Client(base_url=product.url, headers={"Cookie": cookie}, timeout=60) as client:
        while process.poll() is None:
            began = time.monotonic()
            assert client.get("/queue?view=everything").status_code == 200
            took.append(time.monotonic() - began)
            time.sleep(0.2)
    assert process.returncode == 0, product.log("writing").read_text()
    time.sleep(0.25)
    return took


def _read_committed(product: Product) -> dict[int, float]:
    lines = [json.loads(line) for line in product.log("writing").read_text().splitlines() if line.startswith("{")]
    return {number: line["at"] for line in lines for number in line["numbers"]}


@contextmanager
def _open_browser(product: Product, cookie: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    name, _, value = cookie.partition("=")
    found = chromium.find()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.program, args=list(chromium.ARGUMENTS), env={**found.environ} or None
        )
        page = browser.new_page(base_url=product.url)
        page.context.add_cookies([{"name": name, "value": value, "url": product.url}])
        page.goto("/queue?view=everything")
        page.locator("body[data-stream=up]").wait_for()
        page.evaluate(_WATCH)
        yield page
        browser.close()
