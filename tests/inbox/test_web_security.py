"""Headers, error pages and sizes: what every answer carries, and that none tells an inside."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from inbox import create_app
from inbox.errors import Conflict, NotAllowed
from inbox.members import doors
from tests.factories.members import form_token

SECRET = "hunter2-app-password"
HTML = {"Accept": "text/html"}


_PASSING = {
    "protocol": "locking protocol",
    "refused": 'connection failed: connection to server at "127.0.0.1", port 5432 failed: Connection refused',
    "recovering": "connection failed: FATAL:  the database system is starting up",
    "killed": "server closed the connection unexpectedly",
}


def _make(app: Flask, **changes: Any) -> Flask:
    made = create_app(replace(app.config["RELEVO"], **changes), busy_seconds=20)
    made.test_client_class = app.test_client_class
    made.register_blueprint(_troubles())
    return made


def _troubles() -> Blueprint:
    troubles = Blueprint("troubles", __name__)

    @troubles.get("/trouble/<word>")
    @doors.everyone
    def trouble(word: str) -> str:
        if word == "busy":
            raise OperationalError("UPDATE x", {}, Exception("database is locked"))
        if word in _PASSING:
            raise OperationalError("UPDATE x", {}, Exception(_PASSING[word]))
        if word == "database":
            raise OperationalError(f"SELECT '{SECRET}'", {}, Exception("disk on fire"))
        if word == "allowed":
            raise NotAllowed("no_such_sentence", password=SECRET)
        if word == "conflict":
            raise Conflict("team_name_taken", name="<b>Night</b>")
        raise RuntimeError(SECRET)

    return troubles


def test_every_answer_carries_the_policy(client: FlaskClient) -> None:
    for path in ("/sign-in", "/nothing-here", "/static/css/base.css"):
        with client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self' http://localhost:8001;" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert client.get("/sign-in").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("changes", "host", "source"),
    [
        ({}, "inbox.acme.example:9000", "connect-src 'self' http://inbox.acme.example:8001;"),
        ({}, "[::1]:8000", "connect-src 'self' http://[::1]:8001;"),
        (
            {"stream_url": "https://live.acme.example/stream"},
            "x.example",
            "connect-src 'self' https://live.acme.example;",
        ),
        ({"stream_url": "http://x.example/stream"}, "x.example", "connect-src 'self';"),
        ({"public_url": "https://inbox.acme.example"}, "x.example", "connect-src 'self';"),
        ({"trusted_proxies": 1}, "x.example", "connect-src 'self';"),
    ],
)
def test_the_stream_is_the_one_other_origin(app: Flask, changes: dict[str, Any], host: str, source: str) -> None:
    answer = _make(app, **changes).test_client().get("/sign-in", headers={"Host": host})
    assert source in answer.headers["Content-Security-Policy"]


def test_cookies_stay_off_plain_http_in_production(app: Flask) -> None:
    browser = _make(app, environment="production", trusted_proxies=1).test_client()
    answer = browser.get("/sign-in", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("word", "status", "said"),
    [
        ("busy", 503, "try again in a moment"),
        *((word, 503, "try again in a moment") for word in _PASSING),
        ("database", 500, "our fault"),
        ("bug", 500, "our fault"),
        ("allowed", 403, "A lead or an admin"),
        ("conflict", 409, "Another team is called &lt;b&gt;Night&lt;/b&gt;"),
    ],
)
def test_trouble_is_a_sentence_without_insides(
    app: Flask, caplog: pytest.LogCaptureFixture, word: str, status: int, said: str
) -> None:
    made = _make(app)
    for headers in (HTML, {"HX-Request": "true"}, {"Accept": "application/json"}):
        answer = made.test_client().get(f"/trouble/{word}", headers=headers)
        assert answer.status_code == status
        assert SECRET not in answer.text
        assert "Traceback" not in answer.text
        if headers != {"Accept": "application/json"}:
            assert said in answer.text
    assert answer.get_json()["message"]
    assert SECRET not in caplog.text


def test_trouble_speaks_spanish_to_spaniards(client: FlaskClient) -> None:
    answer = client.get("/nothing-here", headers={**HTML, "Accept-Language": "es-ES,es;q=0.9"})
    assert 'lang="es"' in answer.text


def test_a_fragment_gets_a_notice_and_no_page(client: FlaskClient) -> None:
    answer = client.get("/nothing-here", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


def test_more_than_two_megabytes_are_refused(client: FlaskClient) -> None:
    token = form_token(client, "/sign-in")
    answer = client.post("/sign-in", data={"csrf_token": token, "email": "x" * (3 * 1024 * 1024)})
    assert answer.status_code == 413
    assert "more than 2 MB" in answer.text


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.put("/sign-in", headers=HTML)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
