"""A reply held with its thread, in the order of everybody who changes both: thread, then delivery."""

from sqlalchemy.orm import Session

from inbox.conversations.access import find_moved
from inbox.conversations.models import Conversation
from inbox.conversations.threads import lock_thread
from inbox.outbox.models import Delivery
from inbox.outbox.moves import lock


def hold(session: Session, delivery_id: int) -> Delivery:
    """Return a reply as it is now, its thread and itself held until the transaction ends."""
    delivery = session.get_one(Delivery, delivery_id)
    lock_thread(session, conversation_of(session, delivery).thread_id)
    return lock(session, delivery_id)


def conversation_of(session: Session, delivery: Delivery) -> Conversation:
    """Return the conversation that a reply answers, or the one it was joined into."""
    known = delivery.conversation_id or 0
    return session.get_one(Conversation, find_moved(session, known) or known)
