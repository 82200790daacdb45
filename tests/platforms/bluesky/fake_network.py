"""A network of our own over real HTTP: the fake world behind the xrpc routes, with faults to order."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.platforms.bluesky import fake_chat, fake_public
from tests.platforms.bluesky.fake_world import Person, Refusal, World

CHAT_SERVICE = "did:web:api.bsky.chat#bsky_chat"


@dataclass
class Faults:
    """What goes wrong next. Lists are used up from the front; `by_nsid` holds until it is taken away."""

    hang_ups_after_write: int = 0
    hang_ups_before_write: int = 0
    raw_answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    by_nsid: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    is_appview_away: bool = False
    has_chat: bool = True
    rate_headers: dict[str, str] = field(default_factory=dict)


class FakeNetwork:
    """A server with a world; `url` is its address."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        network = self

        class Handler(_Handler):
            its = network

        self.faults = Faults()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.world = World(self.url, now)
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, hanging up on everybody."""
        self._server.shutdown()
        self._server.server_close()
        for link in list(self._open):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join(5)


@contextmanager
def fake_network(now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Iterator[FakeNetwork]:
    """Run a network for a block."""
    network = FakeNetwork(now)
    try:
        yield network
    finally:
        network.close()


class _HangUp(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    its: FakeNetwork
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body in one packet, else each answer waits for an acknowledgement

    def setup(self) -> None:
        super().setup()
        self.its._open.add(self.connection)

    def finish(self) -> None:
        self.its._open.discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(is_write=False)

    def do_POST(self) -> None:
        self._answer(is_write=True)

    def _answer(self, *, is_write: bool) -> None:
        length = int(self.headers.get("content-length") or 0)
        sent = self.rfile.read(length)
        parts = urlsplit(self.path)
        nsid = parts.path.removeprefix("/xrpc/")
        answer = b""
        with self.its.world.lock:
            self.its.world.calls.append(nsid)
            try:
                status, answer = self._respond(nsid, parse_qs(parts.query, keep_blank_values=True), sent)
            except Refusal as refusal:
                status, answer = refusal.status, _json({"error": refusal.name, "message": refusal.message})
            except _HangUp:
                self.close_connection = True
                return
        self._write(status, answer)

    def _respond(self, nsid: str, params: dict[str, list[str]], sent: bytes) -> tuple[int, bytes]:
        faults, world = self.its.faults, self.its.world
        if faults.raw_answers and faults.raw_answers[0][1] in ("", nsid):
            status, _, raw = faults.raw_answers.pop(0)
            return status, raw
        if nsid in faults.by_nsid:
            return faults.by_nsid[nsid]
        body = json.loads(sent) if sent else None
        if nsid == "com.atproto.server.createSession":
            return 200, _json(fake_public.create_session(world, body))
        if nsid == "com.atproto.server.refreshSession":
            return 200, _json(fake_public.refresh_session(world, self._token()))
        if nsid == "com.atproto.identity.resolveHandle":
            return 200, _json(fake_public.resolve_handle(world, params))
        me = self._signed_in(nsid)
        is_writing = self.command == "POST" and "accept" not in nsid
        if is_writing and faults.hang_ups_before_write:
            faults.hang_ups_before_write -= 1
            raise _HangUp
        found = self._method(nsid)(world, me, params, body)
        if is_writing and faults.hang_ups_after_write:
            faults.hang_ups_after_write -= 1
            raise _HangUp
        return 200, _json(found)

    def _method(self, nsid: str) -> fake_public.Method:
        if nsid.startswith("app.bsky.") and self.its.faults.is_appview_away:
            raise Refusal(502, "UpstreamFailure", "Upstream Failure")
        if nsid.startswith("chat."):
            is_addressed = self.headers.get("atproto-proxy") == CHAT_SERVICE
            if not self.its.faults.has_chat or not is_addressed:
                raise Refusal(501, "MethodNotImplemented", "Method Not Implemented")
        found = fake_public.METHODS.get(nsid) or fake_chat.METHODS.get(nsid)
        if found is None:
            raise Refusal(501, "MethodNotImplemented", "Method Not Implemented")
        return found

    def _token(self) -> str:
        return (self.headers.get("authorization") or "").removeprefix("Bearer ")

    def _signed_in(self, nsid: str) -> Person:
        session = self.its.world.sessions.get(self._token())
        if not self._token():
            raise Refusal(401, "AuthMissing", "Authentication Required")
        if session is None or session.is_refresh:
            raise Refusal(400, "InvalidToken", "Token could not be verified")
        if session.is_stale:
            raise Refusal(400, "ExpiredToken", "Token has expired")
        if nsid.startswith("chat.") and session.scope == "com.atproto.appPass":
            raise Refusal(400, "InvalidToken", "Bad token method")
        return self.its.world.people[session.did]

    def _write(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        date = format_datetime(self.its.world.now(), usegmt=True)
        for name, value in ({"Date": date} | self.its.faults.rate_headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
