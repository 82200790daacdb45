"""A stopped engine is an alert that is told by its steps, also where nobody but the pages' process is left to tell."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.acknowledge import BY_PAGE, acknowledge
from inbox.alerts.models import Alert
from inbox.database import db
from inbox.escalation.models import EscalationPolicy
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.members.models import Member
from inbox.notifications import send
from inbox.oncall.models import Rotation
from inbox.settings import Pace, Settings
from inbox.watch.models import SweepBeat
from inbox.watch.watch import Watch
from inbox.watch.watcher import Watcher
from tests.factories.alerts import log_of, make_policy, make_reachable, sweep
from tests.factories.notifications import FakeSender, Office
from tests.factories.watch import beat
from tests.fixtures.app import MovingClock


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> FakeSender:
    """Return the provider by which everybody is reached, also by the pages' process."""
    fake = FakeSender()
    monkeypatch.setattr(send, "SENDERS", {"fake": fake})
    return fake


@pytest.fixture
def watcher(app: Flask, session: Session, moving_clock: MovingClock) -> Watcher:
    settings: Settings = app.config["RELEVO"]
    engine = db.engine
    return Watcher(Watch(), lambda: Session(engine), replace(settings, last_resort_url=None))


def look(watcher: Watcher, session: Session, moving_clock: MovingClock, seconds: float) -> None:
    """Look every five seconds for so long, of a long time only at its end; between two looks nothing is open."""
    session.rollback()
    moving_clock.move(seconds=max(0, seconds - 60))
    for _ in range(int(min(seconds, 60) / 5)):
        session.rollback()
        moving_clock.move(seconds=5)
        watcher.look()
    session.rollback()
    session.expire_all()


def on_call(session: Session, monkeypatch: pytest.MonkeyPatch) -> Member:
    """Let Kai be on call by the house's policy, and nobody else be reached."""
    kai = make_reachable(session, "Kai", time_zone="Europe/Madrid")
    rota = Rotation(kind="on_call", name="Nights", time_zone="UTC", created_at=clock.now())
    session.add(rota)
    session.flush()
    policy = make_policy(session, Step(0, (Target(TargetKind.ROTATION, rota.id),)), repeat_count=3, wakes="nothing")
    session.get_one(EscalationPolicy, policy.id).is_default = True
    session.commit()
    number = kai.id
    session.rollback()
    monkeypatch.setattr("inbox.escalation.people.who_is_on", lambda *_: (number,))
    return kai


def one_alert(session: Session) -> Alert:
    return session.scalars(select(Alert)).one()


def test_who_is_on_call_hears_within_a_minute_that_nothing_moves_and_taking_it_stops_the_steps(
    session: Session, watcher: Watcher, sender: FakeSender, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kai = on_call(session, monkeypatch)
    moving_clock.move(hours=11)  # at night, of which who is on call is told
    beat(session)
    look(watcher, session, moving_clock, 60)
    assert sender.subjects() == ["Urgent: Relevo stands still: no channel is read, and nothing leaves"]
    alert = one_alert(session)
    assert log_of(session, alert) == ["raised", "told Kai", "reached Kai"]
    look(watcher, session, moving_clock, 15 * 60)
    assert len(sender.letters) == 2  # the next round of its steps
    acknowledge(session, alert.id, kai.id, by=BY_PAGE, now=clock.now(), pace=Pace())
    session.commit()
    look(watcher, session, moving_clock, 20 * 60)
    assert len(sender.letters) == 2
    look(watcher, session, moving_clock, 12 * 60)
    assert len(sender.letters) == 3  # it stands still after half an hour as well
    for _ in range(4):
        beat(session)
        look(watcher, session, moving_clock, 10)
    assert one_alert(session).state == "closed"
    assert log_of(session, alert)[-1] == "closed mended"
    assert session.scalar(select(func.count()).select_from(Alert)) == 1


def test_what_is_told_by_workers_that_live_is_not_told_by_the_pages_too(
    session: Session, office: Office, watcher: Watcher, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "SENDERS", {"fake": office.sender})
    on_call(session, monkeypatch)
    beat(session)
    moving_clock.move(seconds=130)
    beat(session, "workers.sending.send_due", "workers.timers.sweep_due")
    look(watcher, session, moving_clock, 10)
    assert office.sender.letters == []
    sweep(session)
    office.work()
    assert office.sender.subjects() == ["Urgent: Relevo stands still in part: no channel is read"]
    beat(session)
    look(watcher, session, moving_clock, 40)
    assert one_alert(session).state == "closed"


def test_a_stop_that_spreads_is_one_alert_of_what_stands_still_now(
    session: Session, watcher: Watcher, sender: FakeSender, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_call(session, monkeypatch)
    beat(session)
    moving_clock.move(seconds=130)
    beat(session, "workers.sending.send_due", "workers.timers.sweep_due")
    look(watcher, session, moving_clock, 5)
    assert one_alert(session).about == "reading"
    look(watcher, session, moving_clock, 60)
    assert one_alert(session).about == "everything"
    assert len(sender.letters) == 1


def test_a_watcher_that_comes_later_ends_what_another_raised(
    app: Flask, session: Session, watcher: Watcher, sender: FakeSender, moving_clock: MovingClock
) -> None:
    beat(session, ago=100)
    look(watcher, session, moving_clock, 5)
    assert one_alert(session).state == "unreachable"  # nobody can be told: the last resort is the watcher's matter
    session.execute(delete(SweepBeat))
    beat(session)
    moving_clock.move(seconds=70)
    engine = db.engine
    settings: Settings = app.config["RELEVO"]
    next_one = Watcher(Watch(), lambda: Session(engine), settings)
    for _ in range(8):
        beat(session)
        look(next_one, session, moving_clock, 5)
    assert one_alert(session).state == "closed"
