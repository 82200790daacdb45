"""Tasks that read platforms: due streams, and whether each account still lives."""

import time
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams, verify
from inbox.channels.connections import connector_for
from inbox.database import db, read_only
from inbox.intake import pushes
from inbox.intake.poll import Reader, read_stream
from inbox.settings import Settings
from workers.app import celery, flask_app

log = structlog.get_logger()

STREAMS_AT_ONCE = 4
SECONDS_AT_ONCE = 10.0
CHANNELS_AT_ONCE = 4


def reader() -> Reader:
    """Return what reading needs, for this process's database and settings; needs an application context."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    return Reader(lambda: Session(engine), connector_for(settings, engine), settings.pace)


@celery.task(name="workers.polling.poll_due")
def poll_due() -> None:
    """Claim due streams and read them side by side until none is due, or others have waited long enough."""
    this = reader()
    ends = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends and (claims := claim(this)):
        with ThreadPoolExecutor(max_workers=len(claims)) as threads:
            list(threads.map(lambda one: read_stream(this, one), claims))


def claim(this: Reader, channel_id: int | None = None) -> list[streams.Claim]:
    """Claim due streams and commit; takes no write lock when nothing is due."""
    with read_only(), this.make_session() as session:
        if not streams.has_due(session):
            return []
    with this.make_session() as session, session.begin():
        return streams.claim_due(session, this.pace, STREAMS_AT_ONCE, channel_id)


@celery.task(name="workers.polling.take_pushes")
def take_pushes() -> None:
    """Take in what platforms pushed, one after the other, until nothing is left or others have waited long enough."""
    this = reader()
    ends = time.monotonic() + SECONDS_AT_ONCE
    while time.monotonic() < ends and pushes.take_next(this):
        pass


@celery.task(name="workers.polling.verify_due")
def verify_due() -> None:
    """Ask platforms whether the accounts whose turn it is are alive."""
    this = reader()
    with read_only(), this.make_session() as session:
        ids = verify.list_due(session, clock.now(), CHANNELS_AT_ONCE)
    with ThreadPoolExecutor(max_workers=CHANNELS_AT_ONCE) as threads:
        list(
            threads.map(lambda one: verify.verify_channel(this.make_session, this.open_connection, one, this.pace), ids)
        )
