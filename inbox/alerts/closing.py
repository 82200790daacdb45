"""Takes timers out of their alerts at the end of a transaction, all at once.

An alert gathers timers of many conversations, and everybody locks conversations first: whoever closed one timer, held
its alert and went on to the next conversation would wait for a sweep that holds that one and wants the alert.
"""

from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.raising import close_for_timers

_WANTED = "timers_to_close"


def close_before_commit(session: Session, timer_id: int) -> None:
    """Take a timer out of its alerts just before the session's transaction commits; not at all if it does not."""
    session.info.setdefault(_WANTED, set()).add(timer_id)


def close_wanted(session: Session) -> None:
    """Take out what was asked for so far."""
    wanted: set[int] = session.info.pop(_WANTED, set())
    if wanted:
        close_for_timers(session, wanted, clock.now())


@event.listens_for(Session, "before_commit")
def _before_commit(session: Session) -> None:
    close_wanted(session)


@event.listens_for(Session, "after_rollback")
def _after_rollback(session: Session) -> None:
    session.info.pop(_WANTED, None)
