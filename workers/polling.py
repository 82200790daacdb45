"""Tasks that read platforms: due streams, and whether each account still lives."""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import structlog
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import verify
from inbox.channels.claims import PROBES_AT_ONCE, Claim, claim_due, has_due
from inbox.channels.connections import connector_for
from inbox.database import db, read_only
from inbox.intake import pushes
from inbox.intake.poll import Reader, read_stream
from inbox.settings import Settings
from workers.app import celery, flask_app

log = structlog.get_logger()

STREAMS_AT_ONCE = 8
SECONDS_AT_ONCE = 10.0
LOOK_AGAIN_SECONDS = 1.0
HANGS_SECONDS = 2.0
LONGEST_TAIL_SECONDS = 30.0
CHANNELS_AT_ONCE = 4


def reader() -> Reader:
    """Return what reading needs, for this process's database and settings; needs an application context."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    return Reader(lambda: Session(engine), connector_for(settings, engine), settings.pace)


@celery.task(name="workers.polling.poll_due")
def poll_due() -> None:
    """Claim due streams and read them side by side until none is due, or others have waited long enough."""
    read_due(reader(), time.monotonic() + SECONDS_AT_ONCE)


def read_due(this: Reader, ends: float) -> int:
    """Read due streams, each thread the next as soon as it is free; returns how many were read.

    Hosts that hang hold some threads; the others go on. After `ends` no more hosts are probed, and what is due is read
    only as long as one that hangs is waited for, half a minute at most: then the next tick may come.
    """
    count, running = 0, dict[Future[int], float]()
    with ThreadPoolExecutor(max_workers=STREAMS_AT_ONCE) as threads:
        while True:
            now = time.monotonic()
            is_over, free = now >= ends, STREAMS_AT_ONCE - len(running)
            hangs = now < ends + LONGEST_TAIL_SECONDS and any(now - at > HANGS_SECONDS for at in running.values())
            claims = claim(this, free, is_over=is_over) if hangs or not is_over else []
            running |= {threads.submit(read_stream, this, one): now for one in claims}
            count += len(claims)
            if not running:
                return count
            done, _ = wait(running, timeout=LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for one in done:
                del running[one]
                one.result()


def claim(this: Reader, limit: int, *, is_over: bool = False) -> list[Claim]:
    """Claim due streams and commit; takes no write lock when nothing is due."""
    if limit <= 0:
        return []
    with read_only(), this.make_session() as session:
        if not has_due(session):
            return []
    with this.make_session() as session, session.begin():
        return claim_due(session, this.pace, limit, probes=0 if is_over else PROBES_AT_ONCE)


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
