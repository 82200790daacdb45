"""Notes: what members tell each other about a conversation; they can never be sent."""

from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, Note
from inbox.conversations.threads import lock_conversation
from inbox.errors import Conflict, Invalid, NotAllowed

LONGEST = 10_000


def write_note(session: Session, conversation: Conversation, member_id: int, text: str) -> Activity:
    """Add a note of 1 to 10,000 characters, named by `after["note_id"]`; raises Invalid(note_empty, note_too_long)."""
    text = text.replace("\r\n", "\n").replace("\0", "\ufffd").strip()  # PostgreSQL keeps no NUL
    if not text:
        raise Invalid("note_empty")
    if len(text) > LONGEST:
        raise Invalid("note_too_long", max=LONGEST)
    conversation = lock_conversation(session, conversation.id)
    note = Note(conversation_id=conversation.id, member_id=member_id, text=text, created_at=clock.now())
    session.add(note)
    session.flush()
    # The text itself stays out of the record, so that deleting the note deletes it.
    return change(session, conversation, kinds.NOTE_WRITTEN, member_id, {}, after={"note_id": note.id})


def delete_note(session: Session, note: Note, member_id: int) -> Activity:
    """Delete one's own note; raises NotAllowed('not_yours') or Conflict('note_gone')."""
    conversation = lock_conversation(session, note.conversation_id)
    session.refresh(note)
    if note.member_id != member_id:
        raise NotAllowed("not_yours")
    if note.deleted_at is not None:
        raise Conflict("note_gone")
    note.deleted_at = clock.now()
    return change(session, conversation, kinds.NOTE_DELETED, member_id, {}, after={"note_id": note.id})
