"""Done, excused, spam: always only as far as the member had seen (RULES B3)."""

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation
from inbox.conversations.settle import Result

WHYS = ("answered_elsewhere", "no_answer_needed")


def finish(
    session: Session, conversation: Conversation, member_id: int | None, *, seen_seq: int, why: str | None = None
) -> Result:
    """Mark a conversation done; what awaits up to `seen_seq` is excused for the reason `why`.

    Raises Invalid('why_needed', count=…) when something awaits and no reason was given, and
    Invalid('why_unknown'). With newer messages waiting the conversation stays open: see `stayed`.
    """
    raise NotImplementedError


def finish_sent(session: Session, conversation: Conversation, member_id: int | None, *, seen_seq: int) -> Result:
    """Finish with the reply that was just settled as sent ("send and done"); excuses nothing, clears is_leaving.

    Whatever still awaits keeps the conversation open.
    """
    raise NotImplementedError


def excuse(
    session: Session,
    conversation: Conversation,
    member_id: int,
    *,
    seen_seq: int,
    why: str = "no_answer_needed",
    is_finishing: bool = True,
) -> Result:
    """Excuse what awaits up to `seen_seq` and, unless told otherwise, finish; why: also liked, sibling."""
    raise NotImplementedError


def mark_spam(session: Session, conversation: Conversation, member_id: int, *, seen_seq: int) -> Result:
    """Mark a conversation as spam; what is newer than `seen_seq` keeps waiting and it stays open."""
    raise NotImplementedError


def mark_not_spam(session: Session, conversation: Conversation, member_id: int) -> Activity:
    """Open a conversation that was spam; what was excused as spam awaits again. Raises Conflict('not_spam')."""
    raise NotImplementedError


def reopen(session: Session, conversation: Conversation, member_id: int) -> Activity:
    """Open a done conversation by hand; raises Conflict('not_done')."""
    raise NotImplementedError
