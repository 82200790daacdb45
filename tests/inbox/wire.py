"""A server of a few lines that answers each connection as a test says, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Talk = Callable[[socket.socket], None]


@dataclass
class Wire:
    """A listening port, what was asked of it, and how many connections came."""

    talk: Talk
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connection_count: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            self.connection_count += 1
            thread = threading.Thread(target=self._serve, args=(link,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, link: socket.socket) -> None:
        self._open.append(link)
        try:
            if self.tls is not None:
                link = self.tls.wrap_socket(link, server_side=True)
                self._open.append(link)
            with link:
                self.talk(link)
        except OSError:
            pass

    def take_request(self, link: socket.socket) -> bytes:
        """Read one request, head and body, and remember it; empty when the other side went away."""
        head = b""
        while b"\r\n\r\n" not in head:
            part = link.recv(65536)
            if not part:
                return b""
            head += part
        start, _, rest = head.partition(b"\r\n\r\n")
        lengths = [line.split(b":")[1] for line in start.split(b"\r\n") if line.lower().startswith(b"content-length")]
        while lengths and len(rest) < int(lengths[0]):
            rest += link.recv(65536)
        self.requests.append(start + b"\r\n\r\n" + rest)
        return self.requests[-1]

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._open:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in [self._acceptor, *self._threads]:
            thread.join(5)


@contextmanager
def answering(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[Wire]:
    """Serve the answers in turn, one a request, the last one for ever; an empty one hangs up."""
    turn = iter(answers)
    last = [answers[0]]

    def talk(link: socket.socket) -> None:
        while wire.take_request(link):
            last[0] = next(turn, last[0])
            if not last[0]:
                return
            link.sendall(last[0])
            if b"connection: close" in last[0].lower():
                return

    wire = Wire(talk, tls)
    try:
        yield wire
    finally:
        wire.close()


def reply(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """Make an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
