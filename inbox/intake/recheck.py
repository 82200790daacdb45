"""Second looks: which messages are due, asked of the platform without a transaction, then written (RULES E2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.bulk import among
from inbox.channels.models import Channel, ChannelState
from inbox.conversations.models import Conversation, Message
from inbox.database import read_only
from inbox.intake.looks import Looked, apply
from inbox.outbox.transactions import commit
from inbox.platforms.contract import Connection, PlatformError, RateLimited
from inbox.platforms.items import Look
from inbox.settings import Pace

log = structlog.get_logger()

MESSAGES_AT_ONCE = 100
_ON_OPENING = 100

OpenConnection = Callable[[Channel], Connection]


@dataclass(frozen=True)
class Batch:
    """Messages of one channel that are looked at together: what the connector needs, by external id."""

    channel_id: int
    refs: Mapping[str, Mapping[str, Any]]


def run(make_session: Callable[[], Session], open_connection: OpenConnection, pace: Pace) -> int:
    """Look at one batch of due messages; returns how many were due, 0: nothing is left to do."""
    with read_only(), make_session() as session:
        if session.scalar(_due().with_only_columns(Message.id).limit(1)) is None:
            return 0
    batch = commit(make_session, lambda session: claim_due(session, pace=pace))
    if batch is None:
        return 0
    look_at(make_session, open_connection, batch, pace)
    return len(batch.refs)


def claim_due(session: Session, *, pace: Pace, limit: int = MESSAGES_AT_ONCE) -> Batch | None:
    """Claim due messages of one channel, the longest due first; None: nothing is due.

    Their next look is put off by the length of a lease, so that it comes again if this one is lost. The
    caller commits before the network is touched.
    """
    first = session.execute(_due().order_by(Message.recheck_due_at, Message.id).limit(1)).first()
    if first is None:
        return None
    channel_id = first[0].channel_id
    query = (
        _due()
        .where(Message.channel_id == channel_id)
        .order_by(Message.recheck_due_at, Message.id)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True, of=Message)
    )
    rows = session.scalars(query.execution_options(populate_existing=True)).all()
    again_at = clock.now() + timedelta(seconds=pace.stream_lease_seconds)
    for row in rows:
        row.recheck_due_at = again_at
    session.flush()
    if not rows:
        return None
    return Batch(channel_id, {row.external_id or "": row.platform_ref for row in rows})


def _due() -> Select[Message]:
    return (
        select(Message)
        .join(Channel, Channel.id == Message.channel_id)
        .where(
            Message.recheck_due_at <= clock.now(),
            Message.external_id.is_not(None),
            Channel.state.in_([ChannelState.ACTIVE, ChannelState.NEEDS_YOU]),
        )
    )


def look_at(
    make_session: Callable[[], Session], open_connection: OpenConnection, batch: Batch, pace: Pace
) -> Looked | None:
    """Ask the platform about a batch and write what it said; None: it could not be asked, so nobody is excused."""
    with make_session() as session:
        channel = session.get_one(Channel, batch.channel_id)
        session.expunge(channel)
    try:
        looks = open_connection(channel).recheck(batch.refs)
    except PlatformError as error:
        log.info("recheck_failed", channel_id=batch.channel_id, code=error.code)
        until_at = clock.now() + timedelta(seconds=pace.failure_backoff_longest_seconds)
        if isinstance(error, RateLimited):
            until_at = max(until_at, error.until_at)
        commit(make_session, partial(_put_off, channel_id=batch.channel_id, until_at=until_at))
        return None
    return commit(make_session, partial(_write, batch=batch, looks=looks, pace=pace))


def _put_off(session: Session, channel_id: int, until_at: datetime) -> None:
    """Put off all that is due on a channel that can't be asked: its other batches would hold up the other channels."""
    due = select(Message.id).where(Message.recheck_due_at < until_at, Message.channel_id == channel_id)
    locked = due.order_by(Message.id).with_for_update(key_share=True, skip_locked=True)
    ids = session.scalars(locked).all()
    if ids:
        session.execute(update(Message).where(among(Message.id, "ids")).values(recheck_due_at=until_at), {"ids": ids})


def _write(session: Session, batch: Batch, looks: Mapping[str, Look], pace: Pace) -> Looked:
    channel = session.get_one(Channel, batch.channel_id)
    return apply(session, channel, batch.refs, looks, pace=pace)


def on_opening(session: Session, conversation: Conversation, *, pace: Pace) -> int:
    """Let the newest hundred messages of an opened conversation's thread be looked at now; returns how many.

    Those that a look has seen within the last minute are left alone. The caller commits.
    """
    now = clock.now()
    since = now - timedelta(seconds=pace.gone_confirm_seconds)
    newest = (
        select(Message.id)
        .where(
            Message.thread_id == conversation.thread_id,
            Message.external_id.is_not(None),
            Message.erased_at.is_(None),
            Message.is_held_back.is_(False),
            or_(Message.rechecked_at.is_(None), Message.rechecked_at < since),
            or_(Message.recheck_due_at.is_(None), Message.recheck_due_at > now),
        )
        .order_by(Message.clock_at.desc(), Message.id.desc())
        .limit(_ON_OPENING)
    )
    ids = session.scalars(newest).all()
    if ids:
        session.execute(update(Message).where(Message.id.in_(ids)).values(recheck_due_at=now))
        nudges.after_commit(session, nudges.UPKEEP)
    return len(ids)
