"""Who sends or looks now: claims under a lease, and what becomes of a claim whose holder was lost (RULES D2, D8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from inbox import clock
from inbox.outbox.backoff import next_look_at
from inbox.outbox.models import Attempt, Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import move, take
from inbox.security import new_token
from inbox.settings import Pace

LOST_LIMIT = 3
# What one channel may have out at once, in all processes together: a thread is held by each (see docs/decisions/0013).
MOST_SENDING, MOST_STUCK, MOST_LOOKS = 4, 2, 2
Query = TypeVar("Query", bound=Select[Any])
REPLY = "reply"
NOTIFICATION = "notification"


@dataclass(frozen=True)
class Claim:
    """The right to send one delivery until the lease ends."""

    delivery_id: int
    number: int
    token: str
    lease_until_at: datetime


@dataclass(frozen=True)
class LookClaim:
    """The right to look for one unclear delivery; `number` fences its result."""

    delivery_id: int
    number: int


def has_due(session: Session, kind: str = REPLY, *, ready: ColumnElement[bool] | None = None) -> bool:
    """Tell, reading only, whether any delivery may be released or claimed now."""
    due = and_(Delivery.state.in_((State.HELD, State.QUEUED)), _is_due(kind))
    query = select(Delivery.id).where(due if ready is None else and_(due, ready))
    return session.scalar(query.limit(1)) is not None


def has_lost(session: Session, kind: str = REPLY) -> bool:
    """Tell, reading only, whether the lease of anything that is being sent has ended."""
    due = and_(Delivery.state == State.SENDING, _is_due(kind))
    return session.scalar(select(Delivery.id).where(due).limit(1)) is not None


def has_unclear_notification(session: Session) -> bool:
    """Tell, reading only, whether `requeue_notifications` would find anything."""
    due = and_(Delivery.state == State.UNCLEAR, _is_due(NOTIFICATION))
    return session.scalar(select(Delivery.id).where(due).limit(1)) is not None


def has_look_due(session: Session) -> bool:
    """Tell, reading only, whether `claim_look` would find anything."""
    return session.scalar(_looks_due(select(Delivery.id)).limit(1)) is not None


def has_room(pace: Pace) -> ColumnElement[bool]:
    """SQL on Delivery: its channel has few replies out, and fewer that its platform lets wait.

    What was claimed so long ago that no write may begin any more holds nothing back: its worker may be lost.
    """
    now, out = clock.now(), aliased(Delivery)
    claimed_at_stuck = now + timedelta(seconds=pace.send_lease_seconds - pace.stuck_seconds)
    stuck = func.sum(case((out.due_at <= claimed_at_stuck, 1), else_=0))
    speaks = out.due_at > now + timedelta(seconds=pace.send_lease_left_seconds)  # while sending: the lease's end
    is_out = and_(out.kind == REPLY, out.state == State.SENDING, speaks, out.channel_id.is_not(None))
    is_full = or_(func.count() >= MOST_SENDING, stuck >= MOST_STUCK)
    return Delivery.channel_id.not_in(_by_channel(out).where(is_out).having(is_full))


def release_held(session: Session, kind: str = REPLY, limit: int = 50) -> int:
    """Queue what was held and whose time has come; returns how many."""
    due = select(Delivery).where(Delivery.state == State.HELD, _is_due(kind))
    rows = session.scalars(_free(due, limit)).all()
    now = clock.now()
    return sum(move(session, row, State.QUEUED, due_at=now, only_from=frozenset({State.HELD})) for row in rows)


def claim_next(
    session: Session, pace: Pace, kind: str = REPLY, *, ready: ColumnElement[bool] | None = None
) -> Claim | None:
    """Claim the queued delivery that is due longest, or None; the caller commits before touching the network.

    `ready` narrows what may be claimed (its channel delivers). Lease: `pace.send_lease_seconds`.
    """
    now = clock.now()
    due = select(Delivery.id).where(Delivery.state == State.QUEUED, _is_due(kind))
    if ready is not None:
        due = due.where(ready)
    # MATERIALIZED, for PostgreSQL may evaluate a plain subquery more than once and claim more than it picked.
    picked = _free(due, 1).cte("picked").prefix_with("MATERIALIZED", dialect="postgresql")
    token, lease_until = new_token(), now + timedelta(seconds=pace.send_lease_seconds)
    taken = take(session, select(picked.c.id).scalar_subquery(), token, lease_until)
    if taken is None:
        return None
    number = session.get_one(Delivery, taken).attempt_count
    session.add(
        Attempt(delivery_id=taken, number=number, claim_token=token, started_at=now, lease_until_at=lease_until)
    )
    session.flush()
    return Claim(taken, number, token, lease_until)


def sweep_lost(session: Session, pace: Pace, kind: str = REPLY, limit: int = 50) -> int:
    """Make every `sending` row whose lease has ended `unclear`, never `queued`; returns how many.

    One that lost three workers goes on to a person.
    """
    lost = select(Delivery).where(Delivery.state == State.SENDING, Delivery.lease_until_at <= clock.now())
    rows = session.scalars(_free(lost.where(Delivery.kind == kind), limit)).all()
    return sum(_lose(session, row, pace) for row in rows)


def become_unclear(session: Session, delivery: Delivery, pace: Pace, **given: object) -> bool:
    """Move a delivery from `sending` to `unclear` and set its first look; `given` goes to `moves.move`."""
    now = clock.now()
    again = pace.notify_again_seconds if delivery.kind == NOTIFICATION else None
    first = now + timedelta(seconds=again) if again else next_look_at(now, 0, pace.look_seconds, now)
    values: dict[str, object] = {
        "unclear_since_at": now,
        "look_count": 0,
        "first_absent_at": None,
        "due_at": first,
    }
    return move(session, delivery, State.UNCLEAR, **(values | given))  # type: ignore[arg-type]  # columns of any type


def claim_look(session: Session, pace: Pace) -> LookClaim | None:
    """Claim the unclear reply whose look is due longest, or None; lost looks are made again by themselves.

    A look counts when it is claimed, so that one that kills its worker each time comes to an end. Its lease says
    that it is being made; it passes over channels for which enough are.
    """
    now = clock.now()
    row = session.scalars(_free(_looks_due(select(Delivery)), 1)).one_or_none()
    if row is None:
        return None
    until = now + timedelta(seconds=pace.send_lease_left_seconds)
    done = session.execute(
        update(Delivery)
        .where(Delivery.id == row.id, Delivery.state == State.UNCLEAR, Delivery.look_count == row.look_count)
        .values(look_count=row.look_count + 1, due_at=until, lease_until_at=until)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    return LookClaim(row.id, row.look_count) if done.rowcount == 1 else None  # type: ignore[attr-defined]


def postpone(session: Session, delivery_id: int, due_at: datetime | None) -> None:
    """Let something that is queued wait until then; None: until somebody says when."""
    waits = and_(Delivery.id == delivery_id, Delivery.state == State.QUEUED)
    session.execute(update(Delivery).where(waits).values(due_at=due_at).execution_options(synchronize_session="fetch"))


def requeue_notifications(session: Session, limit: int = 50) -> int:
    """Queue unclear notifications again: at least once is their policy; `is_resent` says "may arrive twice" (D8)."""
    due = select(Delivery).where(Delivery.state == State.UNCLEAR, _is_due(NOTIFICATION))
    rows = session.scalars(_free(due, limit)).all()
    return sum(move(session, row, State.QUEUED, due_at=clock.now(), is_resent=True) for row in rows)


def _lose(session: Session, delivery: Delivery, pace: Pace) -> bool:
    lost_count = delivery.lost_count + 1
    token = delivery.claim_token
    if not become_unclear(session, delivery, pace, lost_count=lost_count, reason="worker_lost"):
        return False
    now = clock.now()
    session.execute(
        update(Attempt)
        .where(Attempt.claim_token == token, Attempt.outcome.is_(None))
        .values(outcome="lost", ended_at=now)
    )
    if lost_count >= LOST_LIMIT and delivery.kind == REPLY:
        move(session, delivery, State.NEEDS_PERSON, reason="worker_lost")
    return True


def _looks_due(query: Query) -> Query:
    """Narrow a query to replies to be looked for now, whose channel has few looks out."""
    out = aliased(Delivery)
    now = clock.now()
    is_looked_for = and_(out.due_at > now, out.lease_until_at > now)
    is_out = and_(out.kind == REPLY, out.state == State.UNCLEAR, is_looked_for, out.channel_id.is_not(None))
    full = _by_channel(out).where(is_out).having(func.count() >= MOST_LOOKS)
    return query.where(Delivery.state == State.UNCLEAR, _is_due(REPLY), Delivery.channel_id.not_in(full))


def _by_channel(out: type[Delivery]) -> Select[int | None]:
    """Gather what is out by channel; by a sum, for SQLite would walk an index that begins with the channel."""
    channel_id = (out.channel_id + 0).label("channel_id")
    return select(channel_id).group_by(channel_id)


def _is_due(kind: str) -> ColumnElement[bool]:
    return and_(Delivery.kind == kind, Delivery.due_at <= clock.now())


def _free(query: Query, limit: int) -> Query:
    """Order by due time and skip what another worker holds (SQLite has one writer and needs no skipping)."""
    return query.order_by(Delivery.due_at, Delivery.id).limit(limit).with_for_update(skip_locked=True)
