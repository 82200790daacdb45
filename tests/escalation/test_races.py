"""Two who act on one alert at the same moment: sweeps, members who take it, timers that join and go."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.models import Alert, AlertTimer
from inbox.alerts.raising import close_for_timer
from inbox.database import db
from inbox.errors import Conflict
from inbox.escalation.advance import Claim
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.members.models import Member
from inbox.notifications.models import Notification
from inbox.outbox.transactions import commit
from inbox.settings import Pace
from tests.factories.alerts import breach, make_policy, make_reachable
from tests.factories.basics import make_channel
from tests.races.meeting import at_once, in_transaction, overlap
from workers import alerting
from workers.app import celery


@pytest.fixture
def engine(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return the engine, and let the task use the test's application."""
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr(alerting, "flask_app", lambda: app)
    with app.app_context():
        return db.engine


def make_alert(session: Session, count: int = 1) -> tuple[Member, Alert]:
    ana = make_reachable(session, "Ana")
    policy = make_policy(session, Step(0, (Target(TargetKind.MEMBER, ana.id),)))
    alerts = [breach(session, make_channel(session).id, policy, timer_id=7) for _ in range(count)]
    session.commit()
    return ana, alerts[0]


def count_told(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Notification)) or 0


def test_two_sweeps_at_once_tell_each_alert_once(app: Flask, session: Session, engine: Engine) -> None:
    make_alert(session, count=30)
    session.rollback()
    celery.finalize()  # tasks are made ready by their first use, which two threads must not be at once
    assert at_once([alerting.advance_due, alerting.advance_due]) == [None, None]
    assert count_told(session) == 30


def test_a_second_sweep_finds_nothing_and_writes_nothing(app: Flask, session: Session, engine: Engine) -> None:
    make_alert(session)
    session.rollback()
    alerting.advance_due()
    alerting.advance_due()
    assert count_told(session) == 1


def test_two_who_take_it_at_once_are_one_and_a_conflict(session: Session, engine: Engine) -> None:
    ana, alert = make_alert(session)
    ids = ana.id, alert.id
    session.rollback()

    def take() -> object:
        return in_transaction(
            engine, lambda own: acknowledge(own, ids[1], ids[0], by=BY_PAGE, now=clock.now(), pace=Pace()).id
        )

    found = at_once([take, take])
    assert sorted(isinstance(one, Conflict) for one in found) == [False, True]


def test_a_claimed_alert_that_somebody_takes_first_tells_nobody(app: Flask, session: Session, engine: Engine) -> None:
    ana, alert = make_alert(session)
    ids = ana.id, alert.id
    session.rollback()
    with app.app_context():
        (claimed,) = alerting.claim()
    in_transaction(engine, lambda own: acknowledge(own, ids[1], ids[0], by=BY_PAGE, now=clock.now(), pace=Pace()).id)
    with app.app_context():
        alerting.give_turn(claimed)
    assert count_told(session) == 0


def test_two_first_breaches_at_once_are_one_alert(session: Session, engine: Engine) -> None:
    channel_id = make_channel(session).id
    session.commit()
    session.rollback()

    def raise_for(number: int) -> object:
        return commit(lambda: Session(engine), lambda own: breach(own, channel_id, timer_id=number).id)

    first, second = at_once([lambda: raise_for(1), lambda: raise_for(2)])
    assert first == second
    assert session.scalars(select(Alert.timer_count)).all() == [2]


def test_a_timer_that_joins_while_the_last_one_goes_has_an_open_alert(session: Session, engine: Engine) -> None:
    channel_id = make_channel(session).id
    breach(session, channel_id, timer_id=1)
    session.commit()
    session.rollback()
    overlap(
        engine,
        lambda own: close_for_timer(own, 1, clock.now()),
        lambda: in_transaction(engine, lambda own: breach(own, channel_id, timer_id=2).id),
    )
    open_one = select(AlertTimer.timer_id).join(Alert, Alert.id == AlertTimer.alert_id)
    open_one = open_one.where(Alert.state != "closed", AlertTimer.gone_at.is_(None))
    assert session.scalars(open_one).all() == [2]


def test_an_empty_sweep_takes_no_write_lock(app: Flask, session: Session, engine: Engine) -> None:
    _ana, alert = make_alert(session)
    alert.next_at = clock.now() + timedelta(hours=1)
    session.commit()
    with engine.connect() as other, other.begin(), app.app_context():  # the only write lock of SQLite is held
        assert alerting.claim() == []


def test_an_alert_that_breaks_takes_no_turn_from_the_others(
    app: Flask, session: Session, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = make_alert(session, count=3)
    broken_id, give_turn = first.id, alerting.give_turn
    session.rollback()

    def give(claim: Claim) -> None:
        if claim.alert_id == broken_id:
            raise RuntimeError("of a kind that nobody thought of")
        give_turn(claim)

    monkeypatch.setattr(alerting, "give_turn", give)
    alerting.advance_due()
    assert count_told(session) == 2
