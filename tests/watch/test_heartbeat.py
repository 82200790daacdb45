"""The ping to whoever watches from outside: once a minute, while all is well."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from inbox import disk
from inbox.database import db
from inbox.settings import Settings
from inbox.watch import heartbeat
from tests.factories.watch import beat
from tests.fixtures.app import MovingClock
from tests.inbox.wire import answering, reply
from workers import timers
from workers.crew import crew_of


def claims(settings: Settings, holder: str = "one") -> bool:
    engine = db.engine
    return heartbeat.claim_ping(lambda: Session(engine), settings, holder)


@pytest.fixture
def settings(app: Flask) -> Settings:
    given: Settings = app.config["RELEVO"]
    return replace(given, heartbeat_url="https://ping.example/s3cret")


@pytest.mark.usefixtures("moving_clock")
def test_a_minute_has_one_ping_whoever_comes(session: Session, settings: Settings, moving_clock: MovingClock) -> None:
    beat(session)
    assert [claims(settings), claims(settings), claims(settings, "two")] == [True, False, False]
    moving_clock.move(seconds=60)
    beat(session)
    assert [claims(settings, "two"), claims(settings)] == [True, False]


def test_what_is_not_well_has_none(
    session: Session, settings: Settings, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat(session, ago=100)
    assert not claims(settings)
    beat(session)
    monkeypatch.setattr(disk, "is_noted", lambda _settings: True)
    assert not claims(settings)
    monkeypatch.undo()
    assert not claims(replace(settings, heartbeat_url=None))
    assert claims(settings)


@pytest.mark.parametrize(
    ("status", "is_taken"), [("200 OK", True), ("302 Found", False), ("500 Internal Server Error", False)]
)
def test_it_is_a_get_whose_path_stays_secret(settings: Settings, status: str, is_taken: bool) -> None:
    with answering(reply(b"ok", status, "Connection: close")) as wire, capture_logs() as logs:
        told = replace(settings, heartbeat_url=f"{wire.url}/s3cret", local_services=frozenset({wire.url}))
        assert heartbeat.ping(told) is is_taken
    assert wire.requests[0].startswith(b"GET /s3cret ")
    assert "s3cret" not in str(logs)
    assert any(log["log_level"] == "warning" for log in logs) is not is_taken


def test_a_private_address_that_nobody_declared_is_not_called(settings: Settings) -> None:
    with answering(reply(b"ok")) as wire:
        assert not heartbeat.ping(replace(settings, heartbeat_url=f"{wire.url}/s3cret"))
        assert wire.requests == []


def test_the_sweep_of_deadlines_pings(
    app: Flask, session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = app.config["RELEVO"]
    with answering(reply(b"ok", "200 OK", "Connection: close")) as wire:
        told = replace(given, heartbeat_url=f"{wire.url}/x", local_services=frozenset({wire.url}))
        monkeypatch.setattr("workers.app.flask_app", lambda: app)
        monkeypatch.setattr(timers, "flask_app", lambda: app)
        monkeypatch.setitem(app.config, "RELEVO", told)
        beat(session)
        for _ in range(3):
            timers.sweep_due()
        assert crew_of("heartbeat", 1).is_done_within(10)
        assert len(wire.requests) == 1
