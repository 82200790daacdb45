"""The way of one reply to its platform: claimed, checked, sent once, written down (RULES D2, D6).

No transaction is open while the network is used. Whatever happens after the first byte and is not a clear
answer makes the delivery `unclear`; whatever happens before it surely sent nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import and_
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.database import read_only
from inbox.guard import no_later_than
from inbox.outbox import attempts, claim
from inbox.outbox.claim import Claim
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.transactions import MakeSession, commit
from inbox.platforms.contract import Connection
from inbox.platforms.outgoing import Absent, CannotLook, Found, Ok, Outgoing, ParentGone, Sent
from inbox.replies import placing, removing, results
from inbox.replies.checks import channel_delivers, find_stop
from inbox.replies.fold import is_bound
from inbox.replies.frozen import thaw
from inbox.replies.holding import conversation_of
from inbox.replies.outcomes import Judged, Next, judge_before, judge_send
from inbox.replies.settle import Settling, settle
from inbox.settings import Pace

log = structlog.get_logger()


@dataclass(frozen=True)
class Sender:
    """What sending needs: sessions of its own, a way to connect a channel, and the lengths of the rules."""

    make_session: MakeSession
    connect: Callable[[Channel], Connection]
    pace: Pace


@dataclass(frozen=True)
class Job:
    """A claimed reply, read whole, so that the network part needs no database."""

    claim: Claim
    outgoing: Outgoing
    key: str
    channel: Channel
    is_again: bool  # an earlier try may have been accepted
    is_decided: bool  # a person said: send it again
    is_doubtful_parent: bool  # one look said that the parent is gone
    first_told_at: datetime


@dataclass(frozen=True)
class Removal:
    """A reply that stands in the wrong place or a second time, claimed for its deletion."""

    delivery_id: int
    channel: Channel


def send_next(sender: Sender) -> bool:
    """Release what was held long enough, claim one due reply and send it; tells whether there was one."""
    claimed = claim_one(sender)
    if claimed is None:
        return False
    send_claimed(sender, claimed)
    return True


def claim_one(sender: Sender) -> Claim | None:
    """Claim the reply that is due longest and commit; takes no write lock when nothing is due.

    It passes over channels that don't deliver, and over those that have enough out (decision 0013).
    """
    ready = and_(channel_delivers(), claim.has_room(sender.pace))
    with read_only(), sender.make_session() as session:
        if not claim.has_due(session, ready=ready):
            return None

    def release_and_claim(session: Session) -> Claim | None:
        claim.release_held(session)
        return claim.claim_next(session, sender.pace, ready=ready)

    return commit(sender.make_session, release_and_claim)


def send_claimed(sender: Sender, claimed: Claim) -> None:
    """Take a claimed reply to its platform and write down what came of it."""
    job = commit(sender.make_session, lambda session: _check(session, claimed, sender.pace))
    if job is None:
        return
    try:
        connection = sender.connect(job.channel)
        stopped = _look_ahead(sender, job, connection)
    except Exception as error:  # nothing was sent yet, whatever it was
        log.warning("send_not_begun", delivery_id=claimed.delivery_id, error=type(error).__name__)
        stopped = judge_before(error)
    if isinstance(stopped, Sent):
        _write_sent(sender, job, connection, stopped)
    elif stopped is not None:
        _ask_for_person(sender, job, stopped)
        commit(sender.make_session, lambda session: results.write_stop(session, claimed, stopped, sender.pace))
    else:
        _write(sender, job, connection)


def _check(session: Session, claimed: Claim, pace: Pace) -> Job | None:
    """Make D6's checks in the database; a reply that may not leave is moved here and None returned."""
    delivery = session.get_one(Delivery, claimed.delivery_id)
    if delivery.state != State.SENDING or delivery.claim_token != claimed.token:
        return None  # this worker stood still beyond its lease: somebody else decides now
    stop = find_stop(session, delivery, conversation_of(session, delivery), pace)
    if stop is not None:
        results.write_check(session, claimed, stop, pace)
        return None
    channel = session.get_one(Channel, delivery.channel_id)
    attempts.note_skew(session, claimed.token, channel.skew_seconds)
    job = Job(
        claim=claimed,
        outgoing=thaw(delivery.outgoing),
        key=delivery.reply_key or "",
        channel=channel,
        is_again=attempts.may_be_out(session, delivery.id, besides=claimed.number),
        is_decided=delivery.is_confirmed_late,
        is_doubtful_parent=delivery.parent_gone_at is not None,
        first_told_at=attempts.first_told_at(session, delivery.id, channel.skew_seconds) or clock.now(),
    )
    session.flush()
    session.expunge(channel)
    return job


