"""How soon a conversation should be looked at."""

from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, Priority
from inbox.conversations.threads import lock_conversation
from inbox.errors import Invalid


def set_priority(session: Session, conversation: Conversation, member_id: int, priority: str) -> Activity:
    """Set low, normal, high or urgent; raises Invalid('priority_unknown')."""
    if priority not in {known.value for known in Priority}:
        raise Invalid("priority_unknown")
    conversation = lock_conversation(session, conversation.id)
    return change(session, conversation, kinds.PRIORITY_CHANGED, member_id, {"priority": priority})
