"""RULES D1: every pair of states, allowed and forbidden, on both databases."""

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity.models import Activity
from inbox.outbox.models import Delivery
from inbox.outbox.models import DeliveryState as State
from inbox.outbox.moves import MOVES, Need, move
from tests.factories.replies import make_delivery, make_scene
from tests.fixtures.app import MovingClock

# As RULES D1 writes them, in its order; written out again so that a change of the table must be meant.
ALLOWED = {
    "held": {"queued", "cancelled", "returned", "refused"},
    "queued": {"sending", "cancelled", "returned", "refused", "sent"},  # sent: proof of an earlier attempt (D2)
    "sending": {"sent", "refused", "unclear", "queued", "returned"},
    "unclear": {"sent", "queued", "needs_person"},
    "needs_person": {"sent", "queued", "cancelled"},
    "refused": {"sent"},
    "cancelled": {"sent"},
    "returned": {"sent"},
    "sent": {"gone"},
    "gone": set(),
}
PAIRS = [(a.value, b.value) for a, b in product(State, State)]
OPEN = [(a, b) for a, b in PAIRS if b in ALLOWED[a] and (a, b) != ("queued", "sending")]
SHUT = [(a, b) for a, b in PAIRS if b not in ALLOWED[a]]


def delivery_in(session: Session, state: str) -> Delivery:
    return make_delivery(session, make_scene(session), state, attempt_count=1)


def moves_of(session: Session, delivery: Delivery) -> list[tuple[str, str]]:
    rows = session.scalars(select(Activity).where(Activity.kind == "reply_moved").order_by(Activity.id)).all()
    mine = [row for row in rows if row.after and row.after["delivery_id"] == delivery.id]
    return [(row.before["state"], row.after["state"]) for row in mine if row.before and row.after]


def test_the_table_is_the_rule() -> None:
    assert {(a.value, b.value) for a, b in MOVES} == {(a, b) for a in ALLOWED for b in ALLOWED[a]}


@pytest.mark.parametrize(("start", "end"), OPEN)
def test_an_allowed_move_moves_and_is_written_down(session: Session, start: str, end: str) -> None:
    delivery = delivery_in(session, start)
    version = delivery.version
    token = delivery.claim_token if start == "sending" else None
    assert move(session, delivery, State(end), token=token, is_surely_not_accepted=True)
    assert (delivery.state, delivery.version) == (end, version + 1)
    assert delivery.claim_token is None
    assert moves_of(session, delivery) == [(start, end)]


@pytest.mark.parametrize(("start", "end"), SHUT)
def test_a_forbidden_move_changes_nothing(session: Session, start: str, end: str) -> None:
    delivery = delivery_in(session, start)
    before = (delivery.version, delivery.claim_token, delivery.due_at)
    assert not move(session, delivery, State(end), token=delivery.claim_token, is_surely_not_accepted=True)
    assert (delivery.state, delivery.version, delivery.claim_token, delivery.due_at) == (start, *before)
    assert moves_of(session, delivery) == []


def test_only_a_claim_makes_a_delivery_sending(session: Session) -> None:
    delivery = delivery_in(session, "queued")
    assert MOVES[State.QUEUED, State.SENDING] is Need.CLAIM
    assert not move(session, delivery, State.SENDING, token="mine")


@pytest.mark.parametrize("end", ["refused", "queued", "returned"])
def test_only_the_holder_of_the_token_may_refuse_or_give_back(session: Session, end: str) -> None:
    delivery = delivery_in(session, "sending")
    assert not move(session, delivery, State(end), token="a stranger's", is_surely_not_accepted=True)
    assert not move(session, delivery, State(end), is_surely_not_accepted=True)
    assert delivery.state == "sending"
    assert move(session, delivery, State(end), token=delivery.claim_token, is_surely_not_accepted=True)


@pytest.mark.parametrize(("start", "end"), [pair for pair in OPEN if pair[0] != "sending" and pair[1] != "sent"])
def test_the_word_of_a_claim_that_ended_moves_nothing(session: Session, start: str, end: str) -> None:
    delivery = delivery_in(session, start)
    assert not move(session, delivery, State(end), token="an old claim's", is_surely_not_accepted=True)
    assert delivery.state == start


@pytest.mark.parametrize("end", ["queued", "returned"])
def test_sending_goes_back_only_if_surely_not_accepted(session: Session, end: str) -> None:
    delivery = delivery_in(session, "sending")
    assert not move(session, delivery, State(end), token=delivery.claim_token)
    assert delivery.state == "sending"


def test_a_stranger_makes_it_unclear_only_after_the_lease(session: Session, moving_clock: MovingClock) -> None:
    delivery = delivery_in(session, "sending")
    assert not move(session, delivery, State.UNCLEAR)
    moving_clock.move(119)
    assert not move(session, delivery, State.UNCLEAR)
    moving_clock.move(1)
    assert move(session, delivery, State.UNCLEAR)


@pytest.mark.parametrize("start", ["queued", "refused", "cancelled", "returned"])
def test_what_was_never_handed_over_can_not_be_sent(session: Session, start: str) -> None:
    delivery = make_delivery(session, make_scene(session), start, attempt_count=0)
    assert not move(session, delivery, State.SENT)
    assert delivery.state == start


def test_sent_is_accepted_without_any_token(session: Session, moving_clock: MovingClock) -> None:
    delivery = delivery_in(session, "sending")
    moving_clock.move(500)
    assert move(session, delivery, State.SENT, token="from an attempt long lost")
    assert delivery.settled_at == clock.now()


def test_a_move_may_be_narrowed_to_some_states(session: Session) -> None:
    delivery = delivery_in(session, "queued")
    assert not move(session, delivery, State.CANCELLED, only_from=frozenset({State.NEEDS_PERSON}))
    assert move(session, delivery, State.CANCELLED, only_from=frozenset({State.HELD, State.QUEUED}))


def test_coming_to_rest_forgets_old_reasons_and_due_times(session: Session) -> None:
    due = clock.now() + timedelta(seconds=5)
    delivery = make_delivery(session, make_scene(session), "unclear", reason_code="worker_lost", due_at=due)
    assert move(session, delivery, State.SENT)
    assert delivery.reason_code is None
    assert delivery.due_at is None
