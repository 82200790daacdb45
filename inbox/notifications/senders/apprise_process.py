"""A process of its own in which Apprise sends one message: it can be killed, and it connects to nothing private.

`others.py` starts it and writes one line of JSON to it. Every connection and every datagram of the whole process is
looked at when it is made, by the address itself, so a name that leads elsewhere a moment later changes nothing.
Runs by its path, without the rest of Relevo: it knows no key, no database, and only what it is told here.
"""

import json
import logging
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

SENT, FAILED, UNREADABLE, REFUSED = "sent", "failed", "unreadable", "refused"
_LOOKED_AT = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_NEVER = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "socket.bind"})


class Guard:
    """Refuses what leads to a private address, or to another program."""

    def __init__(self, allowed: list[list[Any]]) -> None:
        here = Path(__file__).parents[2]
        self._is_public = runpy.run_path(str(here / "public_addresses.py"))["is_public"]
        self._allowed = {(str(host), int(port)) for host, port in allowed}
        self.has_refused = self.has_connected = False

    def look(self, event: str, args: tuple[Any, ...]) -> None:
        """Look at an event of the interpreter; raises PermissionError for what is refused."""
        if event in _NEVER:
            self._refuse()
        if event not in _LOOKED_AT:
            return
        address = args[1]
        is_internet = isinstance(address, tuple) and len(address) >= 2
        if not is_internet or not self._may(str(address[0]).partition("%")[0], int(address[1])):
            self._refuse()
        self.has_connected = True

    def _may(self, host: str, port: int) -> bool:
        try:
            return (host, port) in self._allowed or bool(self._is_public(host))
        except ValueError:  # a name that was not looked up
            return False

    def _refuse(self) -> None:
        self.has_refused = True
        raise PermissionError("refused")


def main() -> None:
    """Send what stands on standard input, and say in one word what became of it."""
    asked = json.loads(sys.stdin.buffer.read())
    logging.disable(logging.CRITICAL)  # Apprise and its kin log whole addresses
    socket.setdefaulttimeout(asked["seconds"])
    import apprise

    guard = Guard(asked["allowed"])
    sys.addaudithook(guard.look)
    plugin = apprise.Apprise.instantiate(asked["url"], suppress_exceptions=True)
    if plugin is None:
        _say(UNREADABLE)
        return
    plugin.socket_connect_timeout = plugin.socket_read_timeout = asked["seconds"]
    plugin.verify_certificate, plugin.request_rate_per_sec = True, 0
    try:
        is_sent = bool(plugin.notify(body=asked["body"], title=asked["title"]))
    except Exception:  # a plugin's edge: whatever it raises, it isn't known what was sent
        is_sent = False
    _say(SENT if is_sent else REFUSED if guard.has_refused and not guard.has_connected else FAILED)


def _say(word: str) -> None:
    sys.stdout.write(f"\n{word}\n")


if __name__ == "__main__":
    main()
