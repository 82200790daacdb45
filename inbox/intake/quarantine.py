"""Keeps what we could not read, whole and with the reason, until somebody decides (RULES E3)."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.errors import Conflict, Invalid, NotAllowed, NotFound
from inbox.intake import borders
from inbox.intake.models import Quarantined
from inbox.members.access import may
from inbox.security import scrub
from inbox.settings import Pace

DISCARDED = "discarded"
REPLAYED = "replayed"
_LONGEST_PAYLOAD = 4 * 1024 * 1024
_LONGEST_REASON = 500


def keep(
    session: Session,
    channel: Channel,
    stream_name: str,
    raw: bytes,
    reason_code: str,
    detail: str = "",
    *,
    is_private: bool = True,
    seen_at: datetime | None = None,
) -> Quarantined:
    """Keep an item or a page that can't be read; the same bytes of a channel make one row.

    `is_private` is False only for what was read and is known to be public: most lists carry private messages too,
    and bytes that could not be read don't tell. `seen_at`: when we received it (default now), which a replay takes for
    `received_at`. A row that was replayed and can't be read again is open once more; a discarded one stays discarded.
    """
    now = clock.now()
    digest = hashlib.sha256(raw).hexdigest()
    row = session.scalar(select(Quarantined).where(Quarantined.channel_id == channel.id, Quarantined.digest == digest))
    if row is not None:
        return _seen_again(session, row, now, is_private=is_private)
    row = Quarantined(
        channel_id=channel.id,
        stream_name=borders.clean_text(stream_name),
        digest=digest,
        compressed=borders.pack(raw[:_LONGEST_PAYLOAD]),
        reason_code=reason_code,
        reason_detail=scrub(borders.clean_text(detail))[:_LONGEST_REASON],
        is_private=is_private,
        first_seen_at=seen_at or now,
        last_seen_at=now,
    )
    session.add(row)
    session.flush()
    record(session, kinds.QUARANTINED, channel_id=channel.id, after={"quarantined_id": row.id, "reason": reason_code})
    return row


def _seen_again(session: Session, row: Quarantined, now: datetime, *, is_private: bool) -> Quarantined:
    row.last_seen_at = now
    row.is_private = row.is_private or is_private
    row.seen_count += 1
    if row.resolution == REPLAYED:
        row.resolved_at = row.resolution = row.resolved_by_id = row.resolved_why = None
    session.flush()
    return row


def discard(session: Session, row: Quarantined, member_id: int, why: str) -> Quarantined:
    """Decide that a row will not be read; raises Invalid without a reason, Conflict when it is resolved."""
    why = borders.clean_text(why).strip()[:_LONGEST_REASON]
    if not why:
        raise Invalid("discard_reason_missing")
    return resolve(session, row, DISCARDED, member_id, why)


def resolve(session: Session, row: Quarantined, resolution: str, member_id: int | None, why: str | None) -> Quarantined:
    """Write down how a row ended; raises Conflict when it had ended before."""
    session.refresh(row, with_for_update=True)
    if row.resolved_at is not None:
        raise Conflict("quarantine_resolved", resolution=row.resolution)
    row.resolved_at = clock.now()
    row.resolution, row.resolved_by_id, row.resolved_why = resolution, member_id, why
    session.flush()
    after = {"quarantined_id": row.id, "resolution": resolution, "why": why}
    record(session, kinds.QUARANTINE_RESOLVED, member_id=member_id, channel_id=row.channel_id, after=after)
    return row


def access_quarantined(session: Session, member_id: int, quarantined_id: int, power: str = "see") -> Quarantined:
    """Load a row that a member named; raises NotFound when they may not see its channel (private ones included)."""
    row = session.get(Quarantined, quarantined_id)
    if row is None or not may(session, member_id, "see", row.channel_id, row.is_private):
        raise NotFound("quarantined_not_found")
    if power != "see" and not may(session, member_id, power, row.channel_id, row.is_private):
        raise NotAllowed("not_allowed")
    return row


def list_open(session: Session, channel_id: int, *, with_private: bool, limit: int = 100) -> list[Quarantined]:
    """Return a channel's rows that nobody has decided on, newest first."""
    query = select(Quarantined).where(Quarantined.channel_id == channel_id, Quarantined.resolved_at.is_(None))
    if not with_private:
        query = query.where(Quarantined.is_private.is_(False))
    return list(session.scalars(query.order_by(Quarantined.id.desc()).limit(limit)))


def empty_resolved(session: Session, *, pace: Pace, limit: int = 200) -> int:
    """Drop the payloads of rows that were decided on long enough ago; returns how many.

    The rows stay, so that the same bytes are known when they come again.
    """
    before = clock.now() - timedelta(seconds=pace.raw_keep_seconds)
    nothing = borders.pack(b"")
    query = (
        select(Quarantined)
        .where(Quarantined.resolved_at <= before, Quarantined.compressed != nothing)
        .order_by(Quarantined.resolved_at)
        .limit(limit)
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.compressed = nothing
    session.flush()
    return len(rows)
