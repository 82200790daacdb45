"""Every sender over real HTTP: what it says, which id it keeps, and what each kind of failure means."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from structlog.testing import capture_logs

from inbox.fetch import Fetcher
from inbox.notifications.contract import Fate, Letter, Looker, NotDelivered, Receipt, Sender, Wire
from inbox.notifications.send import SENDERS, send_to_last_resort
from inbox.notifications.senders.others import SCHEMES, Others
from inbox.notifications.senders.phone import Voice
from inbox.settings import Pace
from tests.factories.notifications import make_letter
from tests.fixtures.app import make_settings
from tests.inbox.test_fetch import self_signed
from tests.inbox.wire import Wire as Server
from tests.inbox.wire import answering, reply

BOT = f"12345:{'x' * 35}"
KEY = "0123456789abcdef0123456789ABCDEF"
SECRET = "a-secret-of-many-letters"
HANGS = 0.4

# for each kind: what is typed, and what its provider answers
TYPED: Mapping[str, dict[str, str]] = {
    "webhook": {"url": "{url}/hook/s3cret?k=s3cret", "secret": SECRET},
    "telegram": {"token": BOT, "chat": "-100200", "server": "{url}"},
    "slack": {"url": "{url}/services/s3cret"},
    "ntfy": {"topic": "s3cret-topic", "server": "{url}", "token": "s3cret-token"},
    "pagerduty": {"key": KEY, "server": "{url}"},
    "sms": {"number": "+34 600 111 222"},
    "voice": {"number": "+34600111222"},
}
ANSWERS = {
    "telegram": b'{"ok": true, "result": {"message_id": 44}}',
    "slack": b"ok",
    "ntfy": b'{"id": "abc", "event": "message"}',
    "pagerduty": b'{"status": "success", "dedup_key": "round.0"}',
    "sms": b'{"sid": "SM1", "status": "queued"}',
    "voice": b'{"sid": "CA1", "status": "queued"}',
    "webhook": b"thanks",
}
RECEIPTS = {
    "telegram": Receipt("44", "ok"),
    "slack": Receipt(None, "ok"),
    "ntfy": Receipt("abc", "message"),
    "pagerduty": Receipt("round.0", "success"),
    "sms": Receipt("SM1", "queued", is_looked_for=True),
    "voice": Receipt("CA1", "queued", is_looked_for=True),
    "webhook": Receipt("round.0", "200"),
}


@dataclass
class Desk:
    """A sender with its address, and the wire to a server that stands for its provider."""

    sender: Sender
    wire: Wire
    address: dict[str, str]

    def send(self, letter: Letter | None = None) -> Receipt:
        return self.sender.send(self.wire, self.address, letter or make_letter())


def desk(kind: str, server: Server, *, is_declared: bool = True, seconds: float = 5) -> Desk:
    base = make_settings("sqlite://", Path("/nowhere"))
    settings = replace(
        base,
        sms_url=f"{server.url.replace('://', '://AC1:s3cret-token@')}",
        sms_from="+15550100",
        pace=Pace(notify_call_seconds=seconds),
    )
    given = {name: value.replace("{url}", server.url) for name, value in TYPED[kind].items()}
    sender = SENDERS[kind]
    return Desk(sender, Wire(Fetcher([server.url] if is_declared else []), settings), sender.read(given))


def silent(link: socket.socket) -> None:
    """Listen and say nothing until the other side goes."""
    while link.recv(65536):
        pass


def said(server: Server) -> tuple[str, dict[str, str], bytes]:
    """Return the first request's first line, headers and body."""
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}, body


def said_json(server: Server) -> Any:
    return json.loads(said(server)[2])


@pytest.mark.parametrize("kind", TYPED)
def test_what_is_accepted_gives_its_id_and_state(kind: str) -> None:
    with answering(reply(ANSWERS[kind])) as server:
        assert desk(kind, server).send() == RECEIPTS[kind]
        assert len(server.requests) == 1
    text = server.requests[0].decode()
    assert "3+overdue" in text or "3 overdue" in text


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(b"{}", "404 Not Found"), ("http_404", True, True)),
        (reply(b"{}", "429 Too Many Requests", "Retry-After: 40"), ("http_429", True, False)),
        (reply(b"{}", "503 Service Unavailable"), ("http_503", True, False)),
        (reply(b"{}", "500 Internal Server Error"), ("http_500", False, False)),
        (reply(b"", "302 Found", "Location: http://127.0.0.1:1/private"), ("redirected", True, True)),
        (b"", ("broken_answer", False, False)),
    ],
    ids=["404", "429", "503", "500", "redirect", "hang up"],
)
def test_what_each_failure_means(kind: str, answer: bytes, expected: tuple[str, bool, bool]) -> None:
    with answering(answer) as server, pytest.raises(NotDelivered) as caught:
        desk(kind, server).send()
    assert (caught.value.code, caught.value.is_sure, caught.value.is_final) == expected
    assert caught.value.again_seconds == (40 if expected[0] == "http_429" else None)
    assert server.connection_count == 1


