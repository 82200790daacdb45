"""The web process tells the last resort by itself: once, every hour, and when all is well again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.database import db
from inbox.escalation.models import EscalationVersion
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.settings import Settings
from inbox.watch.models import SweepBeat, WatchLease
from inbox.watch.queries import find_watch
from inbox.watch.watch import Watch
from inbox.watch.watcher import Watcher
from tests.factories.alerts import make_policy
from tests.factories.watch import SWEEPS, beat
from tests.fixtures.app import MovingClock
from tests.inbox.wire import Wire, answering, reply

TAKEN = reply(b"", "200 OK", "Connection: close")
REFUSED = reply(b"", "500 Internal Server Error", "Connection: close")


@pytest.fixture
def receiver() -> Iterator[Wire]:
    """Return somebody who takes what the last resort is told."""
    with answering(TAKEN) as wire:
        yield wire


def make_watcher(app: Flask, url: str | None, watch: Watch | None = None) -> Watcher:
    settings: Settings = app.config["RELEVO"]
    told = replace(settings, last_resort_url=f"{url}/s3cret" if url else None, local_services=frozenset({url or ""}))
    engine = db.engine
    return Watcher(watch or Watch(), lambda: Session(engine), told)


def watch_for(watcher: Watcher, moving_clock: MovingClock, seconds: float) -> None:
    """Look every five seconds, for so long."""
    for _ in range(int(seconds / 5)):
        moving_clock.move(seconds=5)
        watcher.look()


def letters(wire: Wire) -> list[dict[str, Any]]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in wire.requests]


def subjects(wire: Wire) -> list[str]:
    """Return the English half of each subject; the other says the same in Spanish."""
    return [letter["subject"].partition(" · ")[0] for letter in letters(wire)]


def turns(session: Session) -> int:
    found = session.scalars(select(Activity.id).where(Activity.kind == kinds.SWEEPS_CHANGED)).all()
    session.rollback()
    return len(found)


def test_a_stop_is_told_within_a_minute_once_then_every_hour_and_its_end(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    watcher = make_watcher(app, receiver.url)
    beat(session)
    watch_for(watcher, moving_clock, 40)
    assert (receiver.requests, turns(session)) == ([], 0)
    watch_for(watcher, moving_clock, 20)
    assert subjects(receiver) == ["Relevo: nothing has been checked since 20 Nov 2026, 12:00 UTC"]
    assert letters(receiver)[0]["url"].endswith("/alerts")
    watch_for(watcher, moving_clock, 3500)
    assert (len(receiver.requests), turns(session)) == (1, 1)
    watch_for(watcher, moving_clock, 200)
    assert len({letter["id"] for letter in letters(receiver)}) == 2
    beat(session)
    watch_for(watcher, moving_clock, 40)
    assert subjects(receiver)[2:] == ["Relevo: everything is checked again"]
    assert turns(session) == 2
    beat(session)
    watch_for(watcher, moving_clock, 40)
    assert len(receiver.requests) == 3


def test_what_comes_and_goes_is_one_stop(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    watcher = make_watcher(app, receiver.url)
    for _ in range(5):
        beat(session, *SWEEPS, ago=27)
        watch_for(watcher, moving_clock, 45)
    assert len(receiver.requests) == 1


def test_a_part_that_stands_still_is_named_with_what_to_do(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    beat(session)
    moving_clock.move(seconds=130)
    beat(session, "workers.sending.send_due", "workers.timers.sweep_due")
    make_watcher(app, receiver.url).look()
    (letter,) = letters(receiver)
    assert letter["subject"].startswith("Relevo: no channel has been read since ")
    assert "the worker `poll`" in letter["lines"][1]


def test_what_was_not_taken_is_tried_again_every_minute_and_says_so(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    with answering(REFUSED, REFUSED, TAKEN) as receiver:
        watcher = make_watcher(app, receiver.url)
        beat(session, ago=100)
        watcher.look()
        assert told(session)[1:] == (None, "http_500")
        watch_for(watcher, moving_clock, 55)
        assert len(receiver.requests) == 1
        watch_for(watcher, moving_clock, 600)
        assert [letter["may_be_repeated"] for letter in letters(receiver)] == [False, True, True]
        assert len({letter["id"] for letter in letters(receiver)}) == 1
    assert told(session)[2] is None


def test_one_process_tells_and_the_next_one_goes_on_where_it_ended(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    first, second = make_watcher(app, receiver.url), make_watcher(app, receiver.url)
    beat(session, ago=100)
    first.look()
    second.look()
    assert len(receiver.requests) == 1
    watch_for(second, moving_clock, 90)  # the first one is gone
    assert len(receiver.requests) == 1
    beat(session)
    watch_for(second, moving_clock, 40)
    assert subjects(receiver)[1:] == ["Relevo: everything is checked again"]


def test_a_restart_neither_tells_at_once_nor_says_that_all_is_well(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    beat(session, ago=8 * 3600)
    make_watcher(app, receiver.url).look()
    assert len(receiver.requests) == 1
    moving_clock.move(seconds=120)
    restarted = make_watcher(app, receiver.url, Watch(serving_since=clock.now()))
    watch_for(restarted, moving_clock, 55)
    assert len(receiver.requests) == 1
    beat(session)
    watch_for(restarted, moving_clock, 45)
    assert subjects(receiver)[1:] == ["Relevo: everything is checked again"]


def test_without_a_last_resort_open_pages_hear_of_it_all_the_same(
    app: Flask, session: Session, moving_clock: MovingClock
) -> None:
    watcher = make_watcher(app, None)
    beat(session, ago=100)
    watcher.look()
    assert turns(session) == 1
    beat(session)
    watch_for(watcher, moving_clock, 40)
    assert (turns(session), told(session)) == (2, (None, None, None))


def test_a_database_that_stays_away_is_told_too(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    watcher = make_watcher(app, receiver.url)
    beat(session)
    watcher.look()
    engine = db.engine
    SweepBeat.__table__.drop(engine)  # type: ignore[attr-defined]  # a Table, as every model's
    watch_for(watcher, moving_clock, 40)
    assert receiver.requests == []
    watch_for(watcher, moving_clock, 60)
    assert subjects(receiver) == ["Relevo: the database has not answered since 20 Nov 2026, 12:00 UTC"]
    SweepBeat.__table__.create(engine)  # type: ignore[attr-defined]
    beat(session)
    watch_for(watcher, moving_clock, 40)
    assert subjects(receiver)[1:] == ["Relevo: everything is checked again"]


def test_an_alarm_that_breaks_leaves_nobody_in_the_dark(
    app: Flask, session: Session, moving_clock: MovingClock, receiver: Wire
) -> None:
    policy = make_policy(session, Step(0, (Target(TargetKind.ADMINS),)))
    policy.is_default = True
    version = session.scalars(select(EscalationVersion)).one()
    version.steps = [{"wait_seconds": 0, "targets": [{"kind": "nobody_knows"}]}]
    beat(session, ago=100)
    watcher = make_watcher(app, receiver.url)
    with capture_logs() as logs:
        watcher.look()
    assert "alarm_broke" in [line["event"] for line in logs]
    assert len(receiver.requests) == 1
    beat(session)
    watch_for(watcher, moving_clock, 40)
    assert subjects(receiver)[1:] == ["Relevo: everything is checked again"]


def test_the_lease_is_renewed_at_half_time_alone(app: Flask, session: Session, moving_clock: MovingClock) -> None:
    watcher = make_watcher(app, None)
    ends = set()
    for _ in range(12):
        watcher.look()
        row = find_watch(session)
        assert row is not None
        ends.add(row.until_at)
        session.rollback()
        moving_clock.move(seconds=5)
    assert len(ends) == 2


def told(session: Session) -> tuple[object, object, object]:
    row = session.get(WatchLease, "watcher", populate_existing=True)
    assert row is not None
    found = (row.noticed_at, row.told_at, row.failure)
    session.rollback()
    return found
