"""A thread's page: messages with their versions and pictures, notes and system lines, in parts."""

from sqlalchemy.orm import Session

from inbox.conversations.models import Conversation
from inbox.conversations.rows import ThreadPage


def load_thread(
    session: Session,
    conversation: Conversation,
    member_id: int,
    *,
    before: str | None = None,
    after: str | None = None,
    around: int | None = None,
    limit: int = 50,
) -> ThreadPage:
    """Return the newest `limit` messages of the conversation's thread (or those before/after a key).

    Ordered by (clock_at, id), with the notes and system lines that fall between; a constant number of
    queries. `around`: a message id, the part that has it in the middle; raises NotFound when it is not
    of this thread. Replies that were not accepted yet and held back messages are left out.
    """
    raise NotImplementedError
