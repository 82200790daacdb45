"""How far a member has read: overwritten, without a time, shown to nobody else (RULES G)."""

from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation


def mark_read(session: Session, conversation: Conversation, member_id: int, up_to_seq: int) -> None:
    """Keep that the member has read up to `up_to_seq`; never goes back. Not kept for done conversations."""
    raise NotImplementedError


def mark_unread(session: Session, conversation: Conversation, member_id: int) -> None:
    """Forget how far the member has read, so that the conversation is unread for them."""
    raise NotImplementedError


def drop_marks(session: Session, conversation_id: int) -> None:
    """Forget everybody's mark, because the conversation is done."""
    raise NotImplementedError
