"""The event stream over HTTP: who may open it, what it says, when it ends."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.live import renderers
from inbox.live.renderers import RenderedRow
from inbox.live.server import make_stream_app
from inbox.members import sessions
from inbox.members.models import Grant, Member
from inbox.settings import Pace
from tests.factories.basics import make_channel, make_responder

PLACES: dict[int, tuple[int, bool]] = {}
HEARTBEAT_LEEWAY = 2  # a look at the database, and the way to the browser
ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def stream_url(app: Flask, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve the streams of this test's application, with rows that only say which conversation they are."""

    def render(_session: Session, ids: Any, locale: str) -> list[RenderedRow]:
        return [RenderedRow(number, 1, f"<li>{locale} {number}</li>", {"status": "open"}) for number in ids]

    monkeypatch.setattr(renderers, "_row_renderer", render)
    monkeypatch.setattr(renderers, "_place_finder", lambda _session, ids: {n: PLACES[n] for n in ids if n in PLACES})
    PLACES.clear()
    was = app.config["RELEVO"]
    lengths = {"stream_revoke_seconds": 0.3} | getattr(request, "param", {})
    app.config["RELEVO"] = replace(was, stream_cap=2, pace=replace(Pace(), **lengths))
    stream_app = make_stream_app(app)
    stream_app.extensions["hub"].start()
    server = make_server("127.0.0.1", 0, stream_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/stream"
    stream_app.extensions["hub"].stop()
    server.shutdown()
    thread.join()
    server.server_close()
    app.config["RELEVO"] = was


def sign_in(session: Session, member: Member) -> dict[str, str]:
    _row, token = sessions.begin(session, member.id, "test", pace=Pace())
    session.commit()
    return {"Cookie": f"{sessions.COOKIE}={token}"}


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def happens(session: Session, channel: Channel, conversation_id: int, *, is_private: bool = False) -> int:
    PLACES[conversation_id] = (channel.id, is_private)
    row = record(session, kinds.ASSIGNED, channel_id=channel.id, conversation_id=conversation_id)
    session.commit()
    return row.id


def test_nobody_listens_without_a_session(stream_url: str) -> None:
    assert httpx.get(stream_url).status_code == 401
    assert httpx.get(stream_url, headers={"Cookie": f"{sessions.COOKIE}=made-up"}).status_code == 401


def test_a_member_hears_of_their_own_channels_alone(session: Session, stream_url: str) -> None:
    ours, theirs = make_channel(session), make_channel(session)
    member = make_responder(session, ours, can_see_private=False)
    headers = sign_in(session, member)
    with httpx.stream("GET", stream_url, headers=headers, params={"locale": "es"}, timeout=10) as response:
        heard = events(response)
        assert next(heard)[0] == "hello"
        happens(session, theirs, 901)
        happens(session, ours, 902, is_private=True)
        happens(session, ours, 903)
        name, data = next(heard)
    assert name == "changes"
    assert [row["id"] for row in data["rows"]] == [903]
    assert data["rows"][0]["html"] == "<li>es 903</li>"
    assert "901" not in json.dumps(data)
    assert "902" not in json.dumps(data)


def test_a_page_that_comes_back_gets_what_it_missed(session: Session, stream_url: str) -> None:
    channel = make_channel(session)
    headers = sign_in(session, make_responder(session, channel))
    seen = happens(session, channel, 910)
    happens(session, channel, 911)
    headers |= {"Last-Event-ID": str(seen)}
    with httpx.stream("GET", stream_url, headers=headers, timeout=10) as response:
        heard = events(response)
        assert next(heard)[0] == "hello"
        name, data = next(heard)
    assert name == "changes"
    assert 911 in [row["id"] for row in data["rows"]]


@pytest.mark.parametrize("what", ["session", "grant"])
def test_a_revoked_right_closes_the_stream(session: Session, stream_url: str, what: str) -> None:
    channel = make_channel(session)
    member = make_responder(session, channel)
    headers = sign_in(session, member)
    with httpx.stream("GET", stream_url, headers=headers, timeout=15) as response:
        heard = events(response)
        assert next(heard)[0] == "hello"
        if what == "session":
            sessions.end_all(session, member.id, by_member_id=None)
        else:
            session.query(Grant).filter(Grant.channel_id == channel.id).delete()
        session.commit()
        started = time.monotonic()
        assert [name for name, _data in heard][-1] == "closed"
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("stream_url", [{"stream_life_seconds": 0.5}], indirect=True)
def test_a_stream_says_goodbye_when_its_life_ends_and_is_taken_up_where_it_stopped(
    session: Session, stream_url: str
) -> None:
    channel = make_channel(session)
    headers = sign_in(session, make_responder(session, channel))
    seen = happens(session, channel, 920)
    with httpx.stream("GET", stream_url, headers=headers, timeout=10) as response:
        assert [name for name, _data in events(response)][-1] == "bye"
    happens(session, channel, 921)
    with httpx.stream("GET", stream_url, headers=headers, params={"after": seen}, timeout=10) as response:
        told = [data for name, data in events(response) if name == "changes"]
    assert 921 in [row["id"] for data in told for row in data["rows"]]


def test_the_rules_lengths() -> None:
    assert Pace().stream_life_seconds == 600
    assert Pace().stream_revoke_seconds + HEARTBEAT_LEEWAY <= 15


def test_above_the_cap_it_says_come_back_later(session: Session, stream_url: str) -> None:
    headers = sign_in(session, make_responder(session, make_channel(session)))
    with (
        httpx.stream("GET", stream_url, headers=headers, timeout=10) as first,
        httpx.stream("GET", stream_url, headers=headers, timeout=10) as second,
    ):
        heard = [events(first), events(second)]  # kept: a reader that is thrown away ends its stream
        assert [next(one)[0] for one in heard] == ["hello", "hello"]
        refused = httpx.get(stream_url, headers=headers)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")


@pytest.mark.parametrize(("origin", "is_allowed"), [(ORIGIN, True), ("https://elsewhere.example", False)])
def test_only_the_webs_own_origin_may_read_it(stream_url: str, origin: str, is_allowed: bool) -> None:
    answer = httpx.get(stream_url, headers={"Origin": origin})
    assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is is_allowed
