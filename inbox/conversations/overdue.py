"""The sweep of deadlines: timers whose time has come, under the lock of their conversations (RULES C3)."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.models import Conversation
from inbox.settings import Pace
from inbox.sla import breaches


def sweep_due(session: Session, pace: Pace, limit: int = 500) -> int:
    """Warn and write down what was missed, for up to `limit` conversations; returns how many. Commit after it.

    Conversations that somebody holds at this moment are left to the next turn, as are those of another sweep.
    """
    now = clock.now()
    ids = breaches.list_due(session, now, limit)
    if not ids:
        return 0
    held = (
        select(Conversation.id)
        .where(Conversation.id.in_(ids))
        .order_by(Conversation.id)
        .with_for_update(key_share=True, skip_locked=True, of=Conversation)
    )
    locked = session.scalars(held).all()
    fresh = breaches.Freshness(session, pace, now)
    found = [breaches.come_due(session, timer, now, fresh) for timer in breaches.list_running(session, locked)]
    happened = [one for one in found if one is not None]
    _count_up(session, sorted({one.timer.conversation_id for one in happened}))
    breaches.tell(session, happened, now)
    return len(locked)


def _count_up(session: Session, conversation_ids: list[int]) -> None:
    """Count up the versions that rows are rendered by; what labels copy has not changed."""
    changed = update(Conversation).where(Conversation.id.in_(conversation_ids))
    session.execute(changed.values(version=Conversation.version + 1).execution_options(synchronize_session=False))
    for conversation_id in conversation_ids:
        held = session.identity_map.get(session.identity_key(Conversation, conversation_id))
        if held is not None:
            session.expire(held, ["version"])
