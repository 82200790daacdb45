"""The sweep of deadlines: timers whose time has come, under the lock of their conversations (RULES C3)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.conversations.changes import touch
from inbox.conversations.models import Conversation
from inbox.settings import Pace
from inbox.sla import breaches, timers


def sweep_due(session: Session, pace: Pace, limit: int = 200) -> int:
    """Warn and write down what was missed, for up to `limit` conversations; returns how many. Commit after it.

    Conversations that somebody holds at this moment are left to the next turn, as are those of another sweep.
    """
    now = clock.now()
    ids = breaches.list_due(session, now, limit)
    if not ids:
        return 0
    held = (
        select(Conversation)
        .where(Conversation.id.in_(ids))
        .order_by(Conversation.id)
        .with_for_update(key_share=True, skip_locked=True, of=Conversation)
    )
    fresh = breaches.Freshness(session, pace, now)
    happened = []
    conversations = session.scalars(held.execution_options(populate_existing=True)).all()
    for conversation in conversations:
        timer = timers.find_open(session, conversation.id)
        if timer is None:
            continue
        session.refresh(timer)
        came = breaches.come_due(session, timer, now, fresh)
        if came is not None:
            happened.append(came)
            touch(session, conversation)
    session.flush()
    breaches.alert(session, happened, now)
    return len(conversations)
