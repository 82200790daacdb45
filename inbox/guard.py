"""Which addresses may be connected to, and connections that keep to one deadline for the whole call.

Used by `fetch` alone, but for `no_later_than`: a sender says with it until when it may speak.
"""

import ipaddress
import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpcore
import httpx
import structlog

from inbox.public_addresses import is_public

log = structlog.get_logger()

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"http": 80, "https": 443}


class Refusal(httpcore.ConnectError):
    """A connection that is not even tried; `code` is a FetchError's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Call:
    """One call from its first look-up to its last byte."""

    ends_at: float  # monotonic
    has_connected: bool = False
    has_written: bool = False

    @classmethod
    def within(cls, seconds: float) -> "Call":
        """Return a call that has `seconds` from now, and no longer than `no_later_than` allows."""
        return cls(min(time.monotonic() + seconds, _LATEST.get()))

    def is_over(self) -> bool:
        """Tell whether its time has ended."""
        return time.monotonic() >= self.ends_at

    def left_seconds(self) -> float:
        """Return what is left, at least a thousandth: zero would mean not to wait at all."""
        return max(self.ends_at - time.monotonic(), 0.001)


_CALL: ContextVar[Call] = ContextVar("_CALL")
_LATEST: ContextVar[float] = ContextVar("_LATEST", default=math.inf)


@contextmanager
def no_later_than(ends_at: float) -> Iterator[None]:
    """Let every call that begins in this block end by then (monotonic); after it none speaks a byte."""
    token = _LATEST.set(ends_at)
    try:
        yield
    finally:
        _LATEST.reset(token)


@contextmanager
def call_in_progress(call: Call) -> Iterator[None]:
    """Let the connections used in this block keep to the call's deadline."""
    token = _CALL.set(call)
    try:
        yield
    finally:
        _CALL.reset(token)


class LocalServices:
    """The services on private addresses that the operator declared."""

    def __init__(self, declared: Iterable[str]) -> None:
        self._origins = frozenset(origin for entry in declared if (origin := self._parse(entry)))

    @staticmethod
    def _parse(entry: str) -> tuple[str | None, str, int] | None:
        try:
            url = httpx.URL(entry if "//" in entry else f"//{entry}")
        except httpx.InvalidURL:
            log.warning("local_service_unreadable", entry=entry)
            return None
        scheme = url.scheme or None
        return scheme, _canonical(url.host), url.port or _PORTS.get(url.scheme, 443)

    def declares(self, host: str, port: int, scheme: str | None = None) -> bool:
        """Tell whether host and port are declared, for `scheme` where one is asked about."""
        named = _canonical(host)
        return any(
            (named, port) == (its_host, its_port) and (scheme is None or its_scheme in (None, scheme))
            for its_scheme, its_host, its_port in self._origins
        )

    def list_addresses(self, within_seconds: float) -> list[tuple[str, int]]:
        """Look up the declared services; those that have no address now are left out."""
        found: set[tuple[str, int]] = set()
        for _scheme, host, port in self._origins:
            try:
                found |= {(address, port) for address in resolve(host, port, within_seconds)}
            except (Refusal, httpcore.ConnectTimeout):
                continue
        return sorted(found)

    def check(self, url: httpx.URL) -> None:
        """Refuse what needs no look-up to be refused; raises Refusal."""
        if url.scheme not in _PORTS or not url.host or url.userinfo:
            raise Refusal("bad_address")
        port = url.port if url.port is not None else _PORTS[url.scheme]
        if not 0 < port < 65536:
            raise Refusal("bad_address")
        if url.scheme == "http" and not self.declares(url.host, port, "http"):
            raise Refusal("plain_http_refused")


def _canonical(host: str) -> str:
    bare = host.lower().strip("[]").rstrip(".")
    return "localhost" if bare in _LOOPBACK_NAMES else bare


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, services: LocalServices) -> None:
        self._services = services
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Look the name up, check every address, and connect to one of those; raises httpcore's errors."""
        call = _CALL.get()
        addresses = resolve(host, port, call.left_seconds())
        if not self._services.declares(host, port) and not all(is_public(address) for address in addresses):
            raise Refusal("address_refused")
        call.has_connected = True
        failure: Exception = Refusal("host_not_found")
        for number, address in enumerate(addresses):
            seconds = call.left_seconds() / (len(addresses) - number)  # the others get their turn, too
            try:
                plain = self._plain.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(plain)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse: nothing that we talk to listens there."""
        raise Refusal("address_refused")


class _Stream(httpcore.NetworkStream):
    """A connection that gives each read and write no more than what is left of the call."""

    def __init__(self, plain: httpcore.NetworkStream) -> None:
        self._plain = plain

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, _CALL.get().left_seconds())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        call = _CALL.get()
        if not call.has_written and call.is_over():
            # The process stood still, and its right to send may have ended: not a byte leaves any more.
            raise httpcore.WriteTimeout("its time ended before the first byte")
        call.has_written = call.has_written or bool(buffer)
        self._plain.write(buffer, call.left_seconds())

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, _CALL.get().left_seconds()))

    def get_extra_info(self, info: str) -> object:
        return self._plain.get_extra_info(info)


def resolve(host: str, port: int, within_seconds: float) -> list[str]:
    """Return a name's addresses; raises Refusal('host_not_found') or httpcore.ConnectTimeout.

    The system's own look-up knows no time limit, so it has a thread of its own that may be left behind.
    """
    bare = host.strip("[]")
    try:
        return [str(ipaddress.ip_address(bare))]
    except ValueError:
        pass
    found: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
    threading.Thread(target=lambda: found.put(_look_up(bare, port)), daemon=True, name="look-up").start()
    try:
        addresses = found.get(timeout=within_seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout("look-up") from None
    if not addresses:
        raise Refusal("host_not_found")
    return addresses


def _look_up(host: str, port: int) -> list[str] | None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in rows))


def code_of_cause(error: BaseException) -> str | None:
    """Return the FetchError code of what lies at the bottom of an exception, None where that says nothing."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, Refusal):
            return seen.code
        if isinstance(seen, ssl.SSLError) and isinstance(error, httpx.ConnectError):
            return "tls_failed"
        if isinstance(seen, ConnectionRefusedError):
            return "connection_refused"
        seen = seen.__cause__ or seen.__context__
    return None
