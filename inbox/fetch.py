"""The one HTTP client: it goes nowhere private, never waits or reads without end, and keeps secrets out of logs.

Every connection is opened to the very address that was checked, so a name that resolves differently a moment
later changes nothing; the name stays in the Host header and in TLS. Private addresses and plain http are refused
unless the operator declared the service (RELEVO_LOCAL_SERVICES: `host:port`, or an origin such as
`http://127.0.0.1:2583`; localhost, 127.0.0.1 and ::1 are one). Proxies named in the environment are not used:
behind one no address could be checked. Thread-safe; a process that forks makes a new client (`shared`).
"""

import logging
import os
import ssl
import time
import weakref
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import httpcore
import httpx
import structlog

from inbox.errors import RelevoError
from inbox.guard import Call, GuardedBackend, LocalServices, Refusal, call_in_progress, code_of_cause
from inbox.security import scrub
from inbox.version import VERSION

log = structlog.get_logger()
for _noisy in ("httpx", "httpcore"):  # they log whole URLs, and headers with tokens
    logging.getLogger(_noisy).setLevel(logging.WARNING)

MOST_BYTES = 8 * 1024 * 1024
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAFE = frozenset({"GET", "HEAD"})
_PRIVATE_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_HIDES_PATH = "relevo.hides_path"
HEAD_BYTES = 65536
_OWN_HEADERS = {"user-agent": f"Relevo/{VERSION}", "accept-encoding": "gzip"}


class FetchError(RelevoError):
    """No usable answer. `is_before_first_byte`: the request surely never reached the other side.

    `head`: how an answer begins that is too large; an answer's words, which no log repeats.

    Codes: bad_address, address_refused, plain_http_refused, host_not_found, connection_refused, tls_failed,
    timeout, too_many_redirects, too_large, connection_lost, broken_answer, unavailable.
    """

    status: ClassVar[int] = 502

    def __init__(self, code: str, where: str = "", *, is_before_first_byte: bool = False, head: bytes = b"") -> None:
        super().__init__(code, where=where)
        self.is_before_first_byte = is_before_first_byte
        self.head = head


# What each httpx exception is, where its cause does not say it better; the nearest ancestor counts.
CODES: Mapping[type[Exception], str] = {
    httpx.InvalidURL: "bad_address",
    httpx.UnsupportedProtocol: "bad_address",
    httpx.TimeoutException: "timeout",
    httpx.ConnectError: "unavailable",
    httpx.NetworkError: "connection_lost",
    httpx.ProxyError: "unavailable",
    httpx.LocalProtocolError: "bad_address",
    httpx.RemoteProtocolError: "broken_answer",
    httpx.DecodingError: "broken_answer",
    httpx.TooManyRedirects: "too_many_redirects",
    httpx.StreamError: "connection_lost",
    httpx.CookieConflict: "broken_answer",
    httpx.HTTPError: "unavailable",
}


