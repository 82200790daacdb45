"""gunicorn's worker with threads, and an end to its patience with requests that do not arrive.

gunicorn itself limits only how long a connection may say nothing; one that sends a byte and no more would hold
its thread for ever, and as many of those as there are threads would silence every page.
"""

import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

# From the first byte to the last of a request's head and body: 2 MiB, the most that is taken, over a bad line.
ARRIVES_WITHIN_SECONDS = 20.0


class PatientWorker(ThreadWorker):
    """Reads no further from a connection whose request has not arrived in time; what was read is still answered."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._arriving: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        """Serve one request; runs in a thread of its own."""
        self._arriving[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._arriving.pop(conn, None)

    def notify(self) -> None:
        """Tell the parent that this worker lives; called about once a second."""
        super().notify()
        late = time.monotonic() - ARRIVES_WITHIN_SECONDS
        for conn, began in list(self._arriving.items()):
            if began < late:
                with suppress(OSError):  # it went by itself
                    conn.sock.shutdown(socket.SHUT_RD)
