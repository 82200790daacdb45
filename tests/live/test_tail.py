"""The tail of activity gives each committed row once, in whatever order rows are committed."""

from flask import Flask
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.database import db
from inbox.live.tail import Tail, read_after
from tests.fixtures.app import MovingClock

REREAD = 15.0


def note(session: Session, kind: str = kinds.ASSIGNED) -> int:
    row = record(session, kind)
    session.commit()
    return row.id


def looked(session: Session, tail: Tail) -> list[int]:
    found = [change.id for change in tail.look(session)]
    session.rollback()
    return found


def test_what_lies_behind_is_not_news(session: Session, moving_clock: MovingClock) -> None:
    note(session)
    tail = Tail(REREAD)
    tail.start(session)
    assert looked(session, tail) == []
    number = note(session)
    assert looked(session, tail) == [number]
    assert looked(session, tail) == []


def test_a_row_that_is_committed_after_a_higher_id_is_not_lost(
    app: Flask, session: Session, moving_clock: MovingClock, database: str
) -> None:
    if database == "sqlite":
        # One writer at a time: ids and commits come in one order, and nothing can be overtaken.
        tail = Tail(REREAD)
        tail.start(session)
        session.rollback()
        assert looked(session, tail) == []
        numbers = [note(session), note(session)]
        assert looked(session, tail) == numbers
        return
    tail = Tail(REREAD)
    tail.start(session)
    session.rollback()
    with Session(db.engine) as slow, Session(db.engine) as quick:
        late = record(slow, kinds.ASSIGNED)
        first = record(quick, kinds.ASSIGNED)
        late_id, first_id = late.id, first.id
        quick.commit()
        assert late_id < first_id
        assert looked(session, tail) == [first_id]
        moving_clock.move(5)
        slow.commit()
    assert looked(session, tail) == [late_id]


def test_a_page_that_was_away_gets_what_it_missed(session: Session, moving_clock: MovingClock) -> None:
    seen = note(session)
    moving_clock.move(60)
    missed = [note(session), note(session)]
    changes = read_after(session, seen, REREAD)
    assert changes is not None
    assert [change.id for change in changes if change.id > seen] == missed
    assert read_after(session, 10**9, REREAD) is None


def test_nothing_is_missed_when_the_machines_clock_is_set_back_by_30_seconds(
    session: Session, moving_clock: MovingClock
) -> None:
    tail = Tail(REREAD)
    assert looked(session, tail) == []
    seen = note(session)
    assert looked(session, tail) == [seen]
    moving_clock.move(-30)
    missed = note(session)
    assert looked(session, tail) + looked(session, tail) == [missed]
    changes = read_after(session, seen, REREAD)
    assert missed in [change.id for change in changes or []]
