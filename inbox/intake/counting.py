"""A lead says from when clocks count, after connecting or an outage; a sweep then brings history in line (RULES C6)."""

from datetime import datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.channels.models import Channel
from inbox.conversations.awaits import Reason
from inbox.conversations.counting import count_from
from inbox.conversations.models import Message
from inbox.errors import Conflict, Invalid
from inbox.intake.imports import began_at, count_again, is_followed, is_importing
from inbox.settings import Pace

CONVERSATIONS_AT_ONCE = 100


def choose(session: Session, channel: Channel, since_at: datetime, member_id: int) -> None:
    """Note from when clocks count on what the last import found; the sweep that follows does it.

    Raises Conflict('import_is_running') while it is not known what there is, Invalid('count_from_later') for a time
    after the channel was read again: what came since then waits anyway.
    """
    if is_importing(channel):
        raise Conflict("import_is_running")
    if since_at > began_at(channel):
        raise Invalid("count_from_later")
    before = channel.import_since_at.isoformat() if channel.import_since_at else None
    channel.import_since_at = since_at
    channel.gap_from_at = channel.gap_until_at = None
    channel.recount_due_at = clock.now()
    record(
        session,
        kinds.CHANNEL_CHANGED,
        channel_id=channel.id,
        member_id=member_id,
        before={"counts_from": before},
        after={"counts_from": since_at.isoformat()},
    )
    session.flush()
    nudges.after_commit(session, nudges.RECOUNT)


def list_due(session: Session) -> list[int]:
    """Return the channels whose history is to be brought in line."""
    query = select(Channel.id).where(Channel.recount_due_at <= clock.now()).order_by(Channel.recount_due_at)
    return list(session.scalars(query))


def recount(session: Session, channel_id: int, pace: Pace) -> bool:
    """Bring some conversations in line; False: none is left, and the channel's figures are those of now."""
    channel = session.get_one(Channel, channel_id)
    since_at = channel.import_since_at
    if since_at is None or channel.recount_due_at is None:
        return False
    rows = session.execute(_wrong(channel, since_at)).all()
    together: dict[int, list[int]] = {}
    for row in rows:
        together.setdefault(row.conversation_id, []).append(row.id)
    changed = 0
    for conversation_id in sorted(together)[:CONVERSATIONS_AT_ONCE]:
        changed += count_from(session, conversation_id, together[conversation_id], since_at, pace=pace)
    if changed:
        return True
    channel.recount_due_at = None
    count_again(session, channel)
    return False


def _wrong(channel: Channel, since_at: datetime) -> Select[int, int | None]:
    is_to_wait = and_(Message.clock_at >= since_at, Message.awaits_reason == Reason.BEFORE_IMPORT, ~is_followed())
    is_to_rest = and_(Message.clock_at < since_at, Message.awaits, Message.awaits_reason != Reason.BY_HAND)
    return (
        select(Message.id, Message.conversation_id)
        .where(Message.channel_id == channel.id, Message.is_history, Message.received_at >= began_at(channel))
        .where(Message.direction == "inbound", Message.gone_at.is_(None), Message.settled.is_(None))
        .where(Message.conversation_id.is_not(None), or_(is_to_wait, is_to_rest))
        .order_by(Message.conversation_id, Message.id)
        .limit(20 * CONVERSATIONS_AT_ONCE)
    )
