"""Clients for one running sandbox, as its tests use them."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sandbox.server import Sandbox

GRAPH = "/v25.0"
Until = Callable[..., Any]


@dataclass
class Site:
    """Clients for one running sandbox."""

    data: Path
    told: dict[str, Any]
    control: httpx.Client
    feed: httpx.Client
    pages: httpx.Client
    running: Sandbox

    def do(self, path: str, /, **body: Any) -> dict[str, Any]:
        """A call of the control API that must succeed."""
        answer = self.control.post(f"/sandbox/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def fault(self, personality: str, kind: str, /, **more: Any) -> dict[str, Any]:
        """Switches a fault on."""
        return self.do("faults", personality=personality, kind=kind, **more)

    def heal(self) -> None:
        """Ends all faults."""
        self.control.delete("/sandbox/faults").raise_for_status()

    def get(self, personality: str, path: str, /, **query: Any) -> Any:
        """The JSON of a read that must succeed."""
        client = self.feed if personality == "feed" else self.pages
        answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def accepted(self, personality: str) -> list[dict[str, Any]]:
        """What the platform accepted through its API."""
        found: list[dict[str, Any]] = self.control.get(f"/sandbox/{personality}/accepted").json()["accepted"]
        return found

    def ledger(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the ledger, read from its file as the judge does."""
        with closing(sqlite3.connect(f"file:{self.data / 'ledger.sqlite'}?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]


def open_site(running: Sandbox) -> Site:
    """Clients for a sandbox, signed in everywhere."""
    data = running.world.settings.data
    told = json.loads((data / "sandbox.json").read_text())

    def client(url: str, token: str) -> httpx.Client:
        # plain HTTP to this machine: to read the certificates of the world would take longer than a test
        return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=10, verify=False)

    return Site(
        data,
        told,
        client(told["url"], told["control_token"]),
        client(told["feed"]["url"], told["feed"]["access_token"]),
        client(told["pages"]["url"] + GRAPH, told["pages"]["access_token"]),
        running,
    )
