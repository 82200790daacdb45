"""A disk that fills up at any statement: nothing half-written, the next try succeeds, and who asked is told."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from inbox.database import db
from inbox.disk import is_full
from tests.access.calls import digests
from tests.factories.replies import make_scene
from tests.fixtures.app import MovingClock
from tests.fixtures.replies import Bench
from tests.hostile.full_disk import full_disk
from tests.hostile.work import Finish, Intake, Reply, Sending, Work

MOST_WRITES = 120


def drive(session: Session, make: Callable[[], Work], *, may_change: bool = False) -> int:
    """Let the disk be full at each write in turn, for that one and from there on; returns how many there are."""
    for room in range(1, MOST_WRITES):
        was_full = False
        for is_lasting in (True, False) if room % 3 == 0 else (True,):
            work = make()
            before = digests(session)
            with full_disk(db.engine, room, is_lasting=is_lasting) as disk:
                try:
                    work.act()
                except OperationalError as error:
                    assert is_full(error), error  # noqa: PT017
            session.rollback()
            if is_lasting and disk.was_full and not may_change:
                assert digests(session) == before, f"half of it was written before write {room}"
            was_full = was_full or disk.was_full
            work.again()
            work.check()
        if not was_full:
            return room - 1
    raise AssertionError("it does not end")


def test_a_page_is_taken_in_whole_or_not_at_all(session: Session, app: Flask, moving_clock: MovingClock) -> None:
    assert drive(session, lambda: Intake(session, moving_clock)) > 10


def test_the_disk_sees_each_table_that_a_page_fills(session: Session, app: Flask, moving_clock: MovingClock) -> None:
    work = Intake(session, moving_clock)
    with full_disk(db.engine, MOST_WRITES, is_lasting=True) as disk:
        work.act()
    assert not disk.was_full
    filled = {written[1] for one in disk.statements if (written := re.match(r"(?:INSERT INTO|COPY) (\w+)", one))}
    page = {"contact", "thread", "conversation", "message", "raw_payload", "media", "activity"}
    assert page | {"message_version", "post", "quarantined"} <= filled


@pytest.mark.parametrize("kind", [Reply, Finish])
@pytest.mark.usefixtures("connected", "as_in_production")
def test_a_click_is_refused_in_words_and_nothing_is_changed(
    app: Flask, session: Session, kind: type[Reply] | type[Finish]
) -> None:
    assert drive(session, lambda: kind(app, session, make_scene(session))) > 3


def test_a_reply_is_sent_once_however_full_the_disk_is_at_claim_and_settling(bench: Bench) -> None:
    assert drive(bench.session, lambda: Sending(bench), may_change=True) > 8