def _look_ahead(sender: Sender, job: Job, connection: Connection) -> Judged | Sent | None:
    """Look before the write: for an earlier try of ours, and whether anything stands against it. None: go."""
    if job.is_again:  # a repeated key is never relied on: look first, always (D3)
        found = connection.find_sent(job.outgoing, job.first_told_at)
        if isinstance(found, Found) and not _is_bound(sender, job, found.sent):
            return found.sent
        if isinstance(found, CannotLook) and not job.is_decided:
            return Judged(Next.LATER, "cannot_look", found.reason)
        if isinstance(found, Absent) and not job.is_decided and _is_any_free(sender, job, found):
            return Judged(Next.LOOK, "unclear")
    verdict = _preflight(job, connection)
    if isinstance(verdict, Judged):
        return verdict
    left = job.claim.lease_until_at - clock.now()
    if left < timedelta(seconds=sender.pace.send_lease_left_seconds):
        return Judged(Next.LATER, "lease_too_short")
    return None


def _is_any_free(sender: Sender, job: Job, found: Absent) -> bool:
    """Tell whether something of ours stands there in other words and may be the earlier try."""
    return any(not _is_bound(sender, job, sent) for sent in found.candidates)


def _is_bound(sender: Sender, job: Job, sent: Sent) -> bool:
    with read_only(), sender.make_session() as session:
        return is_bound(session, session.get_one(Delivery, job.claim.delivery_id), sent.external_id)


def _preflight(job: Job, connection: Connection) -> Judged | None:
    try:
        found = connection.preflight(job.outgoing)
    except Exception as error:
        judged = judge_before(error)
        # A platform that can't be read may still take a reply; only a doubt about the parent must be cleared.
        is_told = judged.until_at is not None or judged.next is Next.RECONNECT
        return judged if is_told or job.is_doubtful_parent else None
    if isinstance(found, Ok):
        return None
    if isinstance(found, ParentGone):
        return Judged(Next.PARENT_GONE, "parent_gone")
    return Judged(Next.REFUSE, found.reason)


def _write(sender: Sender, job: Job, connection: Connection) -> None:
    """Make the one write call. From its first byte on only a clear answer is believed."""
    try:
        with no_later_than(_speaks_until(job, sender.pace)):
            sent = connection.send(job.outgoing, job.key)
    except Exception as error:
        judged = judge_send(error)
        log.info("reply_not_sent", delivery_id=job.claim.delivery_id, next=judged.next.value, code=judged.code)
        _ask_for_person(sender, job, judged)
        commit(sender.make_session, lambda session: results.write_error(session, job.claim, judged, sender.pace))
        return
    _write_sent(sender, job, connection, sent)


def _speaks_until(job: Job, pace: Pace) -> float:
    """Return until when the write call may last, on the monotonic clock, which goes on while a process stands still.

    It began with `send_lease_left_seconds` of its lease left (D2). Stopped after that look and woken up when the
    lease is somebody else's, it must not speak: read first, the monotonic clock can only err to the early side.
    """
    now = time.monotonic()
    left = (job.claim.lease_until_at - clock.now()).total_seconds()
    return now + left - pace.send_lease_left_seconds + pace.write_call_seconds


def _ask_for_person(sender: Sender, job: Job, judged: Judged) -> None:
    if judged.next is Next.RECONNECT:
        commit(sender.make_session, lambda session: results.ask_for_person(session, job.channel.id, judged))


def _write_sent(sender: Sender, job: Job, connection: Connection, sent: Sent) -> None:
    def work(session: Session) -> Settling:
        settled = settle(session, job.claim.delivery_id, sent, pace=sender.pace)
        attempts.end_attempt(session, job.claim.token, attempts.Outcome.SENT)
        return settled

    settled = commit(sender.make_session, work)
    log.info("reply_sent", delivery_id=job.claim.delivery_id, settled=settled.value)
    if settled in (Settling.MISPLACED, Settling.SURPLUS):
        removing.remove(sender.make_session, connection, job.claim.delivery_id, sender.pace)


def remove_due(sender: Sender) -> bool:
    """Delete what one delivery must not leave standing; tells whether there was one."""
    claimed = claim_removal(sender)
    if claimed is None:
        return False
    remove_claimed(sender, claimed)
    return True


def claim_removal(sender: Sender) -> Removal | None:
    """Claim the deletion that is due longest and commit; one whose worker is lost comes again by itself."""
    with read_only(), sender.make_session() as session:
        if removing.find_due(session) is None:
            return None
    return commit(sender.make_session, lambda session: _claim_removal(session, sender.pace))


def _claim_removal(session: Session, pace: Pace) -> Removal | None:
    found = removing.claim_due(session, pace)
    if found is None:
        return None
    channel = session.get_one(Channel, session.get_one(Delivery, found).channel_id)
    session.flush()
    session.expunge(channel)
    return Removal(found, channel)


def remove_claimed(sender: Sender, claimed: Removal) -> None:
    """Take a claimed deletion to the platform and write down what came of it."""
    connection = sender.connect(claimed.channel)
    placing.find_out(sender.make_session, connection, claimed.delivery_id, sender.pace)
    removing.remove(sender.make_session, connection, claimed.delivery_id, sender.pace)
