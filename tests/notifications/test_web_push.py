"""Browsers: what leaves is what RFC 8291 and 8292 say, only the browser reads it, and one that is gone is said so."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.database import db
from inbox.errors import Invalid
from inbox.fetch import Fetcher
from inbox.members import passwords, sessions
from inbox.members.models import MemberSession
from inbox.notifications import send, web_push
from inbox.notifications.contract import NotDelivered, Receipt, Wire
from inbox.notifications.models import NotificationMethod
from inbox.notifications.queries import list_reachable
from inbox.notifications.send import SENDERS, Post
from inbox.notifications.senders import browser as push
from inbox.notifications.web_push import Keys, to_bytes, to_text
from inbox.settings import Settings
from tests.factories.basics import make_member
from tests.factories.members import form_token, post, sign_in_as
from tests.factories.notifications import Office, add_method, make_letter
from tests.fixtures.app import START, MovingClock
from tests.inbox.wire import Wire as Server
from tests.inbox.wire import answering, reply

# RFC 8291, appendix A and section 5
RFC_BROWSER = Keys(
    "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
)
RFC_OURS = Keys(
    "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
)
RFC_AUTH, RFC_SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
RFC_BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBr"
    "u3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
CREATED = reply(b"", "201 Created", "Location: https://push.example/m/abc123")


def decrypt(body: bytes, keys: Keys = RFC_BROWSER, auth: str = RFC_AUTH) -> bytes:
    """Read a message as its browser does: written from the RFC, not from our code."""
    salt, length = body[:16], body[20]
    sender = body[21 : 21 + length]
    private = ec.derive_private_key(int.from_bytes(to_bytes(keys.private)), ec.SECP256R1())
    shared = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))

    def derive(salt: bytes, secret: bytes, info: bytes, size: int) -> bytes:
        return HKDF(hashes.SHA256(), size, salt, info).derive(secret)

    secret = derive(to_bytes(auth), shared, b"WebPush: info\x00" + to_bytes(keys.public) + sender, 32)
    key, nonce = (
        derive(salt, secret, f"Content-Encoding: {word}\0".encode(), size)
        for word, size in (("aes128gcm", 16), ("nonce", 12))
    )
    plain = AESGCM(key).decrypt(nonce, body[21 + length :], None)
    assert plain.rstrip(b"\0").endswith(b"\x02")
    return plain.rstrip(b"\0")[:-1]


def heard(server: Server, at: int = -1) -> tuple[dict[str, str], dict[str, Any]]:
    """Return a request's headers, and its message as the browser reads it."""
    head, _, body = server.requests[at].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")[1:]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return headers, json.loads(decrypt(body))


def subscription(server: Server, key: str) -> dict[str, str]:
    """Return what the browser of the RFC gives, with our key as the page handed it over."""
    return {"endpoint": f"{server.url}/p/s3cret", "p256dh": RFC_BROWSER.public, "auth": RFC_AUTH, "key": key}


def wire(settings: Settings, server: Server) -> Wire:
    return Wire(Fetcher([server.url]), settings)


@pytest.fixture
def settings(app: Flask) -> Settings:
    found: Settings = app.config["RELEVO"]
    return found


Address = Callable[[Server], dict[str, str]]


@pytest.fixture
def address(session: Session) -> Address:
    """A function that returns the address of a browser whose push service is this server."""
    return lambda server: SENDERS["browser"].read(subscription(server, push.new_key()[1]))


def test_a_message_is_the_rfcs_own_example() -> None:
    said = b"When I grow up, I want to be a watermelon"
    body = web_push.encrypt(said, RFC_BROWSER.public, RFC_AUTH, keys=RFC_OURS, salt=to_bytes(RFC_SALT))
    assert to_text(body) == RFC_BODY
    assert decrypt(to_bytes(RFC_BODY)) == said
    with pytest.raises(ValueError, match="too long"):
        web_push.encrypt(b"x" * (web_push.MOST_BYTES + 1), RFC_BROWSER.public, RFC_AUTH)


