"""How far a member has read: overwritten, without a time, shown to nobody else (RULES G)."""

from typing import Any

from sqlalchemy import case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation, ReadMark, Status


def mark_read(session: Session, conversation: Conversation, member_id: int, up_to_seq: int) -> None:
    """Keep that the member has read up to `up_to_seq`; never goes back. Not kept for done conversations."""
    if conversation.status == Status.DONE:
        return
    insert: Any = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    mark = insert(ReadMark).values(member_id=member_id, conversation_id=conversation.id, up_to_seq=up_to_seq)
    new = mark.excluded.up_to_seq
    further = case((new > ReadMark.up_to_seq, new), else_=ReadMark.up_to_seq)
    session.execute(
        mark.on_conflict_do_update(index_elements=["member_id", "conversation_id"], set_={"up_to_seq": further})
    )


def mark_unread(session: Session, conversation: Conversation, member_id: int) -> None:
    """Forget how far the member has read, so that the conversation is unread for them."""
    session.execute(
        delete(ReadMark).where(ReadMark.member_id == member_id, ReadMark.conversation_id == conversation.id)
    )


def drop_marks(session: Session, conversation_id: int) -> None:
    """Forget everybody's mark, because the conversation is done."""
    session.execute(delete(ReadMark).where(ReadMark.conversation_id == conversation_id))
