"""The tasks that tell people: alerts, each of which has its turn in a transaction of its own, and last calls."""

import structlog
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations import last_calls
from inbox.database import db, read_only
from inbox.escalation.advance import Claim, advance, claim_due, has_due
from inbox.outbox.transactions import commit
from inbox.settings import Settings
from workers.app import celery, flask_app

log = structlog.get_logger()
ALERTS_AT_ONCE = 20
MOST_ROUNDS = 50


@celery.task(name="workers.alerting.advance_due")
def advance_due() -> None:
    """Give each alert its turn whose time has come, longest due first."""
    for _ in range(MOST_ROUNDS):
        claims = claim()
        for one in claims:
            try_turn(one)
        if len(claims) < ALERTS_AT_ONCE:
            return


def claim() -> list[Claim]:
    """Claim what is due and commit; takes no write lock when nothing is."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    with read_only(), Session(engine) as session:
        if not has_due(session, clock.now()):
            return []
    return commit(
        lambda: Session(engine), lambda session: claim_due(session, clock.now(), settings.pace, ALERTS_AT_ONCE)
    )


def try_turn(one: Claim) -> None:
    """Give one alert its turn; where that breaks, the others have theirs, and it comes again when its lease ends."""
    try:
        give_turn(one)
    except Exception as error:  # its text may hold what nobody should read
        log.error("alert_broke", alert_id=one.alert_id, error=type(error).__name__)


def give_turn(one: Claim) -> None:
    """Give one alert its turn and commit."""
    settings: Settings = flask_app().config["RELEVO"]
    engine = db.engine
    commit(lambda: Session(engine), lambda session: advance(session, one, now=clock.now(), pace=settings.pace))


@celery.task(name="workers.alerting.tell_last_calls")
def tell_last_calls() -> None:
    """Tell who sits at a desk that closes within the hour what falls due until its next shift."""
    engine = db.engine
    with read_only(), Session(engine) as session:
        is_due = bool(last_calls.list_due(session))
    if is_due:
        commit(lambda: Session(engine), last_calls.tell_due)
