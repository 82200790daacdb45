"""Who is left asleep, until when, and for what somebody is woken."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from inbox import clock
from inbox.escalation import night
from inbox.escalation.steps import Step, Target, TargetKind
from tests.factories.alerts import breach, log_of, make_policy, make_reachable, next_at_of, send_all, sweep
from tests.factories.basics import make_channel
from tests.fixtures.app import MovingClock

EIGHT = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)  # 08:00 in Madrid


@pytest.mark.parametrize(
    ("at", "zone", "is_night"),
    [
        ("2026-11-20T20:59", "Europe/Madrid", False),
        ("2026-11-20T21:00", "Europe/Madrid", True),
        ("2026-11-21T06:59", "Europe/Madrid", True),
        ("2026-11-21T07:00", "Europe/Madrid", False),
        ("2026-11-20T12:00", "Pacific/Apia", True),
        ("2026-11-20T23:00", "No/Such", True),
    ],
)
def test_night_is_from_ten_to_eight_where_somebody_lives(at: str, zone: str, is_night: bool) -> None:
    assert night.is_night(datetime.fromisoformat(at).replace(tzinfo=UTC), zone) is is_night


@pytest.mark.parametrize(
    ("at", "zone", "morning"),
    [
        ("2026-11-20T22:00", "Europe/Madrid", "2026-11-21T07:00"),
        ("2026-11-21T02:00", "Europe/Madrid", "2026-11-21T07:00"),
        # the clock goes forward in that night, and back in this one
        ("2026-03-28T22:00", "Europe/Madrid", "2026-03-29T06:00"),
        ("2026-10-24T22:00", "Europe/Madrid", "2026-10-25T07:00"),
    ],
)
def test_morning_is_at_eight_also_when_the_clock_was_changed(at: str, zone: str, morning: str) -> None:
    found = night.morning_after(datetime.fromisoformat(at).replace(tzinfo=UTC), zone)
    assert found == datetime.fromisoformat(morning).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wakes", "is_urgent", "is_woken"),
    [
        ("nothing", True, False),
        ("urgent", False, False),
        ("urgent", True, True),
        ("everything", False, True),
    ],
)
def test_for_what_somebody_is_woken(
    session: Session, moving_clock: MovingClock, wakes: str, is_urgent: bool, is_woken: bool
) -> None:
    ana = make_reachable(session, "Ana", time_zone="Europe/Madrid")
    step = Step(0, (Target(TargetKind.MEMBER, ana.id),))
    moving_clock.at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    policy = make_policy(session, step, wakes=wakes)
    alert = breach(session, make_channel(session).id, policy, is_urgent=is_urgent)
    session.commit()
    sweep(session)
    assert send_all(session) == (["Ana"] if is_woken else [])
    if is_woken:
        return
    assert log_of(session, alert) == ["raised", "asleep Ana", "held"]
    assert next_at_of(session, alert) == EIGHT
    moving_clock.at = EIGHT
    sweep(session)
    assert send_all(session) == ["Ana"]


def test_who_is_awake_elsewhere_hears_of_it(session: Session, moving_clock: MovingClock) -> None:
    ana = make_reachable(session, "Ana", time_zone="Europe/Madrid")
    kai = make_reachable(session, "Kai", time_zone="America/Mexico_City")
    targets = tuple(Target(TargetKind.MEMBER, one.id) for one in (ana, kai))
    moving_clock.at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    breach(session, make_channel(session).id, make_policy(session, Step(0, targets), wakes="urgent"))
    session.commit()
    sweep(session)
    assert send_all(session) == ["Kai"]


def test_what_becomes_urgent_at_night_is_told_at_once(session: Session, moving_clock: MovingClock) -> None:
    ana = make_reachable(session, "Ana", time_zone="Europe/Madrid")
    policy = make_policy(session, Step(0, (Target(TargetKind.MEMBER, ana.id),)), wakes="urgent")
    channel = make_channel(session)
    moving_clock.at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    alert = breach(session, channel.id, policy)
    session.commit()
    sweep(session)
    moving_clock.move(minutes=1)
    assert breach(session, channel.id, policy, is_urgent=True).id == alert.id
    session.commit()
    assert next_at_of(session, alert) == clock.now()
    sweep(session)
    assert send_all(session) == ["Ana"]


def test_who_is_on_call_in_a_later_step_is_called_at_night(
    session: Session, moving_clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = make_reachable(session, "Ana", time_zone="Europe/Madrid", is_admin=True)
    kai = make_reachable(session, "Kai", time_zone="Europe/Madrid")
    monkeypatch.setattr("inbox.escalation.people.who_is_on", lambda _session, _number, _at: (kai.id,))
    moving_clock.at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    steps = Step(0, (Target(TargetKind.MEMBER, ana.id),)), Step(900, (Target(TargetKind.ROTATION, 5),))
    alert = breach(session, make_channel(session).id, make_policy(session, *steps, wakes="urgent"))
    session.commit()
    sweep(session)
    assert send_all(session) == []
    assert next_at_of(session, alert) == clock.now() + timedelta(minutes=15)
    moving_clock.move(minutes=15)
    sweep(session)
    assert send_all(session) == ["Kai"]
    assert log_of(session, alert) == ["raised", "asleep Ana", "told Kai"]


def test_an_alert_waits_for_morning_once_every_step_ended_asleep(session: Session, moving_clock: MovingClock) -> None:
    ana, diego = (make_reachable(session, name, time_zone="Europe/Madrid") for name in ("Ana", "Diego"))
    moving_clock.at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    steps = Step(0, (Target(TargetKind.MEMBER, ana.id),)), Step(900, (Target(TargetKind.MEMBER, diego.id),))
    alert = breach(session, make_channel(session).id, make_policy(session, *steps, wakes="urgent"))
    session.commit()
    for _ in range(2):
        sweep(session)
        moving_clock.move(minutes=15)
    assert log_of(session, alert) == ["raised", "asleep Ana", "asleep Diego", "held"]
    assert next_at_of(session, alert) == EIGHT
    moving_clock.at = EIGHT
    sweep(session)
    assert send_all(session) == ["Ana"]


def test_what_becomes_urgent_between_two_steps_begins_with_who_was_left_asleep(
    session: Session, moving_clock: MovingClock
) -> None:
    ana, diego = (make_reachable(session, name, time_zone="Europe/Madrid") for name in ("Ana", "Diego"))
    moving_clock.at = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
    steps = Step(0, (Target(TargetKind.MEMBER, ana.id),)), Step(900, (Target(TargetKind.MEMBER, diego.id),))
    policy, channel = make_policy(session, *steps, wakes="urgent"), make_channel(session)
    breach(session, channel.id, policy)
    session.commit()
    sweep(session)
    breach(session, channel.id, policy, is_urgent=True)
    session.commit()
    sweep(session)
    assert send_all(session) == ["Ana"]
