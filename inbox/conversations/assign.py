"""Who works on a conversation: a member, a team, nobody (RULES A7)."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.conversations.changes import change
from inbox.conversations.models import Conversation, Status
from inbox.conversations.threads import lock_conversation
from inbox.errors import Invalid
from inbox.members import access
from inbox.members.models import Grant, Member, Membership


def assign(session: Session, conversation: Conversation, member_id: int, assignee_id: int | None) -> Activity:
    """Hand a conversation to a member, or to nobody; a snoozed one sleeps on.

    Raises Invalid('assignee_may_not_see') or Invalid('assignee_left').
    """
    if assignee_id is not None:
        access.rely_on(session, assignee_id)
    conversation = lock_conversation(session, conversation.id)
    if assignee_id is not None:
        check_assignee(session, conversation, assignee_id)
    return change(session, conversation, kinds.ASSIGNED, member_id, _handed(conversation, assignee_id))


def assign_team(session: Session, conversation: Conversation, member_id: int, team_id: int | None) -> Activity:
    """Hand a conversation to a team; an assignee outside that team lets go.

    Raises Invalid('team_may_not_see') when no grant lets that team see it.
    """
    conversation = lock_conversation(session, conversation.id)
    values: dict[str, int | None] = {"team_id": team_id}
    if team_id is not None:
        _check_team(session, conversation, team_id)
        if not _is_in_team(session, conversation.assignee_id, team_id):
            values |= _handed(conversation, None)
    return change(session, conversation, kinds.TEAM_CHANGED, member_id, values)


def unassign_lost(session: Session, member_id: int, *, because_id: int | None = None) -> int:
    """Take open and snoozed conversations that a member may no longer see off them; returns how many.

    `because_id`: the member who revoked the access, for the record.
    """
    session.flush()
    lost = (
        select(Conversation)
        .where(Conversation.assignee_id == member_id, Conversation.status.in_((Status.OPEN, Status.SNOOZED)))
        .where(~access.sees(member_id, Conversation.channel_id, Conversation.is_private))
        .order_by(Conversation.id)
        .with_for_update(key_share=True, of=Conversation)
    )
    rows = session.scalars(lost.execution_options(populate_existing=True)).all()
    for conversation in rows:
        handed = _handed(conversation, None)
        change(session, conversation, kinds.ASSIGNED, because_id, handed, after={"why": "access_lost"})
    return len(rows)


def _handed(conversation: Conversation, assignee_id: int | None) -> dict[str, int | None]:
    """Return the fields by which an assignee changes; who had it before is kept."""
    if conversation.assignee_id in (None, assignee_id):
        return {"assignee_id": assignee_id}
    return {"assignee_id": assignee_id, "last_assignee_id": conversation.assignee_id}


def check_assignee(session: Session, conversation: Conversation, assignee_id: int) -> None:
    """Refuse whoever left or may not see the conversation (Invalid: assignee_left, assignee_may_not_see)."""
    assignee = session.get(Member, assignee_id)
    if assignee is None or assignee.deactivated_at is not None:
        raise Invalid("assignee_left")
    if not access.may(session, assignee_id, "see", conversation.channel_id, conversation.is_private):
        raise Invalid("assignee_may_not_see", name=assignee.name)


def _check_team(session: Session, conversation: Conversation, team_id: int) -> None:
    granted = exists().where(Grant.team_id == team_id, Grant.channel_id == conversation.channel_id, Grant.can_see)
    if conversation.is_private:
        granted = granted.where(Grant.can_see_private)
    if not session.scalar(select(granted)):
        raise Invalid("team_may_not_see")


def _is_in_team(session: Session, member_id: int | None, team_id: int) -> bool:
    in_team = exists().where(Membership.member_id == member_id, Membership.team_id == team_id)
    return bool(session.scalar(select(in_team)))
