"""`./relevo channel connect`: what is wrong is said in the sentences of the browser, and nothing is stored."""

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.cli import main
from inbox.platforms.contract import PlatformError, Refused, Unavailable


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Unavailable("no address", code="host_not_found"), "No server answers to the name https://pds.example."),
        (Unavailable("no TLS", code="tls_failed"), "https://pds.example offers no secure (TLS) connection"),
        (Unavailable("http", code="plain_http_refused"), "RELEVO_LOCAL_SERVICES"),
        (Refused("no", code="sign_in_refused"), "brand.example exists, but this app password does not open it."),
        (Refused("no", code="handle_unknown"), "Nobody is called brand.example there."),
    ],
    ids=lambda value: value.code if isinstance(value, PlatformError) else "",
)
def test_wrong_input_is_named_and_nothing_stored(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch, error: PlatformError, said: str
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr("inbox.create_app", lambda *_, **__: app)
    monkeypatch.setattr("inbox.channels.connections.sign_in", refuse)
    session.commit()
    words = ["channel", "connect", "bluesky", "brand.example", "--service", "https://pds.example"]
    done = CliRunner().invoke(main, words, input="abcd-efgh-ijkl-mnop\n")
    assert done.exit_code == 1
    assert said in done.stderr
    assert "abcd-efgh" not in done.output
    assert session.scalar(select(func.count()).select_from(Channel)) == 0