@pytest.mark.parametrize("kind", TYPED)
def test_a_provider_that_hangs_keeps_nobody_and_may_have_accepted(kind: str) -> None:
    server = Server(silent)
    try:
        with pytest.raises(NotDelivered) as caught:
            desk(kind, server, seconds=HANGS).send()
    finally:
        server.close()
    assert (caught.value.code, caught.value.is_sure) == ("timeout", False)


@pytest.mark.parametrize("kind", TYPED)
def test_private_addresses_are_not_called(kind: str) -> None:
    with answering(reply(ANSWERS[kind])) as server, pytest.raises(NotDelivered) as caught:
        desk(kind, server, is_declared=False).send()
    assert caught.value.code in ("plain_http_refused", "address_refused")
    assert (caught.value.is_sure, caught.value.is_final) == (True, True)
    assert server.connection_count == 0


def test_nothing_is_said_over_a_broken_tls(tmp_path: Path) -> None:
    with answering(reply(b"ok"), tls=self_signed(tmp_path)) as server:
        wire = Wire(Fetcher([f"https://127.0.0.1:{server.port}"]), make_settings("sqlite://", tmp_path))
        address = {"url": f"https://127.0.0.1:{server.port}/x", "secret": SECRET}
        with pytest.raises(NotDelivered) as caught:
            SENDERS["webhook"].send(wire, address, make_letter())
    assert (caught.value.code, caught.value.is_sure) == ("tls_failed", True)
    assert server.requests == []


@pytest.mark.parametrize("kind", TYPED)
@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_no_secret_reaches_log_exception_or_hint(kind: str, status: str) -> None:
    shown = ""
    with capture_logs() as logs, answering(reply(ANSWERS[kind], status)) as server:
        this = desk(kind, server)
        try:
            shown = repr(this.send())
        except NotDelivered as error:
            shown = repr(error) + repr(error.__cause__) + repr(error.__context__)
    shown += this.sender.hint(this.address) + repr(logs)
    for secret in ("s3cret", SECRET, BOT, KEY, "600111222"):
        assert secret not in shown


def test_a_webhook_is_signed_over_time_and_body() -> None:
    with answering(reply()) as server:
        desk("webhook", server).send(make_letter(is_resent=True))
    _, headers, body = said(server)
    signed = f"{headers['relevo-timestamp']}.".encode() + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["relevo-signature"] == f"v1={expected}"
    assert headers["relevo-delivery"] == "round.0"
    found = json.loads(body)
    assert (found["may_be_repeated"], found["acknowledge_url"]) == (True, "https://relevo.example/a/once")


def test_telegram_previews_no_link() -> None:
    with answering(reply(ANSWERS["telegram"])) as server:
        desk("telegram", server).send()
    assert said(server)[0] == f"POST /bot{BOT}/sendMessage HTTP/1.1"
    assert said_json(server)["link_preview_options"] == {"is_disabled": True}
    with answering(reply(b'{"ok": false}')) as server, pytest.raises(NotDelivered, match="broken_answer"):
        desk("telegram", server).send()


def test_slack_finds_no_mention_in_a_name_and_unfurls_nothing() -> None:
    with answering(reply(b"ok")) as server:
        desk("slack", server).send(make_letter(subject="2 overdue on <!channel> & co"))
    found = said_json(server)
    assert "&lt;!channel&gt; &amp; co" in found["text"]
    assert (found["unfurl_links"], found["unfurl_media"]) == (False, False)


def test_ntfy_opens_pages_and_acknowledges_nothing_by_itself() -> None:
    with answering(reply(ANSWERS["ntfy"])) as server:
        desk("ntfy", server).send()
    found = said_json(server)
    assert [action["action"] for action in found["actions"]] == ["view"]
    assert (found["priority"], found["click"]) == (5, "https://relevo.example/alerts/7")
    assert said(server)[1]["authorization"] == "Bearer s3cret-token"


def test_pagerduty_gets_the_same_key_for_each_try() -> None:
    with answering(reply(ANSWERS["pagerduty"])) as server:
        desk("pagerduty", server).send()
        desk("pagerduty", server).send(make_letter(is_resent=True))
    keys = [json.loads(one.partition(b"\r\n\r\n")[2])["dedup_key"] for one in server.requests]
    assert keys == ["round.0", "round.0"]


def test_a_text_message_keeps_its_link_however_long_its_lines_are() -> None:
    with answering(reply(ANSWERS["sms"])) as server:
        desk("sms", server).send(make_letter(lines=("x" * 2000,)))
    first, headers, body = said(server)
    form = parse_qs(body.decode())
    assert first == "POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1"
    assert base64.b64decode(headers["authorization"].split()[1]) == b"AC1:s3cret-token"
    assert (form["To"], form["From"]) == (["+34600111222"], ["+15550100"])
    assert len(form["Body"][0]) <= 600
    assert form["Body"][0].endswith("\nhttps://relevo.example/a/once")


def test_a_call_says_a_code_digit_by_digit_and_escapes_what_it_reads() -> None:
    letter = make_letter(kind="verification", subject="A & B", lines=("Your code is 012345",), code="012345")
    with answering(reply(ANSWERS["voice"])) as server:
        desk("voice", server).send(letter)
    twiml = parse_qs(said(server)[2].decode())["Twiml"][0]
    assert "A &amp; B. Your code is 0, 1, 2, 3, 4, 5" in twiml


