"""The same post to two of our channels (RULES A8)."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from inbox.channels.models import Channel
from inbox.conversations.models import Conversation, Message
from inbox.members import access


def link_sibling(session: Session, message: Message) -> Message | None:
    """Set `sibling_of_id` to the oldest message of the same platform id on another channel; returns it.

    The same: one platform, one id, one author (by contact, so that the scopes agree).
    """
    if message.external_id is None or message.contact_id is None:
        return None
    channel = session.get_one(Channel, message.channel_id)
    found = (
        select(Message)
        .join(Channel, Channel.id == Message.channel_id)
        .where(
            Message.external_id == message.external_id,
            Message.contact_id == message.contact_id,
            Message.channel_id != message.channel_id,
            Message.id < message.id,
            Channel.platform == channel.platform,
        )
        .order_by(Message.id)
        .limit(1)
    )
    first = session.scalar(found)
    message.sibling_of_id = None if first is None else first.id
    session.flush()
    return first


def list_sibling_conversations(session: Session, member_id: int, conversation: Conversation) -> list[Conversation]:
    """Return the conversations that wait with a sibling of this one's messages, as far as the member sees them."""
    mine, other = aliased(Message), aliased(Message)
    is_sibling = (other.sibling_of_id == mine.id) | (mine.sibling_of_id == other.id)
    has_sibling = (
        exists()
        .where(mine.conversation_id == conversation.id, other.conversation_id == Conversation.id)
        .where(is_sibling | (other.sibling_of_id == mine.sibling_of_id), other.id != mine.id, other.awaits)
    )
    return list(
        session.scalars(
            select(Conversation)
            .where(
                Conversation.contact_id == conversation.contact_id,
                Conversation.id != conversation.id,
                Conversation.waiting_since.is_not(None),
                access.sees(member_id, Conversation.channel_id, Conversation.is_private),
                has_sibling,
            )
            .order_by(Conversation.id)
            .limit(20)
        )
    )
