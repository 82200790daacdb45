"""The example's bridge on a port of its own, with what can go wrong on the way to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

from inbox import clock
from inbox.platforms.generic.signing import signed
from tests.platforms.generic import example_bridge as example

SECRET = example.SECRET.decode()


@dataclass
class Faults:
    """What happens to the next calls: `before` and `after` break off before or after the bridge has taken it in.

    `answers`: (status, body, headers) said instead of asking the bridge.
    """

    before: int = 0
    after: int = 0
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=list)
    only: str = "send"


@dataclass
class Running:
    """A bridge that runs: its address, what it holds, what it was asked."""

    url: str
    faults: Faults
    asked: list[dict[str, Any]]

    @property
    def items(self) -> list[dict[str, Any]]:
        return example.ITEMS

    @property
    def replies(self) -> dict[str, dict[str, Any]]:
        return example.REPLIES

    def writes(self, number: str, text: str, **more: Any) -> dict[str, Any]:
        """Let Ana write into the guest book."""
        item = {
            "id": number,
            "kind": "mention",
            "text": text,
            "author": {"id": "ana", "name": "Ana Álvarez", "handle": "ana"},
            "written_at": clock.now().isoformat(),
        } | more
        self.items.append(item)
        return item


def make_handler(faults: Faults, asked: list[dict[str, Any]]) -> type[example.Bridge]:
    """Return the example's handler, behind a line that breaks as the test says."""

    class Line(example.Bridge):
        def do_POST(self) -> None:  # noqa: N802  # the library's name
            body = self.rfile.peek(int(self.headers["Content-Length"]))[: int(self.headers["Content-Length"])]  # type: ignore[attr-defined]
            do = json.loads(body).get("do")
            asked.append(json.loads(body))
            if do == faults.only:
                if faults.before:
                    faults.before -= 1
                    self.close_connection = True
                    return
                if faults.answers:
                    self.say(*faults.answers.pop(0))
                    return
                if faults.after:
                    faults.after -= 1
                    example.answer(json.loads(body))
                    self.close_connection = True
                    return
            super().do_POST()

        def say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Line


@contextmanager
def running_bridge() -> Iterator[Running]:
    """Run an empty guest book."""
    example.ITEMS.clear()
    example.REPLIES.clear()
    faults, asked = Faults(), list[dict[str, Any]]()
    server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(faults, asked))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Running(f"http://127.0.0.1:{server.server_port}", faults, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def push(items: list[Any], secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    """Return a signed push, as the documentation words it."""
    body = json.dumps({"items": items}).encode()
    return signed(secret, clock.now(), body), body
