"""A server of the package mastodon-mock with a shop and its customers, each with a token of a text file."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox.settings import Pace
from tests.platforms.bluesky.product import Product, connect_product

PEOPLE = ("shop", "ana", "ben", "eva")
SCOPES = "read write follow"


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str

    def call(self, person: str, method: str, path: str, **form: Any) -> Any:
        """Act as a person of the server does with any other program."""
        headers = {"Authorization": f"Bearer token-of-{person}"}
        answer = httpx.request(method, self.url + path, headers=headers, data=form, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def post(self, person: str, text: str, **more: Any) -> str:
        """Publish a status; returns its id."""
        return str(self.call(person, "POST", "/api/v1/statuses", status=text, **more)["id"])

    def below(self, external_id: str) -> list[Any]:
        """Return what hangs below a status."""
        found: list[Any] = self.call("shop", "GET", f"/api/v1/statuses/{external_id}/context")["descendants"]
        return found

    def fail(self, **rule: Any) -> None:
        """Let something go wrong, by the server's own switch."""
        httpx.post(f"{self.url}/api/v1/_mock/faults", json=rule, timeout=10).raise_for_status()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("mastodon")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    accounts = [f'[[seed.accounts]]\nusername = "{name}"\naccess_token = "token-of-{name}"\n' for name in PEOPLE]
    config = folder / "mock.toml"
    config.write_text("[auth]\npermissive = false\nenforce_scopes = true\n" + "".join(accounts), "utf-8")
    words = [sys.executable, "-P", "-m", "mastodon_mock", "serve", "--in-memory", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([*words, "--config", str(config)], stdout=log, stderr=log, cwd=folder)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(running, url, folder / "log")
        yield Server(url)
    finally:
        running.terminate()
        running.wait(10)


def _wait(running: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    for _ in range(600):
        if running.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/api/v1/instance", timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError(log.read_text("utf-8", "replace"))


@pytest.fixture
def product(server: Server, app: Flask, session: Session) -> Product:
    given = {"service_url": server.url, "access_token": "token-of-shop"}
    return connect_product(app, session, given, [server.url], Pace(), "mastodon")
