"""What is written down after a try: each outcome is one move of RULES D1, in a transaction of its own."""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import states
from inbox.channels.models import Channel
from inbox.conversations.gone import look_said_gone
from inbox.outbox import attempts
from inbox.outbox.attempts import Outcome
from inbox.outbox.backoff import MOST_TRIES, is_late, next_try_at
from inbox.outbox.claim import Claim, become_unclear
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.replies.checks import Stop
from inbox.replies.fold import find_polled
from inbox.replies.holding import hold
from inbox.replies.outcomes import Judged, Next
from inbox.replies.returns import give_back
from inbox.settings import Pace


def write_check(session: Session, claimed: Claim, stop: Stop, pace: Pace) -> None:
    """Write down that D6's checks stopped a claimed reply before the network."""
    delivery = hold(session, claimed.delivery_id)
    attempts.end_attempt(session, claimed.token, Outcome.NOT_TRIED, code=stop.code)
    if stop.to is State.QUEUED:
        _queue_again(session, delivery, claimed, pace, stop.code)
        return
    _end(session, delivery, claimed, stop.to, stop.code, stop.detail, pace)


def write_stop(session: Session, claimed: Claim, judged: Judged, pace: Pace) -> None:
    """Write down what a look before the write said: nothing was sent."""
    delivery = hold(session, claimed.delivery_id)
    attempts.end_attempt(session, claimed.token, Outcome.NOT_TRIED, code=judged.code, detail=judged.detail)
    _follow(session, delivery, claimed, judged, pace)


def write_error(session: Session, claimed: Claim, judged: Judged, pace: Pace) -> None:
    """Write down what the write call raised."""
    delivery = hold(session, claimed.delivery_id)
    outcome = {Next.LOOK: Outcome.UNCLEAR, Next.REFUSE: Outcome.REFUSED}.get(judged.next, Outcome.NOT_ACCEPTED)
    attempts.end_attempt(session, claimed.token, outcome, code=judged.code, detail=judged.detail)
    if judged.next is Next.LOOK:
        _become_unclear(session, delivery, claimed, judged, pace)
        return
    _follow(session, delivery, claimed, judged, pace)


def _follow(session: Session, delivery: Delivery, claimed: Claim, judged: Judged, pace: Pace) -> None:
    detail = {"detail": judged.detail} if judged.detail else None
    if judged.next is Next.REFUSE:
        _end(session, delivery, claimed, State.REFUSED, judged.code, detail, pace)
    elif judged.next is Next.PARENT_GONE:
        _doubt_parent(session, delivery, claimed, pace)
    elif judged.next is Next.LOOK:  # an earlier try may be out after all: this one is not made by itself
        become_unclear(session, delivery, pace, token=claimed.token, is_resent=True, reason=judged.code)
    else:
        _try_later(session, delivery, claimed, judged, pace)


def _end(
    session: Session,
    delivery: Delivery,
    claimed: Claim,
    to: State,
    code: str,
    detail: dict[str, Any] | None,
    pace: Pace,
) -> None:
    """Return or refuse; but where an earlier try may be out, only a person can say what became of it."""
    if attempts.may_be_out(session, delivery.id, besides=claimed.number):
        words = json.dumps(detail) if detail else None
        become_unclear(session, delivery, pace, token=claimed.token, is_resent=True, reason=code, reason_detail=words)
        return
    give_back(session, delivery, to, code, detail, token=claimed.token, is_surely_not_accepted=True)


def _become_unclear(session: Session, delivery: Delivery, claimed: Claim, judged: Judged, pace: Pace) -> None:
    words = json.dumps({"detail": judged.detail}) if judged.detail else None
    become_unclear(session, delivery, pace, token=claimed.token, reason=judged.code, reason_detail=words)


def _try_later(session: Session, delivery: Delivery, claimed: Claim, judged: Judged, pace: Pace) -> None:
    """Queue again while it is not too late; else it goes back, at once rather than after a wait in vain."""
    now = clock.now()
    first, longest = pace.failure_backoff_seconds, pace.failure_backoff_longest_seconds
    due_at = max(next_try_at(now, claimed.number, first, longest), judged.until_at or now)
    is_in_vain = is_late(delivery.not_before_at, due_at, pace.leave_late_seconds) and not delivery.is_confirmed_late
    if is_in_vain or delivery.attempt_count >= MOST_TRIES:
        detail = {"detail": judged.detail, "until": judged.until_at.isoformat() if judged.until_at else None}
        _end(session, delivery, claimed, State.RETURNED, judged.code, detail, pace)
        return
    _queue_again(session, delivery, claimed, pace, judged.code, due_at=due_at, parent_gone_at=None)


def _queue_again(session: Session, delivery: Delivery, claimed: Claim, pace: Pace, code: str, **values: Any) -> None:
    values.setdefault("due_at", clock.now() + timedelta(seconds=pace.failure_backoff_seconds))
    move(session, delivery, State.QUEUED, token=claimed.token, is_surely_not_accepted=True, reason=code, **values)


def _doubt_parent(session: Session, delivery: Delivery, claimed: Claim, pace: Pace) -> None:
    """Believe that the parent is gone after two looks (D6): then refused, the message withdrawn, the text a draft."""
    now = clock.now()
    parent = find_polled(session, delivery.channel_id or 0, str(delivery.outgoing["parent_id"]))
    if parent is not None and parent.direction == "inbound":
        look_said_gone(session, parent, pace=pace)
    confirm = timedelta(seconds=pace.gone_confirm_seconds)
    if delivery.parent_gone_at is not None and now - delivery.parent_gone_at >= confirm:
        _end(session, delivery, claimed, State.REFUSED, "parent_gone", None, pace)
        return
    first = delivery.parent_gone_at or now
    _queue_again(session, delivery, claimed, pace, "parent_gone", due_at=first + confirm, parent_gone_at=first)


def ask_for_person(session: Session, channel_id: int, judged: Judged) -> None:
    """Let the channel say that it needs somebody; in a transaction of its own, for polls lock channel, then thread."""
    states.ask_for_person(session, session.get_one(Channel, channel_id), judged.code, judged.detail)
