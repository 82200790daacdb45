"""What a new inbound message brings about: judged, settled by later answers, reopening (RULES A3, A7, B2)."""

from sqlalchemy.orm import Session

from inbox.conversations.awaits import Facts, Verdict
from inbox.conversations.models import Message
from inbox.settings import Pace


def arrived(session: Session, message: Message, *, pace: Pace, is_before_import: bool = False) -> Verdict:
    """Take in an inbound message that was just inserted, with its seq, conversation_id and media rows flushed.

    Judges it, lets native answers that are newer by the clock settle it, asks native answers that wanted
    it as their parent again, opens its conversation and hands it on (A7), refreshes, and records
    MESSAGE_RECEIVED. `is_before_import`: history older than the span (C6): does not await.
    """
    raise NotImplementedError


def judge_again(session: Session, message: Message) -> Verdict:
    """Judge an inbound message anew because its parent or an answer became known; refreshes.

    What a member decided or what was settled stays. Call it for the children of a parent that appeared.
    """
    raise NotImplementedError


def gather_facts(session: Session, message: Message, *, is_before_import: bool = False) -> Facts:
    """Collect what `awaits.judge` needs from the rows."""
    raise NotImplementedError
