"""Looking for a reply that may have been accepted, and what a look decides (RULES D3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.channels.models import Channel
from inbox.database import read_only
from inbox.outbox import attempts, claim
from inbox.outbox.backoff import is_absence_proved, next_look_at
from inbox.outbox.claim import LookClaim
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move
from inbox.outbox.transactions import commit
from inbox.platforms.outgoing import Absent, CannotLook, Found, LookUp, Outgoing, Sent
from inbox.replies import removing
from inbox.replies.fold import is_bound
from inbox.replies.frozen import as_candidate, thaw
from inbox.replies.holding import hold
from inbox.replies.send import Sender
from inbox.replies.settle import Settling, settle
from inbox.settings import Pace

log = structlog.get_logger()


@dataclass(frozen=True)
class Search:
    """An unclear reply, read whole, to be looked for."""

    claim: LookClaim
    outgoing: Outgoing
    not_before: datetime
    channel: Channel


def look_next(sender: Sender) -> bool:
    """Claim one unclear reply whose look is due and look for it; tells whether there was one."""
    search = claim_search(sender)
    if search is None:
        return False
    look_for(sender, search)
    return True


def claim_search(sender: Sender) -> Search | None:
    """Claim the look that is due longest and commit; takes no write lock when none is due."""
    with read_only(), sender.make_session() as session:
        if not claim.has_look_due(session):
            return None
    return commit(sender.make_session, lambda session: _claim(session, sender.pace))


def look_for(sender: Sender, search: Search) -> None:
    """Look for a claimed reply on its platform and write down what follows."""
    found = _look(sender, search)
    settled = commit(sender.make_session, lambda session: write_look(session, search.claim, found, sender.pace))
    log.info("looked", delivery_id=search.claim.delivery_id, found=type(found).__name__)
    _delete_wrong(sender, search, settled)


def _claim(session: Session, pace: Pace) -> Search | None:
    claimed = claim.claim_look(session, pace)
    if claimed is None:
        return None
    delivery = session.get_one(Delivery, claimed.delivery_id)
    channel = session.get_one(Channel, delivery.channel_id)
    told_at = attempts.first_told_at(session, delivery.id, channel.skew_seconds) or delivery.created_at
    search = Search(claimed, thaw(delivery.outgoing), told_at, channel)
    session.flush()
    session.expunge(channel)
    return search


def _look(sender: Sender, search: Search) -> LookUp:
    try:
        return sender.connect(search.channel).find_sent(search.outgoing, search.not_before)
    except Exception as error:  # a look that fails has told nothing
        return CannotLook(getattr(error, "code", type(error).__name__))


def write_look(session: Session, claimed: LookClaim, found: LookUp, pace: Pace) -> Settling | None:
    """Write down what a look found and decide what follows; a stale look still counts when it found our reply."""
    delivery = hold(session, claimed.delivery_id)
    if isinstance(found, Found):
        if not is_bound(session, delivery, found.sent.external_id):
            return settle(session, delivery.id, found.sent, pace=pace)
        found = Absent(is_sure=False)
    if delivery.state != State.UNCLEAR or delivery.look_count != claimed.number:
        return None
    if not attempts.may_be_out(session, delivery.id):  # its worker came back and knows: nothing left it
        found = Absent(is_sure=True)
    if isinstance(found, Absent):
        _write_absent(session, delivery, found, pace)
    elif found.is_final:
        move(session, delivery, State.NEEDS_PERSON, reason=delivery.reason_code or "unclear")
    else:
        _look_again(session, delivery, pace)
    return None


def _write_absent(session: Session, delivery: Delivery, found: Absent, pace: Pace) -> None:
    now = clock.now()
    add_candidates(session, delivery, list(found.candidates))
    if found.is_sure:
        attempts.prove_absent(session, delivery.id)
    lag = _lookup_lag_seconds(session, delivery, pace)
    is_absent = found.is_sure or is_absence_proved(delivery.first_absent_at, now, pace.absent_apart_seconds, lag)
    # What stands there in other words may be this reply, as the platform stored it: only a person can tell.
    is_absent = is_absent and (found.is_sure or not delivery.candidates)
    delivery.first_absent_at = delivery.first_absent_at or now
    session.flush()
    if is_absent and not delivery.is_resent:
        move(session, delivery, State.QUEUED, due_at=now, is_resent=True)
        nudges.after_commit(session, nudges.SEND)
    elif is_absent:
        move(session, delivery, State.NEEDS_PERSON, reason=delivery.reason_code or "unclear")
    else:
        _look_again(session, delivery, pace)


def _look_again(session: Session, delivery: Delivery, pace: Pace) -> None:
    """Set the next look, or ask a person once all have been made."""
    now = clock.now()
    due_at = next_look_at(delivery.unclear_since_at or now, delivery.look_count, pace.look_seconds, now)
    if due_at is None:
        due_at = _second_absence_at(session, delivery, pace)
    if due_at is None:
        move(session, delivery, State.NEEDS_PERSON, reason=delivery.reason_code or "unclear")
        return
    delivery.due_at, delivery.lease_until_at = due_at, None
    session.flush()


def _second_absence_at(session: Session, delivery: Delivery, pace: Pace) -> datetime | None:
    """One more look where only the time between two absences is missing to prove the first."""
    lag = _lookup_lag_seconds(session, delivery, pace)
    is_last = delivery.look_count > len(pace.look_seconds)
    if delivery.first_absent_at is None or lag is None or lag >= pace.absent_apart_seconds or is_last:
        return None
    return max(delivery.first_absent_at + timedelta(seconds=pace.absent_apart_seconds), clock.now())


def add_candidates(session: Session, delivery: Delivery, found: list[Sent]) -> None:
    """Keep texts of ours that might be this reply, for a person to compare; not those bound to other messages.

    One that was kept goes when another message turns out to be it.
    """
    known = {one["external_id"]: one for one in delivery.candidates}
    known |= {sent.external_id: as_candidate(sent) for sent in found}
    delivery.candidates = [one for name, one in known.items() if not is_bound(session, delivery, name)]
    session.flush()


def _lookup_lag_seconds(session: Session, delivery: Delivery, pace: Pace) -> float | None:
    lag = session.get_one(Channel, delivery.channel_id).limits.get("lookup_lag_seconds")
    return None if lag is None else pace.paced(float(lag))


def _delete_wrong(sender: Sender, search: Search, settled: Settling | None) -> None:
    if settled in (Settling.MISPLACED, Settling.SURPLUS):
        connection = sender.connect(search.channel)
        removing.remove(sender.make_session, connection, search.claim.delivery_id, sender.pace)
