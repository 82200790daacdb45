"""The guarded client: where it goes, how long, how much, and what its errors are."""

import gzip
import logging
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from inbox import fetch, guard
from inbox.fetch import Fetcher, FetchError, error_of
from inbox.public_addresses import is_public
from tests.inbox.wire import Wire, answering, reply


def code_of(caught: pytest.ExceptionInfo[FetchError]) -> tuple[str, bool]:
    return caught.value.code, caught.value.is_before_first_byte


def names(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every name resolve to the answers in turn, the last one for ever; returns what was asked."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        address = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in address.split()]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "198.18.0.1", "192.0.2.1", "2001:db8::1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(FetchError) as caught:
        Fetcher().read(f"https://{host}/")
    assert code_of(caught) == ("address_refused", True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "8.8.8.8 10.0.0.7")
    with pytest.raises(FetchError) as caught:
        Fetcher().read("https://rebind.example/")
    assert code_of(caught) == ("address_refused", True)


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names(monkeypatch, "8.8.8.8", "127.0.0.1")
    tried: list[str] = []

    def connect(_self: object, host: str, *_: object) -> None:
        tried.append(host)
        raise httpcore.ConnectError("no network in tests")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(FetchError):
        Fetcher().read("https://rebind.example/")
    assert (asked, tried) == (["rebind.example"], ["8.8.8.8"])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://brand.example/", "plain_http_refused"),
        ("http://127.0.0.1:9/", "plain_http_refused"),
        ("ftp://brand.example/", "bad_address"),
        ("https://", "bad_address"),
        ("https://name:word@brand.example/", "bad_address"),
        ("https://brand.example:99999/", "bad_address"),
        ("no address at all", "bad_address"),
        ("https://\x00/", "bad_address"),
        ("https://brand.invalid/", "host_not_found"),
        ("https://" + "a" * 300 + ".example/", "host_not_found"),
    ],
)
def test_addresses_that_are_refused_before_anything_is_sent(
    url: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_look_up", lambda *_: None)
    for call in (Fetcher().read, Fetcher().write):
        with pytest.raises(FetchError) as caught:
            call(url)
        assert code_of(caught) == (code, True)


def test_declared_services_are_reached_by_every_name_of_loopback() -> None:
    with answering(reply(b"here")) as wire:
        for declared in (wire.url, f"127.0.0.1:{wire.port}", f"http://localhost:{wire.port}"):
            assert Fetcher([declared]).read(wire.url + "/a?b=1").body == b"here"
            assert Fetcher([declared]).read(f"http://localhost:{wire.port}/").body == b"here"
        with pytest.raises(FetchError) as caught:
            Fetcher([f"127.0.0.1:{wire.port + 1}"]).read(wire.url)
    assert caught.value.code == "plain_http_refused"


def test_a_declaration_that_cant_be_read_is_named_in_the_log() -> None:
    with capture_logs() as logged:
        services = guard.LocalServices(["http://x:abc", "127.0.0.1:2583"])
    assert [line["entry"] for line in logged] == ["http://x:abc"]
    assert services.declares("localhost", 2583)


def test_an_address_that_swallows_everything_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "2606:4700::1 8.8.8.8")
    given: list[tuple[str, float]] = []

    def connect(_self: object, host: str, _port: int, seconds: float, *_: object) -> None:
        given.append((host, seconds))
        raise httpcore.ConnectTimeout("no network in tests")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(FetchError) as caught:
        Fetcher().write("https://slow.example/", timeout_seconds=8)
    assert [host for host, _ in given] == ["2606:4700::1", "8.8.8.8"]
    assert given[0][1] < 4.1 < given[1][1]
    assert code_of(caught) == ("timeout", True)


def test_a_declared_origin_is_declared_for_its_scheme_alone() -> None:
    services = guard.LocalServices(["https://127.0.0.1:8443"])
    assert services.declares("127.0.0.1", 8443, "https")
    assert not services.declares("127.0.0.1", 8443, "http")


def test_the_whole_call_has_one_deadline() -> None:
    def drip(link: socket.socket) -> None:
        wire.take_request(link)
        link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            link.sendall(b".")
            stopped.wait(0.02)

    stopped = threading.Event()
    wire = Wire(drip)
    try:
        started = time.monotonic()
        with pytest.raises(FetchError) as caught:
            Fetcher([wire.url]).read(wire.url, timeout_seconds=0.4)
        assert time.monotonic() - started < 2
        assert code_of(caught) == ("timeout", False)
    finally:
        stopped.set()
        wire.close()