def error_of(error: Exception, where: str = "", *, has_written: bool = True) -> FetchError:
    """Return ours for an exception of httpx or of the standard library beneath it."""
    code = code_of_cause(error)
    if code is None:
        known = (CODES[kind] for kind in type(error).__mro__ if kind in CODES)
        code = next(known, "bad_address" if isinstance(error, ValueError) else "unavailable")
    return FetchError(code, where, is_before_first_byte=not has_written)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer of any status; header names in lower case, `url` the last one asked, without its query."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class _Transport(httpx.HTTPTransport):
    """httpx's own transport over a pool whose connections are guarded."""

    def __init__(self, services: LocalServices, *, most_kept: int) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(),
            max_connections=100,
            max_keepalive_connections=most_kept,
            keepalive_expiry=30,
            network_backend=GuardedBackend(services),
        )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class Fetcher:
    """Reads over a pool of connections, and writes each over a connection of its own."""

    def __init__(self, local_services: Iterable[str] = ()) -> None:
        self._services = LocalServices(local_services)
        self._reading = _Transport(self._services, most_kept=20)
        self.close = weakref.finalize(self, self._reading.close)  # also when nobody holds it any more

    def read(
        self,
        url: str,
        *,
        method: str = "GET",
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_seconds: float = 10,
        most_bytes: int = MOST_BYTES,
        is_path_secret: bool = False,
    ) -> Answer:
        """Make a call that may be repeated; GET follows up to three redirects, each checked. Raises FetchError.

        `timeout_seconds` is for everything together: names, connecting, redirects, the whole body. `is_path_secret` as
        in `write`; such a call follows no redirect, which would carry the path elsewhere.
        """
        call = Call.within(timeout_seconds)
        sent_headers = dict(headers or {})
        for _ in range(MOST_REDIRECTS + 1):
            request = self._request(method, url, params, sent_headers, body)
            request.extensions[_HIDES_PATH] = is_path_secret
            answer = self._read_once(request, call, most_bytes)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or method not in _SAFE or not target or is_path_secret:
                return answer
            url, sent_headers = _next_hop(request, target, sent_headers)
            params = ()
        raise FetchError("too_many_redirects", request.url.host)

    def write(
        self,
        url: str,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_seconds: float = 20,
        most_bytes: int = MOST_BYTES,
        is_path_secret: bool = False,
    ) -> Answer:
        """Make a call exactly once on a fresh connection: no redirects, no repetition. Raises FetchError.

        `is_path_secret`: the path holds a token, and neither the log nor the answer's `url` repeats it.
        """
        call = Call.within(timeout_seconds)
        request = self._request(method, url, (), dict(headers or {}) | {"connection": "close"}, body)
        request.extensions[_HIDES_PATH] = is_path_secret
        with _Transport(self._services, most_kept=0) as transport:
            return _exchange(transport, request, call, most_bytes)

    def _request(
        self, method: str, url: str, params: Sequence[tuple[str, str]], headers: dict[str, str], body: bytes | None
    ) -> httpx.Request:
        try:
            request = httpx.Request(
                method, url, params=list(params) or None, headers=_OWN_HEADERS | headers, content=body
            )
            self._services.check(request.url)
        except (httpx.InvalidURL, Refusal, ValueError, TypeError) as error:
            raise error_of(error, _host(url), has_written=False) from None
        return request

    def _read_once(self, request: httpx.Request, call: Call, most_bytes: int) -> Answer:
        """Read, once more if a connection that was kept open turned out to be closed."""
        try:
            return _exchange(self._reading, request, call, most_bytes)
        except FetchError as error:
            is_stale = not call.has_connected and error.code in ("connection_lost", "broken_answer")
            if not is_stale or request.method not in _SAFE:
                raise
        return _exchange(self._reading, request, call, most_bytes)


def _exchange(transport: httpx.BaseTransport, request: httpx.Request, call: Call, most_bytes: int) -> Answer:
    where = request.url.host
    call.has_connected = False
    request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), call.left_seconds())
    started = time.monotonic()
    try:
        with call_in_progress(call):
            response = transport.handle_request(request)
            try:
                content = _body(response, most_bytes, where)
            finally:
                response.close()
    except FetchError as error:
        _log(request, error.code, started)
        raise
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, Refusal, OSError, ValueError) as error:
        ours = error_of(error, where, has_written=call.has_written)
        _log(request, ours.code, started)
        raise ours from None  # the chain holds the whole URL
    _log(request, str(response.status_code), started)
    return Answer(response.status_code, dict(response.headers), content, _bare(request))


def _body(response: httpx.Response, most_bytes: int, where: str) -> bytes:
    """Read a body up to its limit, unpacking gzip without ever holding more than that."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip"):
        raise FetchError("broken_answer", where)
    unpacker = zlib.decompressobj(31) if "gzip" in encoding else None
    found = bytearray()
    assert isinstance(response.stream, httpx.SyncByteStream)
    for chunk in response.stream:
        try:
            found += chunk if unpacker is None else unpacker.decompress(chunk, most_bytes + 1 - len(found))
        except zlib.error:
            raise FetchError("broken_answer", where) from None
        if len(found) > most_bytes:
            raise FetchError("too_large", where, head=bytes(found[:HEAD_BYTES]))
    return bytes(found)


def _next_hop(request: httpx.Request, target: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return where a redirect leads, and the headers that may go there: credentials stay with their host."""
    try:
        url = request.url.join(target)
    except (httpx.InvalidURL, ValueError):
        raise FetchError("broken_answer", request.url.host) from None
    if (url.scheme, url.host, url.port) != (request.url.scheme, request.url.host, request.url.port):
        headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE_HEADERS}
    return str(url), headers


def _host(url: str) -> str:
    return scrub(url.partition("//")[2].partition("/")[0].partition("?")[0].rpartition("@")[2])


def _bare(request: httpx.Request) -> str:
    if request.extensions.get(_HIDES_PATH):
        return f"{request.url.scheme}://{request.url.host}"
    return scrub(str(request.url.copy_with(query=None, fragment=None)))


def _log(request: httpx.Request, result: str, started: float) -> None:
    seconds = round(time.monotonic() - started, 3)
    log.debug("fetched", method=request.method, url=_bare(request), result=result, seconds=seconds)


@lru_cache(maxsize=8)
def _fetcher_of(_process: int, local_services: frozenset[str]) -> Fetcher:
    return Fetcher(local_services)


def shared(local_services: frozenset[str]) -> Fetcher:
    """Return this process's client for the operator's local services."""
    return _fetcher_of(os.getpid(), local_services)
