"""/healthz tells machines how it is."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox import clock
from tests.factories.basics import make_channel
from tests.factories.channels import make_stream
from tests.fixtures.app import MovingClock


def test_it_is_json_and_open_to_everybody(session: Session, client: FlaskClient, moving_clock: MovingClock) -> None:
    make_stream(session, make_channel(session), last_polled_at=clock.now() - timedelta(seconds=7))
    session.commit()
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["status"], answer.json["database"], answer.json["last_poll_seconds"]) == ("ok", "ok", 7.0)
    assert answer.json["redis"] == "none"
