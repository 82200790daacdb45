"""What stands still, and which part that is."""

from datetime import datetime, timedelta

import pytest

from inbox.watch.judging import Part, Sweep, judge
from tests.factories.watch import SWEEPS
from tests.fixtures.app import START

LONG_AGO = START - timedelta(days=1)
ALL = {"send": 3.0, "timers": 3.0, "poll": 3.0, "upkeep": 50.0}


def sweeps(ages: dict[str, float], *, is_done: bool = True) -> list[Sweep]:
    return [
        Sweep(name, queue, START - timedelta(seconds=ages[queue]), 0.1 if is_done else None, limit)
        for name, (queue, limit) in SWEEPS.items()
    ]


@pytest.mark.parametrize(
    ("ages", "part", "since"),
    [
        ({}, None, None),
        ({"upkeep": 240}, None, None),
        ({"send": 60, "timers": 60, "poll": 60, "upkeep": 60}, Part.EVERYTHING, 60),
        ({"send": 60, "timers": 70}, Part.SENDING, 60),
        ({"send": 47, "timers": 40, "poll": 35}, Part.EVERYTHING, 35),
        ({"send": 20, "timers": 70}, Part.SOME, 70),
        ({"poll": 100, "upkeep": 100}, None, None),
        ({"poll": 130, "upkeep": 100}, Part.READING, 100),
        ({"upkeep": 241}, Part.SOME, 241),
        ({"timers": -3600}, Part.SOME, -3600),
    ],
)
def test_a_part_stands_still_that_has_done_nothing_for_too_long(
    ages: dict[str, float], part: Part | None, since: float | None
) -> None:
    found = judge(sweeps(ALL | ages), START, None)
    assert (found.part, found.is_well) == (part, part is None)
    assert found.since_at == (None if since is None else START - timedelta(seconds=since))


def test_what_was_expected_and_never_came_stands_still_since_ever() -> None:
    found = judge(sweeps(dict.fromkeys(ALL, 300.0), is_done=False), START, None)
    assert (found.part, found.since_at) == (Part.EVERYTHING, None)


@pytest.mark.parametrize(("served", "is_well"), [(59, True), (61, False)])
def test_in_the_first_minute_of_a_start_nothing_is_judged(served: float, is_well: bool) -> None:
    since = START - timedelta(seconds=served)
    for known in (sweeps(dict.fromkeys(ALL, 30000.0)), []):
        found = judge(known, START, since)
        assert (found.is_well, found.is_judged) == (is_well, not is_well)


@pytest.mark.parametrize(("since", "part"), [(LONG_AGO, Part.EVERYTHING), (None, None)])
def test_where_no_worker_ever_was_only_who_watches_misses_it(since: datetime | None, part: Part | None) -> None:
    assert judge([], START, since).part is part
