"""The moves of a delivery from state to state: a table, and the only place that carries one out (RULES D1, D2)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.record import record
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State


class Need(StrEnum):
    """What a move asks for besides the state that it starts from."""

    NOTHING = "nothing"
    CLAIM = "claim"  # made by `take` alone, with a new attempt
    HOLDER = "holder"  # the claim's holder
    HOLDER_AND_SURE = "holder_and_sure"  # the claim's holder, and the platform surely did not accept it
    HOLDER_OR_LOST = "holder_or_lost"  # the claim's holder, or anybody once its lease has ended
    ATTEMPT = "attempt"  # it was handed to the platform at least once


# From, to: what it needs. A pair that is not here is forbidden.
MOVES: Mapping[tuple[State, State], Need] = {
    (State.HELD, State.QUEUED): Need.NOTHING,
    (State.QUEUED, State.SENDING): Need.CLAIM,
    (State.SENDING, State.SENT): Need.ATTEMPT,
    (State.SENDING, State.REFUSED): Need.HOLDER,
    (State.SENDING, State.UNCLEAR): Need.HOLDER_OR_LOST,
    (State.SENDING, State.QUEUED): Need.HOLDER_AND_SURE,
    (State.SENDING, State.RETURNED): Need.HOLDER_AND_SURE,
    (State.HELD, State.CANCELLED): Need.NOTHING,
    (State.HELD, State.RETURNED): Need.NOTHING,
    (State.HELD, State.REFUSED): Need.NOTHING,
    (State.QUEUED, State.CANCELLED): Need.NOTHING,
    (State.QUEUED, State.RETURNED): Need.NOTHING,
    (State.QUEUED, State.REFUSED): Need.NOTHING,
    (State.UNCLEAR, State.SENT): Need.ATTEMPT,
    (State.UNCLEAR, State.QUEUED): Need.NOTHING,
    (State.UNCLEAR, State.NEEDS_PERSON): Need.NOTHING,
    (State.NEEDS_PERSON, State.SENT): Need.ATTEMPT,
    (State.NEEDS_PERSON, State.QUEUED): Need.NOTHING,
    (State.NEEDS_PERSON, State.CANCELLED): Need.NOTHING,
    # Proof that arrives late. From `queued` too: `sent` is accepted from any attempt at any time (D2).
    (State.QUEUED, State.SENT): Need.ATTEMPT,
    (State.REFUSED, State.SENT): Need.ATTEMPT,
    (State.CANCELLED, State.SENT): Need.ATTEMPT,
    (State.RETURNED, State.SENT): Need.ATTEMPT,
    (State.SENT, State.GONE): Need.NOTHING,
}
AT_REST = frozenset({State.SENT, State.REFUSED, State.CANCELLED, State.RETURNED, State.GONE})


def lock(session: Session, delivery_id: int) -> Delivery:
    """Return the delivery as it is now, held against other writers until the transaction ends."""
    query = select(Delivery).where(Delivery.id == delivery_id).with_for_update(key_share=True)
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()


def move(
    session: Session,
    delivery: Delivery,
    to: State,
    *,
    token: str | None = None,
    is_surely_not_accepted: bool = False,
    only_from: frozenset[State] | None = None,
    member_id: int | None = None,
    reason: str | None = None,
    **values: Any,
) -> bool:
    """Move a delivery if its state, and what the move needs, allow it; write it down; tell whether it moved.

    `token`: the mover speaks for this claim; but for proof that it was sent, its word counts while the claim lasts
    and no longer. `values` are columns set with it. `delivery` is fresh afterwards, moved or not.
    """
    lock(session, delivery.id)
    before = State(delivery.state)
    need = MOVES.get((before, to))
    if need is None or need is Need.CLAIM or (only_from is not None and before not in only_from):
        return False
    if token is not None and need is not Need.ATTEMPT and before is not State.SENDING:
        return False  # its claim has ended: whoever sends or looks now decides
    if need is Need.HOLDER_AND_SURE and not is_surely_not_accepted:
        return False
    condition = and_(Delivery.id == delivery.id, Delivery.state == before, _condition(need, token))
    if reason is not None or to in AT_REST:
        values.setdefault("reason_code", reason)
    done = session.execute(
        update(Delivery)
        .where(condition)
        .values({**_columns(to), **values, "state": to, "version": Delivery.version + 1})
        .execution_options(synchronize_session=False)
    )
    session.refresh(delivery)
    if done.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult, as every update gives
        return False
    _write_down(session, delivery, before, member_id)
    return True


def take(session: Session, picked: ColumnElement[int], token: str, lease_until_at: datetime) -> int | None:
    """Move the one queued delivery that `picked` selects to `sending` under a new claim; None when it picks none.

    `picked` is a scalar subquery of at most one id; the caller locks it and adds the attempt.
    """
    statement = (
        update(Delivery)
        .where(Delivery.id == picked, Delivery.state == State.QUEUED)
        .values(
            state=State.SENDING,
            attempt_count=Delivery.attempt_count + 1,
            claim_token=token,
            lease_until_at=lease_until_at,
            due_at=lease_until_at,
            version=Delivery.version + 1,
        )
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    taken = session.execute(statement).scalar_one_or_none()
    if taken is None:
        return None
    delivery = session.get_one(Delivery, taken, populate_existing=True)
    _write_down(session, delivery, State.QUEUED, None)
    return taken


def _condition(need: Need, token: str | None) -> ColumnElement[bool]:
    holds = Delivery.claim_token == (token or "")
    if need in (Need.HOLDER, Need.HOLDER_AND_SURE):
        return holds
    if need is Need.HOLDER_OR_LOST:
        return or_(holds, Delivery.lease_until_at <= clock.now())
    if need is Need.ATTEMPT:
        return Delivery.attempt_count > 0
    return Delivery.id.is_not(None)


def _columns(to: State) -> dict[str, Any]:
    """What each state implies: nobody holds it, nothing is due unless said, and when it came to rest."""
    columns: dict[str, Any] = {"claim_token": None, "lease_until_at": None, "due_at": None}
    columns["settled_at"] = clock.now() if to in AT_REST else None
    return columns


def _write_down(session: Session, delivery: Delivery, before: State, member_id: int | None) -> None:
    if delivery.kind != "reply":
        return  # its attempts say what became of it, and no page shows a conversation of it
    after = {"delivery_id": delivery.id, "state": delivery.state, "version": delivery.version}
    if delivery.reason_code:
        after["reason"] = delivery.reason_code
    record(
        session,
        kinds.REPLY_MOVED,
        member_id=member_id,
        channel_id=delivery.channel_id,
        conversation_id=delivery.conversation_id,
        message_id=delivery.message_id,
        before={"state": str(before)},
        after=after,
    )
