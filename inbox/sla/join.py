"""Two conversations of one person turn out to be one: their timers come together (RULES A5)."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from inbox.sla import timers
from inbox.sla.models import Timer


def join(session: Session, loser_id: int, winner_id: int) -> None:
    """Bring a conversation's timers to another; of two that run the one that began earlier goes on.

    Both conversations are locked, and the winner is refreshed afterwards, which lets the timer follow its messages.
    """
    losing, winning = timers.find_open(session, loser_id), timers.find_open(session, winner_id)
    if losing is not None and winning is not None:
        later, earlier = sorted((losing, winning), key=lambda timer: (timer.since_at, timer.id), reverse=True)
        _carry_breach(later, earlier)
        timers.void(session, later)
    session.execute(
        update(Timer)
        .where(Timer.conversation_id == loser_id)
        .values(conversation_id=winner_id)
        .execution_options(synchronize_session="fetch")
    )


def _carry_breach(gone: Timer, kept: Timer) -> None:
    """Let a missed deadline stay missed, and whose it was, where the sweep had come to one of the two alone."""
    is_missed = gone.breached_at is not None and kept.due_at is not None and kept.due_at <= gone.breached_at
    if kept.breached_at is None and is_missed:
        kept.breached_at = kept.next_at = kept.due_at
        kept.breach_assignee_id, kept.breach_team_id = gone.breach_assignee_id, gone.breach_team_id