def test_only_the_browser_reads_what_leaves_and_the_service_knows_who_wrote(
    settings: Settings, address: Address, moving_clock: MovingClock
) -> None:
    with answering(CREATED) as server:
        to = address(server)
        letter = make_letter(at=START, lines=("The first fell due at 18:31.",))
        assert SENDERS["browser"].send(wire(settings, server), to, letter) == Receipt("abc123", "201")
        headers, said = heard(server)
    assert (said["title"], said["body"]) == ("3 overdue on Acme", "The first fell due at 18:31.")
    assert (said["url"], said["acknowledge_url"]) == (letter.url, letter.acknowledge_url)
    assert b"overdue" not in server.requests[0]
    assert (headers["content-encoding"], headers["urgency"], headers["ttl"]) == ("aes128gcm", "high", "3600")
    found = re.fullmatch(r"vapid t=(\S+), k=(\S+)", headers["authorization"])
    assert found is not None
    token, public = found.groups()
    head, claims, signature = (to_bytes(part) for part in token.split("."))
    assert json.loads(head)["alg"] == "ES256"
    assert json.loads(claims)["aud"] == server.url
    assert 0 < json.loads(claims)["exp"] - START.timestamp() <= 86400
    assert public == to["public"]
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to_bytes(public))
    proof = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    key.verify(proof, token.rpartition(".")[0].encode(), ec.ECDSA(hashes.SHA256()))


def test_a_long_text_is_cut_to_what_a_push_service_takes(settings: Settings, address: Address) -> None:
    with answering(CREATED) as server:
        SENDERS["browser"].send(wire(settings, server), address(server), make_letter(lines=('"ñ"\n' * 900,) * 20))
        body = server.requests[0].partition(b"\r\n\r\n")[2]
        assert 3000 < len(body) <= 4096
        assert heard(server)[1]["body"].startswith('"ñ"')


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(b"", "404 Not Found"), ("push_gone", True, True, True, None)),
        (reply(b"", "410 Gone"), ("push_gone", True, True, True, None)),
        (reply(b"", "413 Payload Too Large"), ("http_413", True, True, False, None)),
        (reply(b"", "429 Too Many Requests", "Retry-After: 40"), ("http_429", True, False, False, 40)),
        (reply(b"", "500 Internal Server Error"), ("http_500", False, False, False, None)),
    ],
)
def test_what_a_push_service_says_instead(
    settings: Settings, address: Address, answer: bytes, expected: tuple[Any, ...]
) -> None:
    with answering(answer) as server, pytest.raises(NotDelivered) as caught:
        SENDERS["browser"].send(wire(settings, server), address(server), make_letter())
    error = caught.value
    assert (error.code, error.is_sure, error.is_final, error.is_gone, error.again_seconds) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "javascript:alert(1)"},
        {"endpoint": "https://push.example/" + "x" * 2000},
        {"p256dh": RFC_BROWSER.public[:-4]},
        {"p256dh": to_text(b"\x04" + bytes(64))},
        {"auth": "c2hvcnQ"},
        {"key": "not-sealed-by-us"},
        {"key": ""},
    ],
)
def test_what_no_browser_gives_is_refused(session: Session, wrong: dict[str, str]) -> None:
    given = {"endpoint": "https://push.example/p/1", "p256dh": RFC_BROWSER.public, "auth": RFC_AUTH}
    with pytest.raises(Invalid):
        SENDERS["browser"].read({**given, "key": push.new_key()[1], **wrong})


def deliver(session: Session, settings: Settings, server: Server) -> None:
    """Let a worker send all that is due, with the real senders."""
    session.commit()
    engine = db.engine
    allowed = replace(settings, local_services=frozenset({server.url}))
    post = Post(lambda: Session(engine), allowed, SENDERS)
    send.tidy(post)
    while (job := send.claim_one(post)) is not None:
        send.send_claimed(post, job)
    session.expire_all()


def test_a_browser_is_added_proved_by_the_code_that_it_shows_and_removed(
    app: Flask, session: Session, settings: Settings, moving_clock: MovingClock
) -> None:
    member = make_member(session)
    browser = sign_in_as(app, session, member)
    page = browser.get("/me/reach/new?kind=browser").text
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found is not None
    with answering(CREATED, CREATED) as server:
        token = form_token(browser, "/me/reach")
        fields = {"kind": "browser", "label": "Laptop", "csrf_token": token, **subscription(server, found[1])}
        assert browser.post("/me/reach/new", data=fields).status_code == 303
        deliver(session, settings, server)
        headers, said = heard(server)
        assert headers["authorization"].rpartition("k=")[2] in page, "the key that the page subscribes with"
        method = session.scalars(select(NotificationMethod)).one()
        code = "".join(re.findall(r"\b\d{6}\b", said["body"]))
        assert urlsplit(said["url"]).path == "/me/reach"
        answer = browser.post(f"/me/reach/{method.id}/verify", data={"csrf_token": token, "code": code})
        assert answer.location.startswith("/me/reach?said=verified")
        assert browser.post(f"/me/reach/{method.id}/test", data={"csrf_token": token}).status_code == 303
        deliver(session, settings, server)
        assert heard(server)[1]["title"] == "A test from Relevo"
    assert "s3cret" not in browser.get("/me/reach").text
    assert list_reachable(session, [member.id]) == {member.id}
    browser.post(f"/me/reach/{method.id}/remove", data={"csrf_token": token})
    session.expire_all()
    assert session.scalars(select(NotificationMethod.sealed)).all() == [None]