@pytest.mark.parametrize(
    ("state", "fate"),
    [
        ("delivered", Fate.ARRIVED),
        ("sent", Fate.WAITING),
        ("undelivered", Fate.LOST),
        ("failed", Fate.LOST),
        ("", Fate.WAITING),
    ],
)
def test_what_became_of_a_message_is_asked_by_its_sid(state: str, fate: Fate) -> None:
    with answering(reply(json.dumps({"status": state}).encode())) as server:
        this = desk("sms", server)
        assert isinstance(this.sender, Looker)
        assert this.sender.look(this.wire, "SM/1") == (fate, state)
    assert said(server)[0] == "GET /2010-04-01/Accounts/AC1/Messages/SM%2F1.json HTTP/1.1"


def test_a_provider_that_knows_at_once_that_it_failed_is_believed() -> None:
    with answering(reply(b'{"sid": "SM1", "status": "failed"}')) as server, pytest.raises(NotDelivered) as caught:
        desk("sms", server).send()
    assert (caught.value.code, caught.value.is_sure) == ("phone_failed", True)


def test_the_last_resort_gets_a_post_of_json() -> None:
    with answering(reply()) as server:
        wire = Wire(Fetcher([server.url]), make_settings("sqlite://", Path("/nowhere")))
        assert send_to_last_resort(wire, f"{server.url}/x", make_letter()).state == "200"
    assert said_json(server)["subject"] == "3 overdue on Acme"


def test_the_last_resort_by_mail_needs_a_mail_server() -> None:
    wire = Wire(Fetcher(), make_settings("sqlite://", Path("/nowhere")))
    with pytest.raises(NotDelivered, match="mail_not_set_up"):
        send_to_last_resort(wire, "mailto:boss@acme.example", make_letter())


def apprise_to(url: str, *declared: str, seconds: float = 10) -> Receipt:
    """Send by Apprise to a server of the test's own."""
    settings = make_settings("sqlite://", Path("/nowhere"))
    settings = replace(settings, local_services=frozenset(declared), pace=Pace(notify_call_seconds=seconds))
    return Others(schemes=frozenset({"json"})).send(Wire(Fetcher(), settings), {"url": url}, make_letter())


@pytest.mark.parametrize(("status", "code"), [("200 OK", None), ("500 Internal Server Error", "apprise_failed")])
def test_apprise_sends_what_it_can_and_gives_no_receipt(status: str, code: str | None) -> None:
    with answering(reply(b"", status, "Connection: close")) as server:
        url, declared = f"json://127.0.0.1:{server.port}/s3cret", f"127.0.0.1:{server.port}"
        if code is None:
            assert apprise_to(url, declared) == Receipt()
        else:
            with pytest.raises(NotDelivered, match=code):
                apprise_to(url, declared)
    assert len(server.requests) == 1
    assert Others().hint({"url": url}) == "json"


def test_a_service_behind_apprise_that_hangs_is_killed_in_time() -> None:
    server, started = Server(silent), time.monotonic()
    url = f"json://127.0.0.1:{server.port}/?rto=600&cto=600"
    try:
        with pytest.raises(NotDelivered) as caught:
            apprise_to(url, f"127.0.0.1:{server.port}", seconds=3)
    finally:
        server.close()
    assert (caught.value.code, caught.value.is_sure) == ("timeout", False)
    assert time.monotonic() - started < 6


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433"])
def test_apprise_calls_nothing_private(host: str) -> None:
    with answering(reply(b"")) as server, pytest.raises(NotDelivered) as caught:
        apprise_to(f"json://{host}:{server.port}/")
    assert (caught.value.code, caught.value.is_sure, caught.value.is_final) == ("address_refused", True, True)
    assert server.connection_count == 0


def test_what_stands_in_the_hosts_place_is_looked_up_by_nobody_before_it_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = []
    found = socket.getaddrinfo

    def look_up(host: Any, *rest: Any, **more: Any) -> Any:
        looked_up.append(host)
        return found(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with answering(reply(b"")) as server, pytest.raises(NotDelivered, match="address_refused"):
        apprise_to(f"json://localhost:{server.port}/")  # its own process looks, and calls nothing private
    assert server.connection_count == 0
    assert "localhost" not in looked_up


def test_no_service_that_apprise_may_reach_lets_an_address_name_its_host() -> None:
    from apprise.manager_plugins import NotificationManager

    for scheme in sorted(SCHEMES):
        plugin = NotificationManager()[scheme]  # type: ignore[no-untyped-call]
        assert not {"host", "hostname", "port"} & set(plugin.template_tokens), scheme


def test_a_call_reads_no_link_of_what_went_along() -> None:
    letter = make_letter(
        lines=("Due at 18:31.", "+ 2 on Beta: https://relevo.example/a/once"), also=("2 on Beta",), own_line_count=1
    )
    said = Voice().content(letter)["Twiml"]
    assert "2 on Beta" in said
    assert "https" not in said
