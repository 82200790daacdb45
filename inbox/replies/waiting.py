"""Drafts that wait for another's reply of the same conversation to leave first (RULES D5)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.models import Conversation, Message
from inbox.conversations.threads import lock_thread
from inbox.database import read_only
from inbox.errors import RelevoError
from inbox.members.models import Member
from inbox.outbox.models import ON_ITS_WAY, Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.transactions import commit
from inbox.platforms.contract import Connection
from inbox.replies.checks import find_answered
from inbox.replies.drafts import stop_waiting
from inbox.replies.models import Draft
from inbox.replies.queue import Blocked, find_on_its_way, queue_waiting
from inbox.replies.send import Sender
from inbox.settings import Pace


def queue_next_waiting(sender: Sender) -> bool:
    """Queue, or give back, one draft whose awaited reply is on its way no more; tells whether there was one."""
    with read_only(), sender.make_session() as session:
        found = find_ready(session)
        if found is None:
            return False
        channel = session.get_one(Channel, session.get_one(Conversation, found.conversation_id).channel_id)
        draft_id = found.id
        session.expunge(channel)
    connection = sender.connect(channel)  # before the transaction: connecting may read the credential
    commit(sender.make_session, lambda session: take_turn(session, draft_id, connection, sender.pace))
    return True


def find_ready(session: Session) -> Draft | None:
    """Return the oldest waiting draft whose awaited reply is no longer on its way."""
    query = (
        select(Draft)
        .join(Delivery, Delivery.id == Draft.send_after_delivery_id)
        .where(Draft.state == "waiting", Delivery.state.not_in(ON_ITS_WAY))
    )
    return session.scalar(query.order_by(Draft.updated_at, Draft.id).limit(1))


def take_turn(session: Session, draft_id: int, connection: Connection, pace: Pace) -> None:
    """Queue a waiting draft after D6's checks, or return it to its writer with the reason."""
    draft = session.get_one(Draft, draft_id)
    conversation = session.get_one(Conversation, draft.conversation_id)
    lock_thread(session, conversation.thread_id)
    locked = select(Draft).where(Draft.id == draft_id).with_for_update().execution_options(populate_existing=True)
    draft = session.scalars(locked).one()
    awaited = session.get(Delivery, draft.send_after_delivery_id or 0, populate_existing=True)
    if draft.state != "waiting" or awaited is None or awaited.state in ON_ITS_WAY:
        return
    if awaited.state != State.SENT:
        # Its writer expected the other reply to stand there first.
        stop_waiting(session, draft, "awaited_not_sent")
        return
    draft.seen_seq = max(draft.seen_seq, _seq_of(session, awaited))  # the writer knew of this one
    stop = find_answered(session, awaited, conversation, draft.seen_seq)
    if stop is not None:
        stop_waiting(session, draft, stop.code)
        return
    _queue(session, draft, conversation, connection, pace)


def _queue(session: Session, draft: Draft, conversation: Conversation, connection: Connection, pace: Pace) -> None:
    blocking = find_on_its_way(session, conversation.id)
    if blocking is not None:  # a third writer: it waits for that one now
        draft.send_after_delivery_id = blocking.id
        return
    member = session.get_one(Member, draft.member_id)
    try:
        result = queue_waiting(session, member, conversation, draft, connection, pace)
    except RelevoError as error:
        stop_waiting(session, draft, error.code)
        return
    if isinstance(result, Blocked):
        draft.send_after_delivery_id = result.delivery.id


def _seq_of(session: Session, delivery: Delivery) -> int:
    message = session.get(Message, delivery.message_id or 0)
    return message.seq or 0 if message else 0
