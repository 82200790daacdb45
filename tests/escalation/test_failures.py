"""What can fail between a missed deadline and a phone: within a minute who was reached, when and by what is on screen.

And after repair everything that fell due is told once, in the order in which it did.
"""

import errno
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from inbox import clock, nudges
from inbox.alerts.models import Alert
from inbox.database import db
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.members.models import Member
from inbox.notifications.contract import NotDelivered
from inbox.notifications.models import Notification
from inbox.oncall.models import Rotation
from inbox.outbox.models import Delivery
from tests.factories.alerts import breach, log_of, make_policy, make_reachable, next_at_of, sweep
from tests.factories.basics import make_channel, make_member
from tests.factories.members import sign_in_as
from tests.factories.notifications import Office, add_method
from workers import alerting


def whom(member: Member) -> Target:
    return Target(TargetKind.MEMBER, member.id)


def work(office: Office, seconds: float, every: float = 5) -> None:
    """Let sweeps and senders have their turns for so long, as beat does."""
    for _ in range(int(seconds / every)):
        sweep(office.session)
        office.work()
        office.clock.move(seconds=every)


def page(app: Flask, office: Office, alert: Alert) -> str:
    """Return what an admin reads of an alert."""
    reader = make_member(office.session, is_admin=True)
    office.session.commit()
    text = sign_in_as(app, office.session, reader).get(f"/alerts/{alert.id}").get_data(as_text=True)
    office.session.rollback()
    return text


def test_an_empty_rota_is_on_screen_with_who_was_reached_instead(app: Flask, session: Session, office: Office) -> None:
    rota = Rotation(kind="on_call", name="Nights", time_zone="UTC", created_at=clock.now())
    session.add(rota)
    session.flush()
    vera = make_reachable(session, "Vera")
    steps = Step(0, (Target(TargetKind.ROTATION, rota.id),)), Step(900, (whom(vera),))
    alert = breach(session, make_channel(session).id, make_policy(session, *steps))
    started_at = clock.now()
    work(office, 15)
    assert office.sender.letters[0][1].at - started_at <= timedelta(seconds=60)
    shown = page(app, office, alert)
    for said in ("nobody is on call in Nights", "Step 2: Vera is being told", "Vera was reached", "Fake: arrived"):
        assert said in shown


def test_an_unverified_method_is_on_screen_with_who_was_reached_instead(
    app: Flask, session: Session, office: Office
) -> None:
    ana = make_member(session, "Ana")
    add_method(session, ana, verified_at=None, state="unverified")
    vera = make_reachable(session, "Vera")
    alert = breach(
        session, make_channel(session).id, make_policy(session, Step(0, (whom(ana),)), Step(900, (whom(vera),)))
    )
    work(office, 15)
    shown = page(app, office, alert)
    for said in ("Ana was passed: no verified way to reach them", "Step 2: Vera is being told", "Vera was reached"):
        assert said in shown


@pytest.mark.parametrize("is_sure", [True, False])
def test_a_provider_that_fails_is_on_screen_within_a_minute_and_what_it_missed_comes_once_in_order(
    app: Flask, session: Session, office: Office, is_sure: bool
) -> None:
    ana = make_reachable(session, "Ana")
    add_method(session, ana, "second")
    alerts = []
    for name in ("First", "Second", "Third"):
        policy = make_policy(session, Step(0, (whom(ana),)))
        alerts.append(breach(session, make_channel(session, display_name=name).id, policy))
        office.clock.move(seconds=1)
    office.sender.failures = [NotDelivered("http_500", is_sure=is_sure)] * 2
    work(office, 60)
    shown = page(app, office, alerts[0])
    assert "Second: arrived" in shown  # the other way left at the same moment
    assert "Fake: on its way" in shown
    work(office, 200)
    shown = page(app, office, alerts[0])
    assert "Fake: arrived" in shown
    assert ("may arrive twice" in shown) is not is_sure
    reached = [line for one in alerts for line in log_of(session, one) if line.startswith("reached")]
    assert reached == ["reached Ana"] * 3
    taken = office.sender.letters if is_sure else office.sender.letters[2:]
    subjects = [line for _, letter in taken for line in (letter.subject, *letter.lines)]
    places = [next(at for at, line in enumerate(subjects) if name in line) for name in ("First", "Second", "Third")]
    assert places == sorted(places)
    states = session.scalars(select(Delivery.state).where(Delivery.state.in_(("queued", "held", "sending", "unclear"))))
    assert states.all() == []


def test_without_redis_nudges_are_lost_and_alerts_are_not(
    app: Flask, session: Session, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudges, "_celery", nudges.make_producer("redis://127.0.0.1:1/0"))  # nobody listens there
    ana = make_reachable(session, "Ana")
    alert = breach(session, make_channel(session).id, make_policy(session, Step(0, (whom(ana),))))
    work(office, 15)
    assert len(office.sender.letters) == 1
    assert "Ana was reached" in page(app, office, alert)


def test_after_a_beat_that_stood_still_all_is_told_once_longest_due_first(session: Session, office: Office) -> None:
    people = [make_reachable(session, name) for name in ("Ana", "Diego", "Eva")]
    for member in people:
        policy = make_policy(session, Step(0, (whom(member),)))
        breach(session, make_channel(session, display_name=member.name).id, policy)
        session.commit()
        office.clock.move(minutes=10)
    for alert, member in zip(session.scalars(select(Alert).order_by(Alert.id)).all(), reversed(people), strict=True):
        assert (next_at_of(session, alert) or clock.now()) <= clock.now(), member
    sweep(session)
    sweep(session)
    office.work()
    told = [subject.rpartition(" ")[2] for subject in office.sender.subjects()]
    assert told == ["Ana", "Diego", "Eva"]
    assert len(session.scalars(select(Notification.id)).all()) == 3


@pytest.fixture
def full_disk(app: Flask) -> Iterator[dict[str, bool]]:
    """Let every write fail as on a full disk, while a test says so."""
    disk, engine = {"is_full": False}, db.engine

    def refuse(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if disk["is_full"] and statement.startswith(("INSERT", "UPDATE", "DELETE")):
            raise OSError(errno.ENOSPC, "No space left on device")

    event.listen(engine, "before_cursor_execute", refuse)
    yield disk
    event.remove(engine, "before_cursor_execute", refuse)


def test_a_full_disk_tells_nobody_twice_and_forgets_nobody(
    app: Flask, session: Session, office: Office, full_disk: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr(alerting, "flask_app", lambda: app)
    ana, diego = make_reachable(session, "Ana"), make_reachable(session, "Diego")
    for member in (ana, diego):
        policy = make_policy(session, Step(0, (whom(member),)))
        breach(session, make_channel(session, display_name=member.name).id, policy)
        session.commit()
        office.clock.move(seconds=1)
    claims = alerting.claim()
    full_disk["is_full"] = True
    for claim in claims:
        alerting.try_turn(claim)  # it breaks, and takes nothing along
    full_disk["is_full"] = False
    session.rollback()
    assert session.scalars(select(Notification.id)).all() == []
    work(office, 90)
    assert [subject.rpartition(" ")[2] for subject in office.sender.subjects()] == ["Ana", "Diego"]
