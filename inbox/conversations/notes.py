"""Notes: what members tell each other about a conversation; they can never be sent."""

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation, Note

LONGEST = 10_000


def write_note(session: Session, conversation: Conversation, member_id: int, text: str) -> Activity:
    """Add a note of 1 to 10,000 characters, named by `after["note_id"]`; raises Invalid(note_empty, note_too_long)."""
    raise NotImplementedError


def delete_note(session: Session, note: Note, member_id: int) -> Activity:
    """Delete one's own note; raises NotAllowed('not_yours') or Conflict('note_gone')."""
    raise NotImplementedError
