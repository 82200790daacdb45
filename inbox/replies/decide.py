"""What members decide about a reply on its way: take it back, still send it, and what became of an unclear one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.errors import Conflict, NotFound
from inbox.members.models import Member
from inbox.outbox import attempts
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.platforms.outgoing import Sent
from inbox.replies.holding import hold
from inbox.replies.returns import give_back
from inbox.replies.settle import Settling, settle
from inbox.settings import Pace


def cancel(session: Session, delivery: Delivery, member: Member) -> Delivery:
    """Take a reply back before it leaves; its text is a draft again (RULES D9).

    Raises Conflict('already_leaving') when the sender was quicker, with the state in `details`.
    """
    delivery = hold(session, delivery.id)
    waiting = frozenset({State.HELD, State.QUEUED})
    is_out = attempts.may_be_out(session, delivery.id)
    if is_out or not give_back(session, delivery, State.CANCELLED, None, only_from=waiting, member_id=member.id):
        raise Conflict("already_leaving", state=delivery.state)
    return delivery


def confirm(session: Session, delivery: Delivery, member: Member) -> Delivery:
    """Say of a reply that has not left: send it however late it gets. Raises Conflict('already_leaving')."""
    delivery = hold(session, delivery.id)
    if delivery.state not in (State.HELD, State.QUEUED):
        raise Conflict("already_leaving", state=delivery.state)
    delivery.is_confirmed_late = True
    delivery.version += 1
    session.flush()
    return delivery


def resend(session: Session, delivery: Delivery, member: Member) -> Delivery:
    """Send an unclear reply again, as a person decided; it is looked for once more before.

    Raises Conflict('not_in_doubt') when it is not (or no longer) in need of a person.
    """
    delivery = hold(session, delivery.id)
    now = clock.now()
    if not move(
        session,
        delivery,
        State.QUEUED,
        only_from=frozenset({State.NEEDS_PERSON}),
        member_id=member.id,
        due_at=now,
        not_before_at=now,
        is_resent=True,
        is_confirmed_late=True,
        lost_count=0,
    ):
        raise Conflict("not_in_doubt", state=delivery.state)
    nudges.after_commit(session, nudges.SEND)
    return delivery


def discard(session: Session, delivery: Delivery, member: Member) -> Delivery:
    """Give an unclear reply up; its text is a draft again. Raises Conflict('not_in_doubt')."""
    delivery = hold(session, delivery.id)
    doubtful = frozenset({State.NEEDS_PERSON})
    if not give_back(session, delivery, State.CANCELLED, "discarded", only_from=doubtful, member_id=member.id):
        raise Conflict("not_in_doubt", state=delivery.state)
    return delivery


def was_sent(session: Session, delivery: Delivery, member: Member, external_id: str | None, *, pace: Pace) -> Delivery:
    """Settle an unclear reply as sent because a member saw it on the platform.

    `external_id` names one of `delivery.candidates`; None: seen, but not among them. Raises
    Conflict('not_in_doubt') and NotFound('candidate_unknown').
    """
    delivery = hold(session, delivery.id)
    if delivery.state != State.NEEDS_PERSON:
        raise Conflict("not_in_doubt", state=delivery.state)
    sent = Sent(external_id="") if external_id is None else _find_candidate(delivery, external_id)
    settled = settle(session, delivery.id, sent, pace=pace, member_id=member.id)
    if settled is Settling.REFUSED:
        raise Conflict("candidate_taken", state=delivery.state)
    return delivery


def _find_candidate(delivery: Delivery, external_id: str) -> Sent:
    found: Mapping[str, Any] | None = next(
        (one for one in delivery.candidates if one["external_id"] == external_id), None
    )
    if found is None:
        raise NotFound("candidate_unknown")
    at = found.get("created_at")
    # A person looked at it: where it stands and who reads it is theirs to judge, not ours to delete.
    known = {**found, "created_at": datetime.fromisoformat(at) if at else None, "parent_id": None, "audience": None}
    return Sent(**known)
