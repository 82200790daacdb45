"""The only way to load what a member named: conversations, threads, messages, notes, by their grants (RULES G)."""

from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation, Message, Note, Thread


def access_conversation(session: Session, member_id: int, conversation_id: int, power: str = "see") -> Conversation:
    """Return a conversation, or the one it was joined into: a page then redirects when the id differs.

    power: see, triage, answer, lead. Raises NotFound when unseen, NotAllowed when seen but not allowed.
    """
    raise NotImplementedError


def access_thread(session: Session, member_id: int, thread_id: int, power: str = "see") -> Thread:
    """Return a thread, or the one it was joined into; raises as access_conversation."""
    raise NotImplementedError


def access_message(session: Session, member_id: int, message_id: int, power: str = "see") -> Message:
    """Return a message; raises as access_conversation. Held back messages are shown to nobody: NotFound."""
    raise NotImplementedError


def access_note(session: Session, member_id: int, note_id: int, power: str = "see") -> Note:
    """Return a note that was not deleted; raises as access_conversation."""
    raise NotImplementedError


def find_moved(session: Session, conversation_id: int) -> int | None:
    """Return the id of the conversation that this one was joined into, at the end of the chain; None: not joined."""
    raise NotImplementedError
