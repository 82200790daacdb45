"""One reply, one row: what a poll stored of our reply before it was settled becomes the delivery's message (D4)."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from inbox.conversations.models import Answer, Message, MessageVersion, RawPayload, Thread
from inbox.media.models import Media
from inbox.outbox.models import Delivery
from inbox.sla import timers


def find_polled(session: Session, channel_id: int, external_id: str) -> Message | None:
    """Return the message that has this id in the channel."""
    query = select(Message).where(Message.channel_id == channel_id, Message.external_id == external_id)
    return session.scalar(query.execution_options(populate_existing=True))


def is_bound(session: Session, delivery: Delivery, external_id: str) -> bool:
    """Tell whether this id belongs to another message: another reply of ours, or an answer given natively.

    Such ids are no candidates (D3). A held back row is still free, and so is the id that was fixed beforehand.
    """
    if external_id == delivery.wanted_external_id:
        return False
    found = find_polled(session, delivery.channel_id or 0, external_id)
    return found is not None and not found.is_held_back and found.id != delivery.message_id


def belongs_to_another(session: Session, delivery: Delivery, external_id: str) -> bool:
    """Tell whether this id is that of another delivery's reply, or of somebody else's message."""
    found = find_polled(session, delivery.channel_id or 0, external_id) if external_id else None
    if found is None or found.id == delivery.message_id:
        return False
    owner = select(Delivery.id).where(Delivery.message_id == found.id, Delivery.id != delivery.id)
    return found.direction != "outbound" or session.scalar(owner.limit(1)) is not None


def fold_into(session: Session, message: Message, external_id: str) -> None:
    """Let `message` take over everything that another row with this id brought; that row goes.

    The caller holds the thread's lock. Does nothing where there is no such row.
    """
    polled = find_polled(session, message.channel_id, external_id) if external_id else None
    if polled is None or polled.id == message.id:
        return
    kept = _copy(polled)
    is_same_thread = polled.thread_id == message.thread_id
    seq = polled.seq
    _repoint(session, polled, message)
    session.expunge(polled)
    session.execute(delete(Message).where(Message.id == polled.id))
    for name, value in kept.items():
        if value is not None:
            setattr(message, name, value)
    if message.seq is None and is_same_thread:
        message.seq = seq
    session.flush()


def _copy(polled: Message) -> dict[str, object]:
    names = (
        "external_id",
        "authored_at",
        "arrived_at",
        "permalink",
        "platform_version",
        "mentions",
        "marks",
        "liked_at",
    )
    return {name: getattr(polled, name) for name in names} | {"platform_ref": dict(polled.platform_ref) or None}


def _repoint(session: Session, polled: Message, message: Message) -> None:
    """Move what hangs on the polled row: wordings, payloads, pictures, and what it had settled as a native answer."""
    fetch = {"synchronize_session": False}
    answered = select(Answer.conversation_id).where(Answer.reply_message_id == message.id)
    session.execute(
        delete(Answer)
        .where(Answer.reply_message_id == polled.id, Answer.conversation_id.in_(answered))
        .execution_options(**fetch)
    )
    session.execute(
        update(Answer)
        .where(Answer.reply_message_id == polled.id)
        .values(reply_message_id=message.id)
        .execution_options(**fetch)
    )
    for model in (MessageVersion, RawPayload, Media):
        session.execute(
            update(model).where(model.message_id == polled.id).values(message_id=message.id).execution_options(**fetch)
        )
    session.execute(
        update(Message)
        .where(Message.answered_by_message_id == polled.id)
        .values(answered_by_message_id=message.id)
        .execution_options(synchronize_session="fetch")
    )
    timers.repoint(session, polled.id, message.id)
    session.execute(
        update(Message)
        .where(Message.sibling_of_id == polled.id)
        .values(sibling_of_id=message.id)
        .execution_options(**fetch)
    )
    session.execute(
        update(Thread)
        .where(Thread.asks_about_message_id == polled.id)
        .values(asks_about_message_id=None)
        .execution_options(synchronize_session="fetch")
    )
