"""Claims under a lease, by several workers at once, on both databases (RULES D2, D8)."""

import threading
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.database import db, read_only
from inbox.outbox import claim
from inbox.outbox.attempts import may_be_out
from inbox.outbox.models import Attempt, Delivery
from inbox.outbox.transactions import commit
from inbox.settings import Pace
from tests.factories.replies import make_delivery, make_scene
from tests.fixtures.app import MovingClock

PACE = Pace()


def maker(app: Flask) -> Callable[[], Session]:
    with app.app_context():
        engine = db.engine
    return lambda: Session(engine)


def test_a_claim_counts_the_attempt_and_sets_token_and_lease(session: Session, moving_clock: MovingClock) -> None:
    delivery = make_delivery(session, make_scene(session), "queued", attempt_count=0)
    claimed = claim.claim_next(session, PACE)
    session.refresh(delivery)
    assert claimed is not None
    assert (claimed.delivery_id, claimed.number) == (delivery.id, 1)
    assert (delivery.state, delivery.attempt_count, delivery.claim_token) == ("sending", 1, claimed.token)
    assert delivery.lease_until_at == clock.now() + timedelta(seconds=120)
    attempt = session.scalars(select(Attempt)).one()
    assert (attempt.number, attempt.claim_token, attempt.outcome) == (1, claimed.token, None)


def test_what_is_not_due_is_not_claimed(session: Session, moving_clock: MovingClock) -> None:
    make_delivery(session, make_scene(session), "queued", due_at=clock.now() + timedelta(seconds=1))
    assert not claim.has_due(session)
    assert claim.claim_next(session, PACE) is None
    moving_clock.move(1)
    assert claim.has_due(session)
    assert claim.claim_next(session, PACE) is not None


def test_the_longest_due_is_claimed_first(session: Session, moving_clock: MovingClock) -> None:
    late = make_delivery(session, make_scene(session), "queued", due_at=clock.now() - timedelta(seconds=1))
    later = make_delivery(session, make_scene(session), "queued", due_at=clock.now() - timedelta(seconds=9))
    claimed = [claim.claim_next(session, PACE), claim.claim_next(session, PACE)]
    assert [one.delivery_id for one in claimed if one] == [later.id, late.id]


def test_held_is_queued_when_its_hold_is_over_and_not_before(session: Session, moving_clock: MovingClock) -> None:
    delivery = make_delivery(session, make_scene(session), "held", due_at=clock.now() + timedelta(seconds=8))
    moving_clock.move(7)
    assert claim.release_held(session) == 0
    moving_clock.move(1)
    assert claim.release_held(session) == 1
    assert delivery.state == "queued"


def test_looking_for_due_rows_takes_no_write_lock(session: Session, moving_clock: MovingClock) -> None:
    delivery = make_delivery(session, make_scene(session), "queued")
    session.commit()
    delivery.reason_detail = "somebody writes and does not commit yet"
    session.flush()
    with read_only(), Session(db.engine) as reader:  # on SQLite a second writer would wait 20 s and fail
        assert claim.has_due(reader)
        assert not claim.has_lost(reader)
        assert not claim.has_look_due(reader)


def test_a_lease_that_ended_makes_it_unclear_never_queued(session: Session, moving_clock: MovingClock) -> None:
    delivery = make_delivery(session, make_scene(session), "sending")
    moving_clock.move(119)
    assert claim.sweep_lost(session, PACE) == 0
    moving_clock.move(1)
    assert claim.sweep_lost(session, PACE) == 1
    assert (delivery.state, delivery.lost_count, delivery.reason_code) == ("unclear", 1, "worker_lost")
    assert delivery.due_at == clock.now() + timedelta(seconds=5)
    assert session.scalars(select(Attempt.outcome)).all() == ["lost"]
    assert may_be_out(session, delivery.id)


def test_three_lost_workers_make_it_a_persons(session: Session, moving_clock: MovingClock) -> None:
    delivery = make_delivery(session, make_scene(session), "sending", lost_count=2)
    moving_clock.move(121)
    claim.sweep_lost(session, PACE)
    assert (delivery.state, delivery.lost_count) == ("needs_person", 3)


def test_a_look_is_claimed_once_and_comes_again_if_its_worker_is_lost(
    session: Session, moving_clock: MovingClock
) -> None:
    delivery = make_delivery(session, make_scene(session), "unclear")
    first = claim.claim_look(session, PACE)
    assert first == claim.LookClaim(delivery.id, 1)
    assert claim.claim_look(session, PACE) is None
    moving_clock.move(60)
    assert claim.claim_look(session, PACE) == claim.LookClaim(delivery.id, 2)


def test_twelve_workers_claim_forty_replies_once_each(app: Flask) -> None:
    make_session = maker(app)

    def fill(session: Session) -> None:
        for _ in range(40):
            make_delivery(session, make_scene(session), "queued", attempt_count=0)

    commit(make_session, fill)
    claimed: list[claim.Claim] = []
    start = threading.Barrier(12)

    def work() -> None:
        start.wait()
        while one := commit(make_session, lambda session: claim.claim_next(session, PACE)):
            claimed.append(one)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(claimed) == 40
    assert len({one.delivery_id for one in claimed}) == len({one.token for one in claimed}) == 40
    with make_session() as session:
        assert set(session.scalars(select(Delivery.attempt_count))) == {1}
        assert len(session.scalars(select(Attempt.id)).all()) == 40


def test_notifications_are_sent_again_after_60_seconds_and_say_so(session: Session, moving_clock: MovingClock) -> None:
    delivery = make_delivery(session, make_scene(session), "sending", kind="notification", reply_key=None)
    moving_clock.move(120)
    assert claim.sweep_lost(session, PACE) == 0  # the reply's queue leaves it alone
    assert claim.sweep_lost(session, PACE, claim.NOTIFICATION) == 1
    assert delivery.due_at == clock.now() + timedelta(seconds=60)
    assert claim.claim_look(session, PACE) is None  # nobody looks for a notification
    moving_clock.move(59)
    assert claim.requeue_notifications(session) == 0
    moving_clock.move(1)
    assert claim.requeue_notifications(session) == 1
    assert (delivery.state, delivery.is_resent) == ("queued", True)
    assert claim.claim_next(session, PACE) is None
    assert claim.claim_next(session, PACE, claim.NOTIFICATION) is not None
