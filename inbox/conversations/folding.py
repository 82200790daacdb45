"""Two conversations of one person turn out to be one: the work done on both comes together (RULES A5)."""

from sqlalchemy import ColumnElement, CompoundSelect, Select, delete, select, union_all, update
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.conversations.labels import put_on
from inbox.conversations.models import Answer, Conversation, ConversationLabel, Note, Priority, Status
from inbox.conversations.ordering import queue_at
from inbox.sla.join import join as join_timers

_PRIORITIES = [priority.value for priority in Priority]  # rising
# Which status the one conversation has: whoever is still being looked after is not lost.
_STATUSES = (Status.OPEN.value, Status.SNOOZED.value, Status.DONE.value, Status.SPAM.value)

_CONVERSATION = table_of(Conversation).c


def with_folded(conversation_id: ColumnElement[int]) -> CompoundSelect[int]:
    """SQL: a conversation and those that were folded into it.

    A list for IN, not an OR: with an OR the databases read everything that belongs to any conversation.
    """
    folded = select(_CONVERSATION.id).where(_CONVERSATION.joined_into_id == conversation_id)
    return union_all(select(conversation_id), folded)


def fold(session: Session, loser: Conversation, winner: Conversation) -> None:
    """Bring the loser's work to the winner and leave its row as a signpost. Messages have moved already."""
    _bring_work(loser, winner)
    _bring_answers(session, loser, winner)
    _bring_labels(session, loser, winner)
    session.execute(update(Note).where(Note.conversation_id == loser.id).values(conversation_id=winner.id))
    join_timers(session, loser.id, winner.id)
    _retire(session, loser, winner)


def _bring_work(loser: Conversation, winner: Conversation) -> None:
    winner.status = min(winner.status, loser.status, key=_STATUSES.index)
    if winner.status != Status.SNOOZED:
        winner.snoozed_until_at = None
    else:
        winner.snoozed_until_at = winner.snoozed_until_at or loser.snoozed_until_at
    winner.priority = max(winner.priority, loser.priority, key=_PRIORITIES.index)
    winner.assignee_id = winner.assignee_id or loser.assignee_id
    winner.last_assignee_id = winner.last_assignee_id or loser.last_assignee_id
    winner.team_id = winner.team_id or loser.team_id
    winner.is_leaving = winner.is_leaving or loser.is_leaving
    winner.is_no_answer_needed = winner.is_no_answer_needed or loser.is_no_answer_needed
    winner.has_edit_after_answer = winner.has_edit_after_answer or loser.has_edit_after_answer


def _bring_answers(session: Session, loser: Conversation, winner: Conversation) -> None:
    kept = {row.reply_message_id: row for row in session.scalars(_answers_of(winner))}
    for row in session.scalars(_answers_of(loser)).all():
        same = kept.get(row.reply_message_id)
        if same is None:
            row.conversation_id = winner.id
        else:
            same.up_to_seq = max(same.up_to_seq, row.up_to_seq)
            session.delete(row)
    session.flush()


def _answers_of(conversation: Conversation) -> Select[Answer]:
    return select(Answer).where(Answer.conversation_id == conversation.id)


def _bring_labels(session: Session, loser: Conversation, winner: Conversation) -> None:
    labels = select(ConversationLabel.label_id)
    has = set(session.scalars(labels.where(ConversationLabel.conversation_id == winner.id)))
    comes = set(session.scalars(labels.where(ConversationLabel.conversation_id == loser.id)))
    session.execute(delete(ConversationLabel).where(ConversationLabel.conversation_id == loser.id))
    for label_id in sorted(comes - has):
        put_on(session, winner, label_id)


def _retire(session: Session, loser: Conversation, winner: Conversation) -> None:
    """Empty the row: it stands in no list and leads to the winner, as do those that had led to it."""
    loser.joined_into_id = winner.id
    loser.status = Status.DONE.value
    loser.assignee_id = loser.team_id = loser.waiting_since = loser.snoozed_until_at = loser.due_at = None
    loser.queue_at = queue_at(None, loser.last_message_at)
    loser.is_leaving = loser.is_no_answer_needed = loser.has_edit_after_answer = False
    loser.version += 1
    session.flush()
    session.execute(
        update(Conversation).where(Conversation.joined_into_id == loser.id).values(joined_into_id=winner.id)
    )
