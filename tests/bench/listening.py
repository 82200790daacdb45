"""Many open pages without browsers: one thread holds all their event streams and notes when what arrived."""

import re
import selectors
import socket
import threading
import time
from urllib.parse import urlsplit

_NUMBER = re.compile(rb"\[(\d+)\] ")


class Listeners:
    """Event streams of signed-in members; `arrivals`: for each message's number, when each stream had it."""

    def __init__(self, url: str, cookies: list[str]) -> None:
        parts = urlsplit(url)
        self._selector = selectors.DefaultSelector()
        self._seen: list[set[int]] = [set() for _ in cookies]
        self.arrivals: dict[int, list[float]] = {}
        self._is_over = threading.Event()
        for number, cookie in enumerate(cookies):
            link = socket.create_connection((str(parts.hostname), int(parts.port or 80)), timeout=60)
            words = f"GET /stream?locale=es HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: {cookie}\r\n\r\n"
            link.sendall(words.encode())
            assert b" 200 " in link.recv(4096).partition(b"\r\n")[0], "a stream was refused"
            link.setblocking(False)
            self._selector.register(link, selectors.EVENT_READ, number)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close all streams."""
        self._is_over.set()
        self._thread.join(10)
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _listen(self) -> None:
        # A number that two reads cut in half is seen with the row's next version or not at all: one in thousands.
        while not self._is_over.is_set():
            for key, _ in self._selector.select(0.2):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(1 << 20)
                if not data:
                    self._selector.unregister(key.fileobj)
                self._note(key.data, data)

    def _note(self, stream: int, data: bytes) -> None:
        now, seen = time.time(), self._seen[stream]
        for found in _NUMBER.findall(data):
            number = int(found)
            if number not in seen:
                seen.add(number)
                self.arrivals.setdefault(number, []).append(now)
