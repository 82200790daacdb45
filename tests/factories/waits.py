"""People who wait, and their timers, with less typing."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.models import Conversation, Message, Thread
from inbox.conversations.settle import answer
from inbox.sla import timers
from inbox.sla.models import Timer
from tests.factories.conversations import conversation_of, say, write_ours


def runs(session: Session, of: Message | Conversation) -> list[Timer]:
    """Return the timers of a conversation, as they are now."""
    session.flush()
    session.expire_all()
    number = of.conversation_id if isinstance(of, Message) else of.id
    return list(timers.list_timers(session, number or 0))


def again(session: Session, asked: Message, text: str = "Hello, is it?", **given: Any) -> Message:
    """Let the same person say something more."""
    assert asked.contact is not None
    return say(session, session.get_one(Thread, asked.thread_id), asked.contact, text, **given)


def reply(session: Session, asked: Message, *, up_to: int | None = None, **given: Any) -> Message:
    """Answer a person up to a message, here and now unless told otherwise."""
    conversation = conversation_of(session, asked)
    ours = write_ours(session, session.get_one(Thread, asked.thread_id), conversation_id=conversation.id, **given)
    answer(session, ours, conversation, up_to or conversation.last_seq)
    return ours


def told(session: Session, asked: Message) -> list[str]:
    """Return what was told of timers in a conversation."""
    mine = select(Activity.kind).where(Activity.conversation_id == asked.conversation_id)
    every = session.scalars(mine.order_by(Activity.id)).all()
    return [kind for kind in every if kind.startswith("timer") or kind == kinds.BREACH_WITHDRAWN]