def test_a_look_up_that_hangs_ends_with_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    freed = threading.Event()
    monkeypatch.setattr(guard, "_look_up", lambda *_: freed.wait(30) and None)
    with pytest.raises(FetchError) as caught:
        Fetcher().write("https://slow.example/", timeout_seconds=0.1)
    freed.set()
    assert code_of(caught) == ("timeout", True)


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_body_has_a_largest_size_also_unpacked(is_packed: bool) -> None:
    body = gzip.compress(b"0" * 5_000_000) if is_packed else b"0" * 5_000
    encoding = ["Content-Encoding: gzip"] if is_packed else []
    with answering(reply(body, "200 OK", *encoding)) as wire:
        assert len(Fetcher([wire.url]).read(wire.url).body) in (5_000, 5_000_000)
        with pytest.raises(FetchError) as caught:
            Fetcher([wire.url]).read(wire.url, most_bytes=4_999)
    assert code_of(caught) == ("too_large", False)


def test_what_is_not_http_or_badly_packed_is_a_broken_answer() -> None:
    for answer in (
        b"what?\r\n\r\n",
        reply(b"xx", "200 OK", "Content-Encoding: gzip"),
        reply(b"xx", "200 OK", "Content-Encoding: br"),
    ):
        with answering(answer) as wire, pytest.raises(FetchError) as caught:
            Fetcher([wire.url]).read(wire.url)
        assert code_of(caught) == ("broken_answer", False)


def test_reads_follow_redirects_and_check_each_hop() -> None:
    with answering(reply(b"end")) as last, answering(reply(b"", "302 Found", f"Location: {last.url}/x?q=2")) as first:
        both = Fetcher([first.url, last.url])
        answer = both.read(first.url, headers={"Authorization": "Bearer planted"}, params=[("q", "1")])
        assert (answer.body, answer.url) == (b"end", f"{last.url}/x")
        assert b"planted" in first.requests[0]
        assert b"planted" not in last.requests[0]
        with pytest.raises(FetchError) as caught:
            Fetcher([first.url]).read(first.url)
    assert caught.value.code == "plain_http_refused"


