"""Raw payloads that have been kept long enough (RULES E5)."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import RawPayload


def drop_expired(session: Session, limit: int = 1000) -> int:
    """Delete up to `limit` raw payloads past their time, oldest first; returns how many."""
    due = select(RawPayload.id).where(RawPayload.expires_at <= clock.now()).order_by(RawPayload.expires_at).limit(limit)
    ids = session.scalars(due).all()
    session.execute(delete(RawPayload).where(RawPayload.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)
