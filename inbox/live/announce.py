"""Says "look now" after a commit that wrote activity, so that open pages hear of it at once.

Redis may be away: the tail looks by itself every second. The word carries nothing, the database everything.
"""

import redis
import structlog
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from inbox.activity.models import Activity

CHANNEL = "relevo:look"
log = structlog.get_logger()
_client: "redis.Redis | None" = None


def set_up(app: Flask, redis_url: str) -> None:
    """Say where the word goes; an empty address keeps silent (tests)."""
    global _client
    _client = connect(redis_url) if redis_url else None
    app.extensions["announce"] = _client


def connect(redis_url: str) -> "redis.Redis":
    """Return a client that gives up after half a second: nobody waits for a courtesy."""
    return redis.Redis.from_url(redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)


def look_after_commit(session: Session) -> None:
    """Say "look now" after this transaction's commit, for activity that was written without the session's objects."""
    session.info["look_now"] = True


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _context: UOWTransaction) -> None:
    if any(isinstance(row, Activity) for row in session.new):
        look_after_commit(session)


@event.listens_for(Session, "after_commit")
def _committed(session: Session) -> None:
    if not session.info.pop("look_now", False) or _client is None:
        return
    try:
        _client.publish(CHANNEL, b"")
    except redis.RedisError as error:
        log.info("announcement_lost", error=type(error).__name__)


@event.listens_for(Session, "after_rollback")
def _rolled_back(session: Session) -> None:
    session.info.pop("look_now", None)
