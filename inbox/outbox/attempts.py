"""Attempts: how each try ended, and whether any of them may have been accepted (RULES D2, D3)."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.outbox.models import Attempt


class Outcome(StrEnum):
    """How a try ended; a row without one is running, or its worker was lost."""

    SENT = "sent"
    REFUSED = "refused"
    NOT_ACCEPTED = "not_accepted"  # surely: it never reached the platform, or the platform said so
    NOT_TRIED = "not_tried"  # stopped before the first byte
    UNCLEAR = "unclear"
    LOST = "lost"
    ABSENT = "absent"  # was unclear; a sure look found nothing


MAYBE_ACCEPTED = (Outcome.UNCLEAR, Outcome.LOST)


def end_attempt(session: Session, token: str, outcome: Outcome, *, code: str | None = None, detail: str = "") -> None:
    """Write down how the try under this claim ended; the first word stands.

    But its own worker knows better than the sweep that took it for lost, and `sent` overrides everything.
    """
    open_or_sent = or_(Attempt.outcome.is_(None), Attempt.outcome == Outcome.LOST)
    if outcome is Outcome.SENT:
        open_or_sent = Attempt.id.is_not(None)
    session.execute(
        update(Attempt)
        .where(Attempt.claim_token == token, open_or_sent)
        .values(outcome=outcome, ended_at=clock.now(), error_code=code, error_detail=detail[:500] or None)
        .execution_options(synchronize_session=False)
    )


def may_be_out(session: Session, delivery_id: int, *, besides: int | None = None) -> bool:
    """Tell whether any try (other than number `besides`) may have been accepted by the platform."""
    maybe = or_(Attempt.outcome.is_(None), Attempt.outcome.in_(MAYBE_ACCEPTED))
    query = select(Attempt.id).where(Attempt.delivery_id == delivery_id, maybe)
    if besides is not None:
        query = query.where(Attempt.number != besides)
    return session.scalar(query.limit(1)) is not None


def prove_absent(session: Session, delivery_id: int) -> None:
    """Note that a sure look found none of the tries so far."""
    session.execute(
        update(Attempt)
        .where(Attempt.delivery_id == delivery_id, or_(Attempt.outcome.is_(None), Attempt.outcome.in_(MAYBE_ACCEPTED)))
        .values(outcome=Outcome.ABSENT, ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def note_skew(session: Session, token: str, seconds: float) -> None:
    """Keep what was known of the platform's clock when the try under this claim began."""
    session.execute(update(Attempt).where(Attempt.claim_token == token).values(skew_seconds=seconds))


def first_told_at(session: Session, delivery_id: int, skew_seconds: float) -> datetime | None:
    """Return the earliest time that the platform may tell of a reply of ours: when its first try began, by their clock.

    Their clock may have been set right or wrong between the try and now, when it is off by `skew_seconds`.
    """
    query = select(func.min(Attempt.started_at), func.min(Attempt.skew_seconds))
    began, least = session.execute(query.where(Attempt.delivery_id == delivery_id)).one()
    known = [seconds for seconds in (least, skew_seconds) if seconds is not None]
    return None if began is None else began + timedelta(seconds=min(known))
