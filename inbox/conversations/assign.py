"""Who works on a conversation: a member, a team, nobody (RULES A7)."""

from sqlalchemy.orm import Session

from inbox.activity.models import Activity
from inbox.conversations.models import Conversation


def assign(session: Session, conversation: Conversation, member_id: int, assignee_id: int | None) -> Activity:
    """Hand a conversation to a member, or to nobody; a snoozed one sleeps on.

    Raises Invalid('assignee_may_not_see') or Invalid('assignee_left').
    """
    raise NotImplementedError


def assign_team(session: Session, conversation: Conversation, member_id: int, team_id: int | None) -> Activity:
    """Hand a conversation to a team; an assignee outside that team lets go.

    Raises Invalid('team_may_not_see') when no grant lets that team see it.
    """
    raise NotImplementedError


def unassign_lost(session: Session, member_id: int, *, because_id: int | None = None) -> int:
    """Take open and snoozed conversations that a member may no longer see off them; returns how many.

    `because_id`: the member who revoked the access, for the record.
    """
    raise NotImplementedError
