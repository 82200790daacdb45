"""Undo: the recorded inverse of a verb, unless somebody changed the same thing since (RULES D9)."""

from sqlalchemy.orm import Session

from inbox.activity.models import Activity


def undo(session: Session, member_id: int, activity_id: int) -> Activity:
    """Undo one's own activity and return the activity that says so.

    Raises NotFound, NotAllowed('not_yours'), Invalid('not_undoable'), Conflict('already_undone') or
    Conflict('changed_since').
    """
    raise NotImplementedError
