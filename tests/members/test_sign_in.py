"""Signing in: who gets in, who doesn't, and what each is told."""

from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.database import db
from inbox.errors import Conflict, Invalid
from inbox.members import attempts, first, known_browsers, passwords, profile, sessions, sign_in
from inbox.members.attempts import PER_EMAIL
from inbox.members.models import Member, MemberSession
from inbox.security import Vault
from inbox.settings import Pace, Settings
from tests.factories.members import PASSWORD, form_token, make_member_with_password, post, sign_in_as
from tests.fixtures.app import MovingClock


def _sign_in(browser: FlaskClient, email: str, password: str = PASSWORD, **fields: str) -> Any:
    token = form_token(browser, "/sign-in")
    return browser.post("/sign-in", data={"csrf_token": token, "email": email, "password": password, **fields})


@pytest.fixture
def member(session: Session, app: Flask) -> Member:
    attempts.set_up(app)  # nobody has tried anything yet
    member = make_member_with_password(session, email="lucia@acme.example")
    session.commit()
    return member


def test_a_member_signs_in_and_out(client: FlaskClient, session: Session, member: Member) -> None:
    answer = _sign_in(client, " Lucia@Acme.example ", next="/password")
    assert answer.status_code == 303
    assert answer.location == "/password"
    cookie = client.get_cookie(sessions.COOKIE)
    assert cookie is not None
    assert cookie.http_only
    assert cookie.same_site == "Lax"
    row = session.scalars(select(MemberSession)).one()
    assert cookie.value not in (row.token_hash, "")
    assert client.get("/password").status_code == 200
    assert client.post("/sign-out", data={"csrf_token": form_token(client)}).status_code == 303
    assert client.get_cookie(sessions.COOKIE) is None
    client.set_cookie(sessions.COOKIE, cookie.value)
    assert client.get("/password").status_code == 303