def test_a_browser_that_is_added_again_takes_its_own_place(app: Flask, session: Session) -> None:
    member = make_member(session)
    here, there = sign_in_as(app, session, member), sign_in_as(app, session, member)
    for browser, name in ((here, "Laptop"), (there, "Phone"), (here, "Laptop again")):
        key = re.search(r'name="key" value="([^"]+)"', browser.get("/me/reach/new?kind=browser").text)
        assert key is not None
        given = {"endpoint": f"https://push.example/p/{name.replace(' ', '-')}", "p256dh": RFC_BROWSER.public}
        fields = {"kind": "browser", "label": name, "auth": RFC_AUTH, "key": key[1], **given}
        assert post(browser, "/me/reach/new", **fields).status_code == 303
    session.expire_all()
    rows = session.scalars(select(NotificationMethod).order_by(NotificationMethod.id)).all()
    found = [(one.label, one.place, one.removed_at is None, one.sealed is None) for one in rows]
    assert found == [("Laptop", 1, False, True), ("Phone", 2, True, False), ("Laptop again", 1, True, False)]


def test_a_browser_that_took_it_back_is_ended_and_its_member_told_by_other_ways(office: Office) -> None:
    member = make_member(office.session, locale="es")
    browser = add_method(office.session, member, kind="fake", label="Portátil")
    add_method(office.session, member, kind="second", place=1)
    office.sender.failures = [NotDelivered("push_gone", is_sure=True, is_final=True, is_gone=True)]
    office.tell(member)
    office.work()
    assert (browser.state, browser.verified_at, browser.sealed, browser.error_code) == (
        "unverified",
        None,
        None,
        "push_gone",
    )
    ((_, letter),) = office.second.letters
    assert (letter.subject, letter.also) == ("3 overdue on Acme (y 1 más)", ("Un navegador ya no recibe alertas",))
    assert office.tell(member) == 1, "what is gone is told nothing"


def test_signing_out_in_a_browser_ends_it(office: Office) -> None:
    session = office.session
    member = make_member(session)
    here, _ = sessions.begin(session, member.id, "Firefox, Linux", pace=office.post.settings.pace)
    there, _ = sessions.begin(session, member.id, "Chrome, macOS", pace=office.post.settings.pace)
    ended, kept = (
        add_method(session, member, place=place, session_id=one.id) for place, one in enumerate((here, there))
    )
    office.work()
    assert ended.verified_at is not None
    sessions.end(session, member.id, here.id, by_member_id=member.id)
    assert office.work() == 1
    assert (ended.state, ended.error_code) == ("unverified", "signed_out")
    assert kept.verified_at is not None
    assert office.sender.subjects() == ["A browser gets no more alerts"]
    assert office.work() == 0, "it is said once"


def test_a_browser_whose_sign_in_expires_unnoticed_ends_and_one_that_signs_in_anew_goes_on(
    app: Flask, session: Session, office: Office
) -> None:
    passwords.set_cost(memory_kib=8, rounds=1)
    member = make_member(session)
    member.password_hash = passwords.hash_password("three slow otters")
    browser, other = sign_in_as(app, session, member), sign_in_as(app, session, member)
    old, elsewhere = session.scalars(select(MemberSession).order_by(MemberSession.id)).all()
    here = add_method(session, member, session_id=old.id)
    lost = add_method(session, member, place=1, session_id=elsewhere.id)
    add_method(session, member, kind="second", place=2)
    office.clock.move(days=15)
    fields = {"email": member.email, "password": "three slow otters"}
    token = form_token(browser, "/sign-in")
    assert browser.post("/sign-in", data={"csrf_token": token, **fields}).status_code == 303
    session.expire_all()
    new = session.scalars(select(MemberSession).where(MemberSession.ended_at.is_(None))).all()
    assert [one.id for one in new if one.id != elsewhere.id] == [here.session_id]
    assert old.ended_at is not None
    office.work()
    assert (here.error_code, here.sealed is None) == (None, False)
    assert (lost.error_code, lost.sealed) == ("sign_in_expired", None)
    sessions.end(session, member.id, here.session_id or 0, by_member_id=member.id)
    office.work()
    assert (here.error_code, here.sealed) == ("signed_out", None), "it ends with the sign-in that the list shows"
    assert other.get("/me/reach").status_code == 303
