"""Budgets shared by every process: polls leave the last tenth to replies (RULES E4)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.budgets import HOST_PAUSE_SECONDS, DatabaseBudgets, read_budget
from inbox.database import db
from inbox.platforms.contract import BudgetSeen, RateLimited, Unavailable
from tests.fixtures.app import MovingClock


@pytest.fixture
def budgets(app: Flask, moving_clock: MovingClock) -> DatabaseBudgets:
    with app.app_context():
        engine = db.engine
    make_session: Callable[[], Session] = lambda: Session(engine)  # noqa: E731  # one line says it
    return DatabaseBudgets(make_session)


def left(count: int) -> BudgetSeen:
    return BudgetSeen(100, count, clock.now() + timedelta(minutes=5))


def test_e4_the_last_tenth_is_for_replies(budgets: DatabaseBudgets) -> None:
    budgets.after("channel:1", left(11))
    budgets.before("channel:1", is_for_send=False)
    budgets.after("channel:1", left(5))
    budgets.before("channel:1", is_for_send=True)
    with pytest.raises(RateLimited) as caught:
        budgets.before("channel:1", is_for_send=False)
    assert caught.value.until_at == clock.now() + timedelta(minutes=5)


def test_a_pause_holds_for_everybody_until_it_ends(budgets: DatabaseBudgets, moving_clock: MovingClock) -> None:
    budgets.after("channel:1", BudgetSeen(paused_until_at=clock.now() + timedelta(seconds=30)))
    for is_for_send in (False, True):
        with pytest.raises(RateLimited):
            budgets.before("channel:1", is_for_send=is_for_send)
    moving_clock.move(31)
    budgets.before("channel:1", is_for_send=False)


def test_small_changes_are_not_written_and_large_ones_are(session: Session, budgets: DatabaseBudgets) -> None:
    budgets.after("channel:7", left(90))
    budgets.after("channel:7", left(88))
    row = read_budget(session, 7)
    assert row is not None
    assert row.remaining_count == 90
    session.rollback()
    budgets.after("channel:7", left(80))
    session.expire_all()
    row = read_budget(session, 7)
    assert row is not None
    assert row.remaining_count == 80


def test_a_silent_host_is_left_alone_by_polls_and_not_by_replies(
    budgets: DatabaseBudgets, moving_clock: MovingClock
) -> None:
    key, pauses = "host:slow.example", []
    for _ in range(6):
        budgets.timed_out(key)
        budgets.timed_out(key)  # the other of the two that asked at once
        with pytest.raises(Unavailable, match="timeout"):
            budgets.before(key, is_for_send=False)
        budgets.before(key, is_for_send=True)
        began = clock.now()
        while _is_left_alone(budgets, key):
            moving_clock.move(1)
        pauses.append((clock.now() - began).total_seconds())
    assert pauses == [10, 20, 40, 80, 120, 120]
    budgets.answered(key)
    budgets.timed_out(key)
    moving_clock.move(HOST_PAUSE_SECONDS)
    budgets.before(key, is_for_send=False)


def _is_left_alone(budgets: DatabaseBudgets, key: str) -> bool:
    try:
        budgets.before(key, is_for_send=False)
    except Unavailable:
        return True
    return False


def test_when_what_we_ask_by_ends_is_kept_beside_the_budget(session: Session, budgets: DatabaseBudgets) -> None:
    ends_at = clock.now() + timedelta(days=90)
    budgets.after("channel:8", left(90))
    budgets.after("channel:8", BudgetSeen(sunset_at=ends_at))
    budgets.after("channel:8", left(80))
    row = read_budget(session, 8)
    assert row is not None
    assert (row.sunset_at, row.remaining_count) == (ends_at, 80)
