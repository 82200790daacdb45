"""Callers that send half a request and no more: they get no thread for long."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from launcher.gunicorn_worker import ARRIVES_WITHIN_SECONDS

HALF_HEAD = b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-a: "
HALF_BODY = (
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\nemail="
)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[int]:
    """Serve the pages on a free port, by gunicorn as `./relevo web` does; returns the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELEVO_")}
    told = {"RELEVO_DATA": str(tmp_path), "RELEVO_PORT": str(port), "RELEVO_SECRET_KEYS": "k" * 40}
    words = [sys.executable, "-P", "-m", "gunicorn", "-c", "python:launcher.gunicorn_web"]
    with subprocess.Popen(words, env=kept | told, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port, 60)
            yield port
        finally:
            process.terminate()


def _wait(port: int, seconds: float) -> None:
    """Wait until a page is answered, whatever it says."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/static/css/base.css", timeout=2)
        except httpx.HTTPError:
            assert time.monotonic() < deadline, "no page is answered"
            time.sleep(0.2)
        else:
            return


@pytest.mark.parametrize("half", [HALF_HEAD, HALF_BODY], ids=["head", "body"])
def test_half_sent_requests_silence_no_page_for_long(web: int, half: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(20):
            caller = stack.enter_context(socket.create_connection(("127.0.0.1", web)))
            caller.sendall(half)
        # Twenty for sixteen threads: the last four get theirs when the first ones have lost it.
        _wait(web, 2 * ARRIVES_WITHIN_SECONDS + 30)
