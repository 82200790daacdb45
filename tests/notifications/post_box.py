"""An SMTP server of a few lines that says what a test wants it to, and keeps what it was given."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.inbox.wire import Wire


@dataclass
class PostBox:
    """What it heard and what it took; `answers` replaces its answer to a command, `None` hangs up instead."""

    answers: Mapping[str, bytes | None]
    tls: ssl.SSLContext | None = None
    heard: list[str] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    port: int = 0

    def talk(self, link: socket.socket) -> None:
        """Speak SMTP until the other side goes."""
        lines = _Lines(link)
        lines.say(self.answers.get("greeting", b"220 box.example"))
        while line := lines.take():
            self.heard.append(line.decode())
            word = line.split()[0].upper().decode()
            if word == "STARTTLS" and self.tls is not None and "STARTTLS" not in self.answers:
                lines.say(b"220 go on")
                lines = _Lines(self.tls.wrap_socket(link, server_side=True))
                continue
            answer = self.answers.get(word, _ANSWERS.get(word, b"250 ok"))
            lines.say(answer)
            if answer is None:
                return
            if word == "DATA" and answer.startswith(b"354"):
                self.taken.append(lines.take_letter())
                lines.say(self.answers.get("end", b"250 taken"))


_ANSWERS: Mapping[str, bytes] = {
    "EHLO": b"250-box.example\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 8BITMIME",
    "AUTH": b"235 welcome",
    "DATA": b"354 go on",
    "QUIT": b"221 bye",
}


class _Lines:
    def __init__(self, link: socket.socket) -> None:
        self._link, self._left = link, b""

    def say(self, answer: bytes | None) -> None:
        if answer is None:
            self._link.shutdown(socket.SHUT_RDWR)
        elif answer:
            self._link.sendall(answer + b"\r\n")

    def take(self, end: bytes = b"\r\n") -> bytes:
        while end not in self._left:
            part = self._link.recv(65536)
            if not part:
                return b""
            self._left += part
        line, _, self._left = self._left.partition(end)
        return line

    def take_letter(self) -> bytes:
        return self.take(b"\r\n.\r\n")


@contextmanager
def post_box(answers: Mapping[str, bytes | None] | None = None, tls: ssl.SSLContext | None = None) -> Iterator[PostBox]:
    """Open a post box on a free port; an empty answer says nothing for ever."""
    box = PostBox(answers or {}, tls)
    wire = Wire(box.talk)
    box.port = wire.port
    try:
        yield box
    finally:
        wire.close()
