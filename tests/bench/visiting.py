"""A member's browser without network: requests through the real WSGI application, timed from first call to last byte.

Beside each page its floor: the same template with the same values, and SQL written by hand through the bare driver.
"""

import contextvars
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import template_rendered
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from inbox import languages
from inbox.desk import entries, entry_html, looks, rows
from tests.bench.results import Result, middle, percentile
from tests.bench.stage import Stage

REQUESTS_A_ROUND = 25
# What a process remembers of rows and messages that it has shown: whoever opens others finds nothing of it.
_REMEMBERED = (rows._make, entry_html._make, entries._show_message, languages._written, looks.initials)


@dataclass(frozen=True)
class Spent:
    """How long something took, and how much of that this process worked."""

    wall_ms: float
    cpu_ms: float


def spent_in(work: Callable[[], object]) -> Spent:
    """Do something and return what it took; other processes' work does not count as ours."""
    wall, cpu = time.perf_counter(), time.thread_time()
    work()
    return Spent(1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - cpu))


class Visitor:
    """Somebody signed in."""

    def __init__(self, stage: Stage, member_id: int, *, asks_for_parts: bool = False) -> None:
        """Sign in; `asks_for_parts`: as scripts ask, for the part of a page that a click changes."""
        self._app = stage.app
        self._headers = {"Cookie": stage.sign_in(member_id), "Accept-Language": "es"}
        if asks_for_parts:
            self._headers["HX-Request"] = "true"

    def get(self, path: str) -> Spent:
        """Ask for a page; fails on anything but 200."""
        environ = self._environ(path)
        return contextvars.Context().run(spent_in, lambda: self._answer(environ))

    def render_again(self, path: str) -> Callable[[], object]:
        """Return what renders a page's template once more with the values that the page had."""
        rendered: list[tuple[Any, dict[str, Any]]] = []

        def note(_app: object, template: Any, context: dict[str, Any], **_rest: object) -> None:
            rendered.append((template, context))

        with template_rendered.connected_to(note, self._app):
            self.get(path)
        template, values = rendered[-1]
        environ = self._environ(path)

        def render() -> None:
            template.render(values)

        return lambda: contextvars.Context().run(self._in_request, environ, render)

    def _in_request(self, environ: dict[str, Any], work: Callable[[], None]) -> Spent:
        with self._app.request_context(environ):
            self._app.preprocess_request()
            return spent_in(work)

    def _environ(self, path: str) -> dict[str, Any]:
        builder = EnvironBuilder(path=path, headers=Headers(self._headers))
        return builder.get_environ()

    def _answer(self, environ: dict[str, Any]) -> bytes:
        body, status, headers = run_wsgi_app(self._app, environ.copy(), buffered=True)
        whole = b"".join(body)
        assert status.startswith("200"), f"{status} for {environ['PATH_INFO']}"
        self._keep_cookies(headers.getlist("Set-Cookie"))
        return whole

    def _keep_cookies(self, given: Sequence[str]) -> None:
        """Keep what a first page sets, as a browser does: else each page makes and signs it anew."""
        for one in given:
            cookie = one.partition(";")[0]
            if cookie.partition("=")[0] not in self._headers["Cookie"]:
                self._headers["Cookie"] += f"; {cookie}"


@dataclass
class Page:
    """A page as somebody sees it, with the statements that it can't do without."""

    name: str
    variant: str
    visitor: Visitor
    path: str
    statements: Sequence[str]
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    requests: int = REQUESTS_A_ROUND
    remembers: bool = True

    def prepare(self, link: Any) -> None:
        """Ask twice, so that everything is imported and cached, and learn what the template gets."""
        self.visitor.get(self.path)
        self._render = self.visitor.render_again(self.path)
        self._link = link

    def round(self) -> None:
        """Ask for the page and its floor in turn."""
        spent, floors = [], []
        for _ in range(self.requests):
            self._forget()
            spent.append(self.visitor.get(self.path))
            self._forget()
            floors.append(self._spend_floor())
        self.p50.append(percentile([one.wall_ms for one in spent], 0.5))
        self.p95.append(percentile([one.wall_ms for one in spent], 0.95))
        self.cpu.append(percentile([one.cpu_ms for one in spent], 0.5))
        self.floor.append(percentile(floors, 0.5))

    def result(self, stage: Stage) -> Result:
        """Return the medians; the ratio is that of the medians of page and floor."""
        p50, floor = middle(self.p50), middle(self.floor)
        return Result(
            self.name,
            stage.database,
            stage.rows,
            variant=self.variant,
            p50_ms=p50,
            p95_ms=middle(self.p95),
            cpu_ms=middle(self.cpu),
            floor=floor,
            ratio=p50 / floor,
        )

    def _forget(self) -> None:
        if not self.remembers:
            for remembered in _REMEMBERED:
                remembered.cache_clear()

    def _spend_floor(self) -> float:
        began = time.perf_counter()
        for statement in self.statements:
            self._link.execute(statement).fetchall()
        read_ms = 1000 * (time.perf_counter() - began)
        rendered: Any = self._render()
        return read_ms + float(rendered.wall_ms)


class Pages:
    """Pages of one stage, measured in turn."""

    def __init__(self, stage: Stage, pages: Sequence[Page]) -> None:
        self._stage, self.pages, self._link = stage, pages, stage.connect()
        for page in pages:
            page.prepare(self._link)

    def round(self) -> None:
        """Measure each page once."""
        for page in self.pages:
            page.round()

    def results(self) -> Sequence[Result]:
        """Return a row for each page."""
        return [page.result(self._stage) for page in self.pages]

    def close(self) -> None:
        """Let the floor's connection go."""
        self._link.close()
