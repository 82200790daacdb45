"""Labels: made on the fly, taken off again."""

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation, Label

LONGEST = 40


def label(session: Session, conversation: Conversation, member_id: int, name: str) -> Activity:
    """Put a label on, made if nobody used that word yet (upper and lower case are one).

    Raises Invalid('label_empty') or Invalid('label_too_long', max=40); Conflict('has_label').
    """
    raise NotImplementedError


def unlabel(session: Session, conversation: Conversation, member_id: int, label_id: int) -> Activity:
    """Take a label off; raises NotFound('label')."""
    raise NotImplementedError


def list_labels(session: Session, starting_with: str = "", limit: int = 50) -> list[Label]:
    """Return labels by name, for the filter and the typeahead."""
    raise NotImplementedError