@pytest.mark.parametrize(
    "place", ["https://169.254.169.254/latest", "https://inner.example/", "https://[::ffff:10.0.0.7]/"]
)
def test_a_redirect_to_a_private_address_is_refused_also_through_a_name(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(reply(b"", "302 Found", f"Location: {place}")) as first:
        fetcher = Fetcher([first.url])
        resolve = guard._look_up
        monkeypatch.setattr(
            guard, "_look_up", lambda host, *rest: ["10.0.0.7"] if host == "inner.example" else resolve(host, *rest)
        )
        with pytest.raises(FetchError) as caught:
            fetcher.read(first.url)
    assert caught.value.code == "address_refused"


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0", "[::1]", "localhost."])
def test_loopback_is_refused_however_it_is_spelt(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        Fetcher().read(f"https://{host}/")
    assert caught.value.code in {"address_refused", "bad_address", "host_not_found"}
    assert caught.value.is_before_first_byte


def test_redirects_end_after_three_and_writes_follow_none() -> None:
    with answering(reply(b"", "307 Temporary", "Location: /again")) as wire:
        fetcher = Fetcher([wire.url])
        with pytest.raises(FetchError) as caught:
            fetcher.read(wire.url)
        assert (caught.value.code, len(wire.requests)) == ("too_many_redirects", 4)
        assert fetcher.write(wire.url, body=b"{}").status == 307
        assert fetcher.read(wire.url, method="POST", body=b"{}").status == 307
        assert len(wire.requests) == 6


def test_reads_share_a_connection_and_each_write_has_its_own() -> None:
    with answering(reply(b"x")) as wire:
        fetcher = Fetcher([wire.url])
        for _ in range(3):
            fetcher.read(wire.url)
        assert wire.connection_count == 1
        fetcher.write(wire.url)
        fetcher.write(wire.url)
        assert wire.connection_count == 3
        fetcher.close()


def test_a_read_over_a_connection_that_was_closed_meanwhile_is_repeated_once() -> None:
    with answering(reply(b"one"), b"", reply(b"two"), b"") as wire:
        fetcher = Fetcher([wire.url])
        assert [fetcher.read(wire.url).body, fetcher.read(wire.url).body] == [b"one", b"two"]
        with pytest.raises(FetchError):
            Fetcher([wire.url]).read(wire.url)  # on a fresh connection it is not


def test_a_write_is_never_repeated_and_says_whether_a_byte_left() -> None:
    with answering(b"") as wire:
        with pytest.raises(FetchError) as caught:
            Fetcher([wire.url]).write(wire.url, body=b"hello")
        assert (code_of(caught), len(wire.requests)) == (("broken_answer", False), 1)
    with pytest.raises(FetchError) as caught:
        Fetcher([wire.url]).write(wire.url, body=b"hello")
    assert code_of(caught) == ("connection_refused", True)


def test_cookies_are_not_kept() -> None:
    with answering(reply(b"x", "200 OK", "Set-Cookie: a=b")) as wire:
        fetcher = Fetcher([wire.url])
        fetcher.read(wire.url)
        fetcher.read(wire.url)
    assert b"ookie" not in wire.requests[1]


def test_many_threads_share_one_client() -> None:
    with answering(reply(b"x" * 1000)) as wire:
        fetcher = Fetcher([wire.url])
        sizes: list[int] = []
        threads = [
            threading.Thread(target=lambda: sizes.extend(len(fetcher.read(wire.url).body) for _ in range(10)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        fetcher.close()
    assert sizes == [1000] * 80


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "brand.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("brand.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with answering(reply(b"x"), tls=self_signed(tmp_path)) as wire:
        origin = f"https://127.0.0.1:{wire.port}"
        for call in (Fetcher([origin]).read, Fetcher([origin]).write):
            with pytest.raises(FetchError) as caught:
                call(origin)
            assert code_of(caught) == ("tls_failed", True)
    with answering(b"no TLS here\r\n\r\n") as wire, pytest.raises(FetchError) as caught:
        Fetcher([f"https://127.0.0.1:{wire.port}"]).read(f"https://127.0.0.1:{wire.port}", timeout_seconds=2)
    assert caught.value.code in ("tls_failed", "timeout")


def test_the_name_stays_in_tls_and_in_the_host_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = self_signed(tmp_path)
    heard: list[str] = []
    tls.sni_callback = lambda _socket, name, _context: heard.append(name)
    names(monkeypatch, "127.0.0.1")
    trusting = ssl.create_default_context(cafile=str(tmp_path / "server.pem"))
    monkeypatch.setattr(fetch, "_tls", lambda: trusting)
    with answering(reply(b"x"), tls=tls) as wire:
        fetcher = Fetcher([f"https://brand.example:{wire.port}"])
        assert fetcher.read(f"https://brand.example:{wire.port}/").body == b"x"
        fetcher.close()
    assert heard == ["brand.example"]
    assert f"Host: brand.example:{wire.port}".encode() in wire.requests[0]


def all_of(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(all_of(sub) for sub in kind.__subclasses__()))


HTTPX_ERRORS = sorted(
    (
        kind
        for root in (httpx.HTTPError, httpx.InvalidURL, httpx.CookieConflict, httpx.StreamError)
        for kind in all_of(root)
    ),
    key=lambda kind: kind.__name__,
)


def test_the_list_of_httpx_errors_is_whole() -> None:
    exported = {
        value for name in httpx.__all__ if isinstance(value := getattr(httpx, name), type)
        and issubclass(value, Exception)
    }  # fmt: skip
    assert exported <= set(HTTPX_ERRORS)


@pytest.mark.parametrize("kind", HTTPX_ERRORS)
def test_every_httpx_error_is_one_of_ours(kind: type[Exception]) -> None:
    for has_written in (True, False):
        ours = error_of(kind.__new__(kind), "brand.example", has_written=has_written)
        assert ours.code in (FetchError.__doc__ or "")
        assert ours.is_before_first_byte is not has_written


def test_no_error_or_log_line_holds_a_query_or_a_token() -> None:
    planted = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2VjcmV0"
    caplog: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: caplog.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        with capture_logs() as logged, answering(reply(b"x"), b"") as wire:
            fetcher = Fetcher([wire.url])
            headers = {"Authorization": f"Bearer {planted}"}
            fetcher.read(f"{wire.url}/xrpc/a?token={planted}", headers=headers)
            with pytest.raises(FetchError) as caught:
                fetcher.write(f"{wire.url}/xrpc/b/{planted}?token={planted}", headers=headers, body=planted.encode())
    finally:
        logging.getLogger().removeHandler(handler)
    assert [line["method"] for line in logged] == ["GET", "POST"]
    chain = repr(caught.value) + repr(caught.value.__cause__) + str(caught.value.details)
    assert planted not in repr(logged) + repr(caplog) + chain
    assert "token=" not in repr(logged)
