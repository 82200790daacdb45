"""The same post to two of our channels (RULES A8)."""

from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation, Message


def link_sibling(session: Session, message: Message) -> Message | None:
    """Set `sibling_of_id` to the oldest message of the same platform id on another channel; returns it.

    The id must be the platform's own in one world: the same platform and the same scope.
    """
    raise NotImplementedError


def list_sibling_conversations(session: Session, member_id: int, conversation: Conversation) -> list[Conversation]:
    """Return the conversations that wait with a sibling of this one's messages, as far as the member sees them."""
    raise NotImplementedError
