"""`/healthz`: whether the pages, the database, Redis and the workers do their work, as JSON for machines."""

from datetime import datetime
from typing import Any

import redis
from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from inbox import clock, disk
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.database import db
from inbox.live.announce import connect
from inbox.members import doors
from inbox.settings import Settings
from inbox.version import VERSION
from inbox.watch.judging import Finding
from inbox.watch.letters import short
from inbox.watch.watch import current_watch

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@doors.everyone
def healthz() -> tuple[Response, int]:
    """Answer 200 while the database answers and every sweep comes, else 503; the rest is told, not judged."""
    settings: Settings = current_app.config["RELEVO"]
    body: dict[str, Any] = {"version": VERSION, "redis": _redis(settings), "disk": _disk(settings)}
    try:
        body |= {"database": "ok", "last_poll_seconds": _last_poll_seconds(db.session())}
        found = current_watch().look(db.session())
    except SQLAlchemyError:
        db.session.rollback()
        return jsonify(body | {"status": "failing", "database": "unreachable"}), 503
    body |= _sweeps(found)
    return jsonify(body | {"status": "ok" if found.is_well else "stopped"}), 200 if found.is_well else 503


def _sweeps(found: Finding) -> dict[str, Any]:
    """Return each sweep's age in seconds (None: not done yet), and the names of those that stand still."""
    ages = {short(one.name): round(one.age(found.at), 1) if one.is_done else None for one in found.sweeps}
    return {"sweeps": ages, "stopped": [short(one.name) for one in found.stopped]}


def _redis(settings: Settings) -> str:
    if not settings.redis_url:
        return "none"
    try:
        connect(settings.redis_url).ping()
    except redis.RedisError:
        return "unreachable"
    return "ok"


def _disk(settings: Settings) -> str:
    return "full" if disk.is_noted(settings) else "ok"


def _last_poll_seconds(session: Session) -> float | None:
    """Return how long ago any stream of an active channel was read; None where there is none."""
    newest: datetime | None = session.scalar(
        select(func.max(ChannelStream.last_polled_at))
        .join(Channel, Channel.id == ChannelStream.channel_id)
        .where(Channel.state == ChannelState.ACTIVE)
    )
    return round((clock.now() - newest).total_seconds(), 1) if newest else None
