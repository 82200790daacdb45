"""What starts when: the pages first, and "ready" only for pages that are served; nobody loads what it does not need."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from launcher import procfile, up
from launcher.supervisor import Command, Supervisor
from tests.journeys.running import free_port

_STAYS = "import time; time.sleep(300)"
_ANSWERS = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html></html>")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
_ENDS_US = f"import os, signal; os.kill(os.getppid(), signal.SIGTERM); {_STAYS}"
_HEAVY = {"flask", "sqlalchemy", "celery", "structlog", "cryptography", "inbox.tables"}
Answer = tuple[int, bytes]
Start = Callable[[str, int], list[tuple[str, bool]]]


@pytest.fixture
def supervisor(fresh_folder: Path) -> Iterator[Supervisor]:
    """Return a supervisor that says nothing, and ends what it started."""
    with Supervisor(fresh_folder, lambda _: None) as found:
        yield found


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch, supervisor: Supervisor) -> Start:
    """Return a function that starts a script as the pages and two others; it lists each with "were pages served"."""

    def start(pages: str, port: int) -> list[tuple[str, bool]]:
        where, noted = f"http://127.0.0.1:{port}", []
        words = [sys.executable, "-c"]
        told = {"web": [*words, pages, str(port)], "stream": [*words, _STAYS], "beat": [*words, _STAYS]}
        monkeypatch.setattr(procfile, "read", lambda: told)
        add = supervisor.add

        def note(command: Command) -> None:
            noted.append((command.name, up.is_serving(where)))
            add(command)

        monkeypatch.setattr(supervisor, "add", note)
        noted.append(("all", up.start_processes(supervisor, {}, where)))
        return noted

    return start


@contextmanager
def answering(answers: dict[str, Answer]) -> Iterator[str]:
    """Serve these paths and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_rest_waits_until_the_pages_are_served(order: Start) -> None:
    assert order(_ANSWERS, free_port()) == [("web", False), ("stream", True), ("beat", True), ("all", True)]


def test_without_pages_the_rest_starts_all_the_same(order: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "HEAD_START_SECONDS", 0.2)
    assert order(_STAYS, free_port()) == [("web", False), ("stream", False), ("beat", False), ("all", False)]


def test_whoever_ends_it_meanwhile_sees_nothing_more_start(order: Start) -> None:
    assert order(_ENDS_US, free_port()) == [("web", False), ("all", False)]


@pytest.mark.parametrize(
    ("health", "page", "is_ready"),
    [
        ((200, b"{}"), (200, b"<html>Sign in</html>"), True),
        ((503, b"{}"), (200, b"<html>Sign in</html>"), False),
        ((200, b"{}"), (500, b"<html>Sorry</html>"), False),
        ((200, b"{}"), (200, b"<html>Sign"), False),
    ],
)
def test_ready_means_that_the_database_answers_and_a_whole_page_comes(
    health: Answer, page: Answer, is_ready: bool
) -> None:
    with answering({"/healthz": health, "/sign-in": page}) as where:
        assert up.is_serving(where) is is_ready


def test_nobody_there_is_not_ready() -> None:
    assert up.is_serving(f"http://127.0.0.1:{free_port()}") is False


@pytest.mark.parametrize(
    ("module", "may_have"),
    [
        ("launcher.up", set()),
        ("inbox.cli", set()),
        ("inbox.commands.serving", set()),
        ("workers.ticking", {"celery"}),
    ],
)
def test_what_starts_everything_loads_none_of_it(module: str, may_have: set[str]) -> None:
    words = [sys.executable, "-P", "-c", f"import {module}, sys; print(*sys.modules)"]
    loaded = set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    assert module in loaded
    assert loaded & _HEAVY <= may_have
