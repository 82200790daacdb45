"""What nobody claims must not be forgotten: lost workers, paused channels, waiting drafts, replies to be deleted."""

from functools import partial

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.database import read_only
from inbox.outbox import attempts, claim
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.transactions import commit
from inbox.replies.checks import channel_delivers, find_channel_stop
from inbox.replies.holding import hold
from inbox.replies.returns import give_back
from inbox.replies.send import Sender, remove_due
from inbox.replies.waiting import queue_next_waiting
from inbox.settings import Pace

AT_ONCE = 50


def sweep(sender: Sender) -> int:
    """Do whatever is due and has no worker; returns how many rows it changed. Takes no lock when nothing is due."""
    return tidy(sender) + remove_due(sender)


def tidy(sender: Sender) -> int:
    """Do that part of a sweep which asks no platform, so that none can keep it waiting."""
    done = 0
    with read_only(), sender.make_session() as session:
        is_lost = claim.has_lost(session)
        stuck = [one.id for one in list_stuck(session)]
    if is_lost:
        done += commit(sender.make_session, lambda session: claim.sweep_lost(session, sender.pace))
    for delivery_id in stuck:
        done += commit(sender.make_session, partial(unstick, delivery_id=delivery_id, pace=sender.pace))
    while queue_next_waiting(sender):
        done += 1
    return done


def list_stuck(session: Session) -> list[Delivery]:
    """List replies whose time to leave has come and whose channel does not deliver."""
    waits = and_(Delivery.kind == "reply", Delivery.state.in_((State.HELD, State.QUEUED)))
    query = select(Delivery).where(waits, Delivery.not_before_at <= clock.now(), ~channel_delivers())
    return list(session.scalars(query.order_by(Delivery.not_before_at).limit(AT_ONCE)))


def unstick(session: Session, delivery_id: int, pace: Pace) -> bool:
    """Return a reply to its writer whose channel has not delivered for too long; tells whether it did.

    One that may be out after all stays queued: it is looked for, and asks a person, once the channel delivers.
    """
    delivery = hold(session, delivery_id)
    if delivery.state not in (State.HELD, State.QUEUED) or attempts.may_be_out(session, delivery_id):
        return False
    stop = find_channel_stop(session, delivery, pace)
    if stop is None or stop.to is not State.RETURNED:
        return False
    waiting = frozenset({State.HELD, State.QUEUED})
    return give_back(session, delivery, State.RETURNED, stop.code, stop.detail, only_from=waiting)
