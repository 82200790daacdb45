"""Secrets are planted wherever the product has one; a platform says them back in every way; nobody ever sees one."""

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.connections import connector_for, sign_in
from inbox.channels.credentials import keep
from inbox.channels.models import Channel, ChannelStream
from inbox.cli import main
from inbox.conversations.models import RawPayload
from inbox.database import db
from inbox.doctor import examine
from inbox.intake import borders
from inbox.intake.models import Quarantined
from inbox.intake.poll import Reader, read_stream
from inbox.members import sessions
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.platforms.contract import PlatformError, Secret
from inbox.replies.send import Sender, send_next
from inbox.security import Vault
from inbox.settings import Pace, Settings
from inbox.tables import METADATA
from tests.factories.members import sign_in_as
from tests.factories.replies import Scene, make_delivery, make_scene
from tests.fixtures.app import MovingClock
from tests.inbox.wire import Wire

TOKEN = "planted-0f9e8d7c6b5a-token"
APP_PASSWORD = "planted-abcd-efgh-ijkl-pw1"  # of the same length: it stands where the token would
PACE = Pace()


def answer(status: str, body: str, **headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()


def status(**given: object) -> dict[str, object]:
    """Return a notification that can't be read, or can."""
    return {"id": "7", "type": "mention", "created_at": "2026-11-20T11:59:00.000Z", "status": given}


# How a platform may say a token back: bare, in words that look like nothing, in a page, an item, an address.
ECHOES: dict[str, bytes] = {
    "refused": answer(
        "401 Unauthorized", json.dumps({"error": f"{TOKEN} was revoked"}), Content_Type="application/json"
    ),
    "forbidden": answer("403 Forbidden", json.dumps({"error": f"The token {TOKEN} may not do that"})),
    "invalid": answer("422 Unprocessable", json.dumps({"error": f"Validation failed: {TOKEN}"})),
    "broken": answer("500 Internal Server Error", f"<pre>Authorization: Bearer {TOKEN}\n{TOKEN}</pre>"),
    "no list": answer("200 OK", json.dumps({"debug": f"you came with {TOKEN}"})),
    "no JSON": answer("200 OK", f"<html>{TOKEN}</html>"),
    "an item that can't be read": answer("200 OK", json.dumps([status(id=None, content=TOKEN), f"{TOKEN}"])),
    "sent elsewhere": answer(
        "302 Found", TOKEN, Location=f"http://me:{TOKEN}@127.0.0.1:1/a?access_token={TOKEN}#{TOKEN}"
    ),
    "sent round": answer("302 Found", "", Location=f"/api/{TOKEN}?access_token={TOKEN}"),
}


@pytest.fixture(params=ECHOES)
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """A platform that says back the secret that it was sent, always in the same way."""
    echo = ECHOES[request.param]

    def talk(link: socket.socket) -> None:
        asked = found.take_request(link)
        if APP_PASSWORD.encode() in asked:
            heard.add(APP_PASSWORD)
            link.sendall(echo.replace(TOKEN.encode(), APP_PASSWORD.encode()))
        elif asked:
            heard.add(TOKEN)
            link.sendall(echo)

    heard: set[str] = set()
    found = Wire(talk)
    yield found
    found.close()
    assert heard == {TOKEN, APP_PASSWORD}


@pytest.fixture
def settings(app: Flask, wire: Wire, moving_clock: MovingClock) -> Iterator[Settings]:
    """Settings by which that platform may be called."""
    given: Settings = app.config["RELEVO"]
    app.config["RELEVO"] = replace(given, local_services=frozenset({wire.url}))
    yield app.config["RELEVO"]
    app.config["RELEVO"] = given


def rows(session: Session) -> str:
    """Return every row of every table, what is packed in it unpacked."""
    session.rollback()
    found = [repr(tuple(row)) for table in METADATA.sorted_tables for row in session.execute(select(table))]
    for model in (Quarantined, RawPayload):
        found += [repr(borders.unpack(packed)) for packed in session.scalars(select(model.compressed))]
    session.rollback()
    return "\n".join(found)


def connected(session: Session, settings: Settings, wire: Wire) -> Scene:
    """Return a conversation on a channel of that platform, whose token is the planted one, and a reply that is due."""
    scene = make_scene(session, service_url=wire.url, host="127.0.0.1", import_done_at=clock.now())
    scene.member.is_admin = True
    keep(session, Vault(settings.secret_keys), scene.channel.id, Secret({"access_token": TOKEN}))
    session.add(ChannelStream(channel_id=scene.channel.id, name="mentions", due_at=clock.now()))
    make_delivery(session, scene)
    session.commit()
    return scene


def told(call: Callable[[], object]) -> str:
    """Return what a call says, or the whole chain of its error."""
    try:
        return repr(call())
    except PlatformError as error:
        parts: list[str] = []
        cause: BaseException | None = error
        while cause is not None:
            parts.append(f"{cause!r} {cause} {vars(cause)}")
            cause = cause.__cause__ or cause.__context__
        return " ".join(parts)


def use(settings: Settings, channel_id: int) -> str:
    """Let workers and people use the channel; returns what its errors say."""
    engine = db.engine
    connect = connector_for(settings, engine)
    send_next(Sender(lambda: Session(engine), connect, PACE))
    with Session(engine) as own, own.begin():
        claims = streams.claim_due(own, PACE, 1)
        channel = own.get_one(Channel, channel_id)
        own.flush()
        own.expunge(channel)
    for claim in claims:
        read_stream(Reader(lambda: Session(engine), connect, PACE), claim)
    connection = connect(channel)
    given = {"service_url": channel.service_url, "access_token": TOKEN}
    bluesky = {"service_url": channel.service_url, "handle": "brand.example", "app_password": APP_PASSWORD}
    return " ".join(
        [
            told(connection.verify),
            told(lambda: connection.recheck({"7": {}})),
            told(lambda: connection.context("7", {})),
            told(lambda: sign_in(settings, channel.platform, given)),
            told(lambda: sign_in(settings, "bluesky", bluesky)),
        ]
    )


def command_lines() -> str:
    """Return the words by which every process was started, as anybody on the machine sees them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().decode(errors="replace"))
        except OSError:  # it ended meanwhile
            continue
    return "\n".join(found)


def test_what_a_platform_says_back_is_found_nowhere(
    app: Flask,
    session: Session,
    settings: Settings,
    wire: Wire,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RELEVO_LOG_LEVEL", "debug")
    monkeypatch.setattr("inbox.create_app", lambda *_, **__: app)
    scene = connected(session, settings, wire)
    channel_id, number, member_id = scene.channel.id, scene.conversation.id, scene.member.id
    session.commit()
    said = {"errors": use(settings, channel_id)}
    browser = sign_in_as(app, session, session.get_one(Member, member_id))
    paths = ["/channels", f"/channels/{channel_id}", f"/channels/{channel_id}/quarantine", f"/c/{number}", "/banners"]
    said |= {path: browser.get(path).text for path in paths}
    cookie = browser.get_cookie(sessions.COOKIE)
    assert cookie is not None
    said["rows"] = rows(session)
    said["doctor"] = " ".join(examine(session, settings))
    said["channel list"] = CliRunner().invoke(main, ["channel", "list"]).output
    said["command lines"] = command_lines()
    said["files"] = "".join(
        path.read_bytes().decode(errors="replace") for path in settings.media_dir.rglob("*") if path.is_file()
    )
    said["logs"] = "".join(capfd.readouterr())
    planted = {"token": TOKEN, "app password": APP_PASSWORD, "key": settings.secret_keys[0], "cookie": cookie.value}
    assert all(len(secret) > 8 for secret in planted.values())
    found = [f"{name} in {where}" for where, words in said.items() for name, one in planted.items() if one in words]
    assert found == []
    assert str(channel_id) in said["channel list"]
    assert "Acme" in said["/channels"]
    assert session.scalar(select(Delivery.attempt_count).where(Delivery.channel_id == channel_id)) == 1