@pytest.mark.parametrize(("email", "password"), [("lucia@acme.example", "wrong"), ("nobody@acme.example", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_read_the_same(
    client: FlaskClient, session: Session, member: Member, email: str, password: str
) -> None:
    answer = _sign_in(client, email, password)
    assert answer.status_code == 400
    assert "The e-mail address or the password is not right." in answer.text
    assert session.scalars(select(MemberSession)).all() == []


def test_an_unknown_address_costs_a_hash_too(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords.set_cost(memory_kib=8, rounds=1)
    compared: list[str] = []

    def verify(_hasher: PasswordHasher, stored: str, _clear: str) -> bool:
        compared.append(stored)
        raise VerifyMismatchError

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    assert not passwords.is_right(None, "whatever it is")
    assert [stored.startswith("$argon2id$") for stored in compared] == [True]


def test_the_default_cost_is_that_of_owasp() -> None:
    passwords.set_cost()
    assert passwords.hash_password("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    passwords.set_cost(memory_kib=8, rounds=1)


def test_after_ten_failures_even_the_right_password_waits(
    client: FlaskClient, member: Member, moving_clock: MovingClock
) -> None:
    for _ in range(PER_EMAIL.amount):
        assert _sign_in(client, member.email, "wrong").status_code == 400
    answer = _sign_in(client, member.email)
    assert answer.status_code == 429
    assert "Too many wrong tries" in answer.text


def test_who_guesses_elsewhere_keeps_no_known_browser_out(
    app: Flask, client: FlaskClient, member: Member, moving_clock: MovingClock
) -> None:
    assert _sign_in(client, member.email).status_code == 303
    post(client, "/sign-out")
    guesser = app.test_client()
    for _ in range(PER_EMAIL.amount):
        _sign_in(guesser, member.email, "wrong")
    assert _sign_in(guesser, member.email).status_code == 429
    for _ in range(PER_EMAIL.amount):  # it is counted by itself, and no less strictly
        assert _sign_in(client, member.email, "wrong").status_code == 400
    assert _sign_in(client, member.email).status_code == 429
    moving_clock.move(minutes=11)
    attempts.set_up(app)  # the counter goes by the machine's clock
    for _ in range(PER_EMAIL.amount):
        _sign_in(guesser, member.email, "wrong")
    assert _sign_in(client, member.email).status_code == 303


def test_another_password_ends_what_the_old_one_collected(
    app: Flask, client: FlaskClient, session: Session, member: Member
) -> None:
    _sign_in(client, member.email)
    post(client, "/sign-out")
    member.password_hash = passwords.hash_password("another-good-long-passphrase")
    session.commit()
    for _ in range(PER_EMAIL.amount):
        _sign_in(app.test_client(), member.email, "wrong")
    assert _sign_in(client, member.email, "another-good-long-passphrase").status_code == 429


def test_a_cookie_that_was_sealed_for_something_else_is_no_error(
    app: Flask, client: FlaskClient, session: Session, member: Member
) -> None:
    settings = app.config["RELEVO"]
    for told in (b"[]", b'{"at": "soon"}', b'{"at": 1e300, "for": "", "name": ""}', b"no JSON"):
        client.set_cookie(known_browsers.COOKIE, Vault(settings.secret_keys).seal(told).decode())
        assert _sign_in(client, member.email, "wrong").status_code == 400


@pytest.mark.parametrize("spoilt", ["another's", "an old one", "cut", "x" * 1500, "é", ""])
def test_only_a_true_young_cookie_of_this_address_makes_a_browser_known(
    app: Flask, client: FlaskClient, session: Session, member: Member, moving_clock: MovingClock, spoilt: str
) -> None:
    other = make_member_with_password(session, email="diego@acme.example")
    _sign_in(client, other.email if spoilt == "another's" else member.email)
    post(client, "/sign-out")
    cookie = client.get_cookie(known_browsers.COOKIE)
    assert cookie is not None
    assert member.email not in cookie.value
    if spoilt == "an old one":
        moving_clock.move(seconds=known_browsers.KNOWN_FOR.total_seconds() + 1)
    elif spoilt != "another's":
        client.set_cookie(known_browsers.COOKIE, cookie.value[:-20] if spoilt == "cut" else spoilt)
    for _ in range(PER_EMAIL.amount):
        _sign_in(app.test_client(), member.email, "wrong")
    assert _sign_in(client, member.email).status_code == 429


def test_a_deactivated_member_stays_outside(client: FlaskClient, session: Session, member: Member) -> None:
    member.deactivated_at = member.created_at
    session.commit()
    assert _sign_in(client, "lucia@acme.example").status_code == 400


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example", ""],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client: FlaskClient, member: Member, wanted: str) -> None:
    assert _sign_in(client, member.email, next=wanted).location == "/"


def test_the_browser_tells_the_zone_once(client: FlaskClient, session: Session, member: Member) -> None:
    _sign_in(client, member.email, time_zone="Europe/Madrid")
    session.refresh(member)
    assert member.time_zone == "Europe/Madrid"
    client.delete_cookie(sessions.COOKIE)
    _sign_in(client, member.email, time_zone="America/Lima")
    session.refresh(member)
    assert member.time_zone == "Europe/Madrid"


def test_a_one_time_password_works_within_the_hour_until_another_is_chosen(
    app: Flask, client: FlaskClient, session: Session, moving_clock: MovingClock
) -> None:
    passwords.set_cost(memory_kib=8, rounds=1)
    made = first.make_first_member(session, Pace())
    assert made is not None
    member, password = made
    session.commit()
    settings: Settings = app.config["RELEVO"]
    (settings.data_dir / first.NOTE).write_text("secret")

    answer = _sign_in(client, member.email, password, next="/me")
    assert answer.location == "/password"
    assert client.get("/me").location == "/password"
    assert (settings.data_dir / first.NOTE).exists()
    # Who closed the browser on that page comes back with the same password.
    client = app.test_client()
    assert _sign_in(client, member.email, password).location == "/password"

    fields = {"password": "three slow otters", "password_again": "three slow otters"}
    assert client.post("/password", data={"csrf_token": form_token(client), **fields}).location == "/"
    session.refresh(member)
    assert not member.must_change_password
    assert not (settings.data_dir / first.NOTE).exists()
    assert _sign_in(app.test_client(), member.email, password).status_code == 400
    assert _sign_in(app.test_client(), member.email, "three slow otters").status_code == 303
    assert first.make_first_member(session, Pace()) is None


def test_a_password_that_is_replaced_while_it_is_compared_lets_nobody_in(session: Session, member: Member) -> None:
    candidate = sign_in.find_candidate(session, member.email)
    assert candidate is not None
    member.password_hash = "another"
    session.commit()
    with pytest.raises(Invalid) as raised:
        sign_in.admit(session, candidate, "test", pace=Pace())
    assert raised.value.code == "sign_in_wrong"


def test_of_two_who_choose_a_password_at_once_the_second_changes_nothing(session: Session, member: Member) -> None:
    was = member.password_hash
    profile.change_password(session, member.id, "first", was=was, keep_session_id=0)
    session.commit()
    with pytest.raises(Conflict) as raised:
        profile.change_password(session, member.id, "second", was=was, keep_session_id=0)
    assert raised.value.code == "password_changed"
    session.rollback()
    session.refresh(member)
    assert member.password_hash == "first"


def test_a_one_time_password_is_dead_after_an_hour(
    client: FlaskClient, session: Session, moving_clock: MovingClock
) -> None:
    passwords.set_cost(memory_kib=8, rounds=1)
    made = first.make_first_member(session, Pace())
    assert made is not None
    session.commit()
    moving_clock.move(hours=1)
    answer = _sign_in(client, made[0].email, made[1])
    assert answer.status_code == 400
    assert "older than an hour" in answer.text


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 10 characters"),
        ("1234567890", "Everybody tries"),
        ("aaaaaaaaaaaa", "Everybody tries"),
        ("lucia@acme.example", "must not be your e-mail"),
    ],
)
def test_a_poor_password_is_refused(app: Flask, session: Session, member: Member, password: str, said: str) -> None:
    browser = sign_in_as(app, session, member)
    fields = {"current": PASSWORD, "password": password, "password_again": password}
    answer = browser.post("/password", data={"csrf_token": form_token(browser), **fields})
    assert answer.status_code == 400
    assert said in answer.text


def test_changing_the_password_wants_the_old_one_and_ends_other_sessions(
    app: Flask, session: Session, member: Member
) -> None:
    here, there = sign_in_as(app, session, member), sign_in_as(app, session, member)
    token = form_token(here)
    new = {"password": "three slow otters", "password_again": "three slow otters"}
    assert here.post("/password", data={"csrf_token": token, "current": "wrong", **new}).status_code == 400
    assert there.get("/password").status_code == 200
    assert here.post("/password", data={"csrf_token": token, "current": PASSWORD, **new}).status_code == 303
    assert here.get("/password").status_code == 200
    assert there.get("/password").status_code == 303


def test_sessions_end_when_idle_and_when_old(
    app: Flask, session: Session, member: Member, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, member)
    for _ in range(6):
        moving_clock.move(days=13)
        assert browser.get("/password").status_code == 200
    moving_clock.move(days=13)
    assert browser.get("/password").status_code == 303  # 91 days old
    browser = sign_in_as(app, session, member)
    moving_clock.move(days=14)
    assert browser.get("/password").status_code == 303  # idle


def test_last_active_is_noted_at_most_once_a_minute(
    app: Flask, session: Session, member: Member, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, member)
    start = moving_clock.at
    moving_clock.move(59)
    browser.get("/password")
    session.refresh(member)
    assert member.last_active_at == start
    moving_clock.move(2)
    browser.get("/password")
    session.refresh(member)
    assert member.last_active_at == start + timedelta(seconds=61)


def test_a_page_is_shown_while_somebody_writes(
    app: Flask, session: Session, member: Member, moving_clock: MovingClock
) -> None:
    browser = sign_in_as(app, session, member)
    moving_clock.move(120)
    member_id = member.id
    session.commit()
    with app.app_context(), Session(db.engine) as other:
        other.get(Member, member_id, with_for_update=True)  # on SQLite this transaction holds the write lock
        assert browser.get("/password").status_code == 200
