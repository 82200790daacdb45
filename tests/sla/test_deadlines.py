"""Deadlines, warnings and response times around pauses and closed hours (RULES C2)."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from inbox.calendars.hours import ALWAYS, Hours, Period
from inbox.sla.deadlines import Pause, Promise, due_at, list_warnings, next_at, running_seconds

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OFFICE = Hours("Europe/Madrid", ((Period(9 * 60, 18 * 60),),) * 5 + ((),) * 2)


def promise(hours: Hours = ALWAYS, target: float = 3600.0, *warnings: dict[str, float]) -> Promise:
    return Promise(target, hours, warnings)


def test_around_the_clock_a_day_is_a_day() -> None:
    assert due_at(MONDAY, promise(target=86400)) == MONDAY + timedelta(days=1)


def test_a_pause_moves_the_deadline_by_its_length() -> None:
    pause = Pause(MONDAY + HOUR / 2, MONDAY + HOUR * 5)
    assert due_at(MONDAY, promise(), [pause]) == MONDAY + HOUR * 5.5


def test_there_is_no_deadline_while_it_is_paused() -> None:
    assert due_at(MONDAY, promise(), [Pause(MONDAY + HOUR / 2, None)]) is None


def test_a_pause_after_the_deadline_is_too_late() -> None:
    assert due_at(MONDAY, promise(), [Pause(MONDAY + HOUR * 2, None)]) == MONDAY + HOUR


def test_pauses_before_a_start_that_moved_do_not_count() -> None:
    pauses = [Pause(MONDAY - HOUR * 9, MONDAY - HOUR * 3), Pause(MONDAY - HOUR, MONDAY + HOUR)]
    assert due_at(MONDAY, promise(), pauses) == MONDAY + HOUR * 2


def test_closed_hours_do_not_count() -> None:
    evening = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)  # Friday 17:30 in Madrid
    assert due_at(evening, promise(OFFICE)) == datetime(2026, 11, 30, 8, 30, tzinfo=UTC)


def test_hours_that_never_come_make_no_deadline() -> None:
    assert due_at(MONDAY, promise(Hours("UTC", ((),) * 7))) is None


@pytest.mark.parametrize("hours", [ALWAYS, OFFICE])
def test_what_ran_until_the_deadline_is_the_target(hours: Hours) -> None:
    for seed in range(300):
        dice = random.Random(seed)
        start = MONDAY + timedelta(minutes=dice.randrange(7 * 24 * 60))
        times = sorted(start + timedelta(minutes=dice.randrange(-600, 6000)) for _ in range(6))
        pauses = [Pause(*times[at : at + 2]) for at in (0, 2, 4)]
        target = dice.randrange(1, 3 * 86400)
        due = due_at(start, promise(hours, target), pauses)
        assert due is not None
        assert running_seconds(start, due, hours, pauses) == pytest.approx(target)
        assert running_seconds(start, due - timedelta(seconds=1), hours, pauses) < target


def test_warnings_come_before_at_a_share_and_after() -> None:
    told = promise(ALWAYS, 86400, {"before_seconds": 7200}, {"percent": 50}, {"after_seconds": 3600})
    due = MONDAY + timedelta(days=1)
    assert list_warnings(MONDAY, due, told) == (MONDAY + HOUR * 12, due - HOUR * 2, due + HOUR)


def test_a_warning_before_the_start_is_none() -> None:
    assert list_warnings(MONDAY, MONDAY + HOUR, promise(ALWAYS, 3600, {"before_seconds": 7200})) == ()


def test_what_comes_next_is_told_once() -> None:
    due, early = MONDAY + HOUR * 3, MONDAY + HOUR
    late = due + HOUR
    assert next_at(due, [early, late], warned_at=None, is_told=False) == early
    assert next_at(due, [early, late], warned_at=early, is_told=False) == due
    assert next_at(due, [early, late], warned_at=early, is_told=True) == late
    assert next_at(due, [early, late], warned_at=late, is_told=True) is None
    assert next_at(None, [early], warned_at=None, is_told=False) is None
