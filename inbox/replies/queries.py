"""Reads about replies: what is on its way in a conversation, and one delivery by its id, by grants."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from inbox.bulk import written_out
from inbox.conversations.access import access_conversation
from inbox.conversations.folding import with_folded
from inbox.errors import NotAllowed, NotFound
from inbox.members import access
from inbox.outbox.models import ON_ITS_WAY, Delivery
from inbox.replies.audience import PRIVATE

# Asked by every page of a conversation, so it stands ready (decision 0012).
_ID: ColumnElement[int] = bindparam("conversation_id", type_=BigInteger)
_MISPLACED = and_(Delivery.state == "sent", Delivery.reason_code.in_(written_out(("misplaced", "wider_audience"))))
_ON_ITS_WAY = (
    select(Delivery)
    .where(
        Delivery.conversation_id.in_(with_folded(_ID)),
        Delivery.kind == "reply",
        or_(Delivery.state.in_(written_out(ON_ITS_WAY)), _MISPLACED),
    )
    .order_by(Delivery.id)
)


def access_delivery(session: Session, member_id: int, delivery_id: int, power: str = "see") -> Delivery:
    """Return a reply's delivery; raises NotFound when unseen, NotAllowed when seen but not allowed.

    A private answer to a public comment is seen by whoever may see what is private.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.conversation_id is None or delivery.channel_id is None:
        raise NotFound("delivery_unknown")
    is_private = delivery.outgoing.get("audience") in PRIVATE
    if not access.may(session, member_id, "see", delivery.channel_id, is_private):
        raise NotFound("delivery_unknown")
    access_conversation(session, member_id, delivery.conversation_id, power)
    if not access.may(session, member_id, power, delivery.channel_id, is_private):
        raise NotAllowed("may_not_answer")
    return delivery


def list_on_its_way(session: Session, member_id: int, conversation_id: int) -> list[Delivery]:
    """List replies to show beside the thread: on their way (at most one), or standing in the wrong place."""
    found = session.scalars(_ON_ITS_WAY, {"conversation_id": conversation_id})
    return [one for one in found if _is_visible(session, member_id, one)]


def states_of(session: Session, message_ids: Sequence[int]) -> dict[int, str]:
    """Return the delivery's state of each of our messages that was sent from here."""
    if not message_ids:
        return {}
    query = select(Delivery.message_id, Delivery.state).where(Delivery.message_id.in_(message_ids))
    return {message_id: state for message_id, state in session.execute(query) if message_id is not None}


def _is_visible(session: Session, member_id: int, delivery: Delivery) -> bool:
    is_private = delivery.outgoing.get("audience") in PRIVATE
    return access.may(session, member_id, "see", delivery.channel_id or 0, is_private)
