"""Logs: one line an event, nothing below the level, no secret in it."""

from collections.abc import Iterator

import pytest
import structlog
from flask import Flask
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from inbox import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the configuration as it was."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_an_event_is_one_line_with_its_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    structlog.get_logger().info("poll_failed", channel_id=7, reason="two\nlines")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert line.startswith("timestamp=20")
    assert "level=info event=poll_failed channel_id=7" in line


def test_secrets_are_taken_out_of_values_and_of_traces(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
    try:
        raise ValueError("Authorization: Bearer abcdefghijklmnop")
    except ValueError:
        structlog.get_logger().exception("broken", body='{"access_token": "tok-1234567890"}')
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "abcdefghijklmnop" not in said
    assert "tok-1234567890" not in said


def test_the_level_can_be_chosen(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    logs.set_up()
    structlog.get_logger().debug("hidden")
    monkeypatch.setenv("RELEVO_LOG_LEVEL", "debug")
    logs.set_up()
    structlog.get_logger().debug("shown")
    said = capsys.readouterr().err
    assert "hidden" not in said
    assert "shown" in said


def test_what_breaks_behind_a_link_writes_its_route_and_not_its_token(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr("inbox.alerts.links.open_link", broken)
    monkeypatch.setattr(app, "testing", False)
    with capture_logs() as lines:
        assert app.test_client().get("/a/a-token-of-one-member").status_code == 500
    assert [line["route"] for line in lines if line["event"] == "request_failed"] == ["/a/<token>"]
    assert "a-token-of-one-member" not in str(lines)
