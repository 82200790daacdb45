"""Where letters arrive: a telephone company over HTTP and a mail server; each notes what came, and when."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from itertools import count
from urllib.parse import parse_qs

from inbox import clock
from tests.inbox.wire import Wire, reply
from tests.notifications.post_box import PostBox, post_box


@dataclass(frozen=True)
class Heard:
    """What somebody was told, by what, and when."""

    at: datetime
    by: str
    to: str
    text: str


@dataclass
class Receivers:
    """Everything that senders talk to; while `is_down` the telephone company answers 503."""

    box: PostBox
    is_down: bool = False
    phoned: list[Heard] = field(default_factory=list)
    _sids: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.wire = Wire(self._talk)

    def heard(self) -> list[Heard]:
        """Return all that was told, oldest first."""
        return sorted([*self.phoned, *map(_mail, self.box.taken)], key=lambda one: one.at)

    def _talk(self, link: socket.socket) -> None:
        while asked := self.wire.take_request(link):
            link.sendall(self._answer(asked.partition(b"\r\n\r\n")[2].decode()))

    def _answer(self, body: str) -> bytes:
        if self.is_down:
            return reply(b"{}", "503 Service Unavailable")
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.phoned.append(Heard(clock.now(), "sms", form["To"], form["Body"]))
        return reply(json.dumps({"sid": f"SM{next(self._sids)}", "status": "delivered"}).encode())


def _mail(taken: bytes) -> Heard:
    letter = message_from_bytes(taken, policy=policy.default)
    text = f"{letter['Subject']}\n{letter.get_content()}"
    return Heard(parsedate_to_datetime(letter["Date"]).astimezone(UTC), "mail", letter["To"], text)


@contextmanager
def open_receivers() -> Iterator[Receivers]:
    """Open all of them on free ports."""
    with post_box() as box:
        made = Receivers(box)
        try:
            yield made
        finally:
            made.wire.close()
