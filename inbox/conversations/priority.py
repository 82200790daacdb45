"""How soon a conversation should be looked at."""

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation


def set_priority(session: Session, conversation: Conversation, member_id: int, priority: str) -> Activity:
    """Set low, normal, high or urgent; raises Invalid('priority_unknown')."""
    raise NotImplementedError
