"""A TCP proxy that can be away, and that can swallow an answer after the request has gone through."""

import contextlib
import socket
import threading


class Proxy:
    """Listens on a port of its own and passes everything on to another.

    `is_away`: hang up at once. `swallow`: a request that contains these bytes is passed on, its answer is
    awaited and then thrown away with the connection, once for each count.
    """

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.is_away = False
        self.swallow = b""
        self.swallow_count = 0
        self.swallowed_count = 0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up_after(self, request: bytes, count: int = 1) -> None:
        """Lose the next answers to requests with these bytes in them."""
        self.swallow, self.swallow_count = request, count

    def close(self) -> None:
        """Stop and hang up on everybody."""
        for link in [self._listener, *self._open]:
            _end(link)

    def drop_connections(self) -> None:
        """Hang up on everybody who is connected now."""
        for link in self._open:
            _end(link)
        self._open.clear()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        if self.is_away:
            near.close()
            return
        with near, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target_port)) as far:
            self._open += [near, far]
            is_swallowing = threading.Event()
            back = threading.Thread(target=self._pass_back, args=(far, near, is_swallowing), daemon=True)
            back.start()
            while part := near.recv(65536):
                if self.swallow_count and self.swallow in part:
                    self.swallow_count -= 1
                    is_swallowing.set()
                far.sendall(part)
            _end(far)
            back.join(5)

    def _pass_back(self, far: socket.socket, near: socket.socket, is_swallowing: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while part := far.recv(65536):
                if is_swallowing.is_set():
                    self.swallowed_count += 1
                    break
                near.sendall(part)
        _end(near)
        _end(far)


def _end(link: socket.socket) -> None:
    with contextlib.suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)
    link.close()
