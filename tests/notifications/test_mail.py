"""Letters handed to a mail server: taken, refused, hung on, cut off, and never over a broken TLS."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from inbox.fetch import Fetcher
from inbox.notifications.contract import Letter, NotDelivered, Receipt, Wire
from inbox.notifications.senders.mail import Mail, read_server
from inbox.settings import Pace
from tests.factories.notifications import make_letter
from tests.fixtures.app import make_settings
from tests.inbox.test_fetch import self_signed
from tests.notifications.post_box import PostBox, post_box

HANGS = 0.4


def wire_to(box: PostBox, query: str = "", name: str = "", seconds: float = 5) -> Wire:
    settings = replace(
        make_settings("sqlite://", Path("/nowhere")),
        smtp_url=f"smtp://{name}127.0.0.1:{box.port}{query}",
        mail_from="Relevo <relevo@acme.example>",
        pace=Pace(notify_call_seconds=seconds),
    )
    return Wire(Fetcher(), settings)


def send(wire: Wire, letter: Letter | None = None) -> Receipt:
    return Mail().send(wire, {"email": "diego@acme.example"}, letter or make_letter())


def failure(wire: Wire) -> tuple[str, bool, bool]:
    with pytest.raises(NotDelivered) as caught:
        send(wire)
    return caught.value.code, caught.value.is_sure, caught.value.is_final


def test_a_letter_is_handed_over_whole() -> None:
    with post_box() as box:
        receipt = send(wire_to(box, name="relevo:p%40ss@"), make_letter(subject="3 fuera de plazo · Acmé"))
    assert receipt == Receipt("<round.0@acme.example>", "250")
    assert box.heard[2] == "mail FROM:<relevo@acme.example>"
    assert box.heard[3] == "rcpt TO:<diego@acme.example>"
    found = message_from_bytes(box.taken[0], policy=policy.SMTP)
    assert found["Subject"] == "3 fuera de plazo · Acmé"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found.get_content().replace("\r\n", "\n").rstrip() == make_letter().text()


def test_a_subject_of_two_lines_can_t_add_a_header() -> None:
    with post_box() as box, pytest.raises(NotDelivered) as caught:
        send(wire_to(box), make_letter(subject="x\r\nBcc: y@z.example"))
    assert caught.value.is_sure
    assert box.taken == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"greeting": b"421 busy"}, ("smtp_421", True, False)),
        ({"RCPT": b"550 nobody here"}, ("smtp_550", True, True)),
        ({"RCPT": b"450 later"}, ("smtp_450", True, False)),
        ({"AUTH": b"535 no"}, ("smtp_535", True, True)),
        ({"DATA": b"554 no"}, ("smtp_554", True, True)),
        ({"end": b"451 full"}, ("smtp_451", True, False)),
        ({"MAIL": None}, ("connection_lost", True, False)),
        ({"end": None}, ("connection_lost", False, False)),
    ],
)
def test_what_a_server_refuses_surely_did_not_leave(
    answers: Mapping[str, bytes | None], expected: tuple[str, bool, bool]
) -> None:
    with post_box(answers) as box:
        assert failure(wire_to(box, name="relevo:pass@")) == expected


@pytest.mark.parametrize(("hangs_at", "is_sure"), [("greeting", True), ("RCPT", True), ("end", False)])
def test_a_server_that_hangs_keeps_nobody(hangs_at: str, is_sure: bool) -> None:
    with post_box({hangs_at: b""}) as box:
        began = time.monotonic()
        assert failure(wire_to(box, seconds=HANGS)) == ("timeout", is_sure, False)
        assert time.monotonic() - began < 5


def test_nothing_is_said_where_nobody_listens() -> None:
    with post_box() as box:
        pass
    assert failure(wire_to(box)) == ("connection_refused", True, False)


@pytest.fixture(scope="module")
def broken_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return self_signed(tmp_path_factory.mktemp("tls"))


def test_neither_password_nor_letter_goes_over_a_broken_tls(broken_tls: ssl.SSLContext) -> None:
    with post_box(tls=broken_tls) as box:
        assert failure(wire_to(box, "?tls=starttls", name="relevo:pass@")) == ("tls_failed", True, False)
    assert [line for line in box.heard if line.upper().startswith(("AUTH", "MAIL"))] == []
    assert box.taken == []


def test_a_server_without_tls_gets_nothing_where_tls_was_asked_for() -> None:
    with post_box({"EHLO": b"250 box.example"}) as box:
        assert failure(wire_to(box, "?tls=starttls")) == ("tls_failed", True, False)
    assert box.taken == []


@pytest.mark.parametrize(
    ("url", "tls"),
    [
        ("smtp://mail.example", "starttls"),
        ("smtp://localhost:25", "none"),
        ("smtp://mail.example?tls=none", "none"),
        ("smtps://mail.example", "whole"),
    ],
)
def test_how_a_server_is_named(url: str, tls: str) -> None:
    assert read_server(url).tls == tls


@pytest.mark.parametrize("url", ["", "mail.example", "http://mail.example", "smtp://mail.example:x"])
def test_a_server_that_is_named_wrongly_ends_at_once(url: str) -> None:
    with pytest.raises(NotDelivered, match="mail_not_set_up"):
        read_server(url)
