"""The arithmetic of turns and shifts against a clock on the wall, and what a change of plan leaves as it was."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from inbox.oncall.moments import moment
from inbox.oncall.shifts import Change, Closing, Desk, Gap, Roster, Segment, Shift, Turns, Weekly, carry_on
from tests.oncall.minutes import LENGTH, MINUTE, WINDOWS, changed, minutes, sitting, turns

ANA, DIEGO, LUCIA = 1, 2, 3
PEOPLE = st.sampled_from([ANA, DIEGO, LUCIA])
IN_WINDOW = st.integers(0, 10 * 1440)
OF_DAY = st.integers(0, 1439) | st.sampled_from([0, 30, 60, 119, 120, 150, 180, 1380, 1410, 1439])
MADRID = "Europe/Madrid"
FEW = settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day, hour, minute


def turning(**given: object) -> Turns:
    values: dict[str, object] = {
        "member_ids": (ANA, DIEGO, LUCIA),
        "is_daily": False,
        "weekday": 0,
        "minute": 9 * 60,
        "zone": MADRID,
        "first_at": at(2026, 11, 2, 8),
    }
    return Turns(**values | given)  # type: ignore[arg-type]  # fields by name


@st.composite
def plans_of_turns(draw: st.DrawFn, window: str) -> Turns:
    zone, start = WINDOWS[window]
    return Turns(
        member_ids=tuple(draw(st.permutations([ANA, DIEGO, LUCIA])))[: draw(st.integers(1, 3))],
        is_daily=draw(st.booleans()),
        weekday=draw(st.integers(0, 6)),
        minute=draw(OF_DAY),
        zone=zone,
        first_at=start + draw(IN_WINDOW) * MINUTE,
        first=draw(st.integers(0, 2)),
    )


@st.composite
def plans_of_desk(draw: st.DrawFn, window: str) -> Desk:
    weekly = st.builds(Weekly, PEOPLE, st.integers(0, 6), OF_DAY, OF_DAY | st.just(1440))
    return Desk(tuple(draw(st.lists(weekly, max_size=8))), WINDOWS[window][0])


@st.composite
def lists_of_changes(draw: st.DrawFn, window: str, *, is_desk: bool) -> tuple[Change, ...]:
    start = WINDOWS[window][1]
    found = []
    for number in range(draw(st.integers(0, 4))):
        from_at = start + draw(IN_WINDOW) * MINUTE
        until_at = from_at + draw(st.integers(1, 4000)) * MINUTE
        found.append(Change(number, draw(PEOPLE), from_at, until_at, is_desk and draw(st.booleans())))
    return tuple(found)


def by_minute(window: str, shifts: list[Shift]) -> list[set[int]]:
    return [{one.member_id for one in shifts if one.start_at <= each.at < one.end_at} for each in minutes(window)]


def unlike(window: str, found: Sequence[object], expected: Sequence[object]) -> list[str]:
    """Return the first minutes that differ: thousands would only hide them."""
    each = zip(minutes(window), found, expected, strict=True)
    return [f"{one.at}: {is_so}, not {should}" for one, is_so, should in each if is_so != should][:3]


@pytest.mark.parametrize("window", WINDOWS)
@FEW
@given(data=st.data())
def test_turns_are_those_of_the_wall(window: str, data: st.DataObject) -> None:
    plan = data.draw(plans_of_turns(window))
    _zone, start = WINDOWS[window]
    expected = [set() if one is None else {one} for one in turns(window, plan)]
    found = by_minute(window, list(plan.shifts(start, start + LENGTH)))
    assert unlike(window, found, expected) == []


@pytest.mark.parametrize("window", WINDOWS)
@FEW
@given(data=st.data())
def test_shifts_at_the_desk_are_those_of_the_wall(window: str, data: st.DataObject) -> None:
    plan = data.draw(plans_of_desk(window))
    _zone, start = WINDOWS[window]
    found = by_minute(window, list(plan.shifts(start, start + LENGTH)))
    assert unlike(window, found, list(sitting(window, plan))) == []


@pytest.mark.parametrize("is_desk", [False, True], ids=["on call", "desk"])
@pytest.mark.parametrize("window", ["Madrid, spring", "Santiago, at midnight back"])
@FEW
@given(data=st.data())
def test_changes_leavers_and_gaps_are_those_of_every_minute(window: str, is_desk: bool, data: st.DataObject) -> None:
    _zone, start = WINDOWS[window]
    plan = data.draw(plans_of_desk(window)) if is_desk else data.draw(plans_of_turns(window))
    changes = data.draw(lists_of_changes(window, is_desk=is_desk))
    left_at = {ANA: start + data.draw(IN_WINDOW) * MINUTE} if data.draw(st.booleans()) else {}
    roster = Roster(is_desk, (Segment(plan, start),), changes, left_at)
    base = (
        list(sitting(window, plan))
        if isinstance(plan, Desk)
        else [set() if one is None else {one} for one in turns(window, plan)]
    )
    expected = list(changed(window, base, changes, left_at, is_desk=is_desk))
    shifts = roster.shifts(start, start + LENGTH)
    assert unlike(window, by_minute(window, shifts), expected) == []
    nobody = [not there and (not is_desk or bool(planned)) for there, planned in zip(expected, base, strict=True)]
    gaps = roster.gaps(start, start + LENGTH)
    in_gap = [any(one.start_at <= each.at < one.end_at for one in gaps) for each in minutes(window)]
    assert unlike(window, in_gap, nobody) == []
    assert all(one.end_at <= two.start_at for one, two in pairwise(gaps))
    for place in data.draw(st.lists(st.integers(0, len(expected) - 1), max_size=20)):
        assert set(roster.on_at(minutes(window)[place].at)) == expected[place]


def test_a_time_that_is_leapt_over_is_the_leap_and_one_shown_twice_the_first() -> None:
    assert moment(date(2026, 3, 29), 150, MADRID) == at(2026, 3, 29, 1, 0)  # 2:30 is leapt over at 1:00 UTC
    assert moment(date(2026, 10, 25), 150, MADRID) == at(2026, 10, 25, 0, 30)  # 2:30 in summer time, then again
    assert moment(date(2011, 12, 30), 540, "Pacific/Apia") == at(2011, 12, 30, 10, 0)  # a day that was not
    assert moment(date(2026, 9, 6), 0, "America/Santiago") == at(2026, 9, 6, 4, 0)  # there was no midnight
    assert moment(date(2028, 2, 29), 540, MADRID) == at(2028, 2, 29, 8, 0)


def test_a_weekly_turn_begins_at_the_same_hour_in_summer_and_winter() -> None:
    plan = turning(first_at=at(2026, 10, 19, 7))
    found = [one.start_at for one in plan.shifts(at(2026, 10, 20), at(2026, 11, 3))]
    assert found == [at(2026, 10, 19, 7), at(2026, 10, 26, 8), at(2026, 11, 2, 8)]


def test_a_turn_that_begins_between_two_handoffs_is_short() -> None:
    plan = turning(first_at=at(2026, 11, 5, 8))
    found = [(one.member_id, one.end_at) for one in plan.shifts(at(2026, 11, 1), at(2026, 11, 10))]
    assert found == [(ANA, at(2026, 11, 9, 8)), (DIEGO, at(2026, 11, 16, 8))]


def test_who_has_the_turn_keeps_it_when_the_plan_changes_until_the_next_handoff() -> None:
    old, now = turning(), at(2026, 11, 11, 12)  # Diego's week
    new = carry_on(old, turning(member_ids=(LUCIA, ANA, DIEGO), weekday=4), now)
    found = [(one.member_id, one.start_at) for one in new.shifts(now, at(2026, 11, 21))]
    assert found == [(DIEGO, now), (LUCIA, at(2026, 11, 13, 8)), (ANA, at(2026, 11, 20, 8))]


def test_who_is_taken_out_hands_over_to_the_next_at_once() -> None:
    old, now = turning(), at(2026, 11, 11, 12)
    new = carry_on(old, turning(member_ids=(ANA, LUCIA)), now)
    assert [one.member_id for one in new.shifts(now, now + timedelta(days=7))] == [LUCIA, ANA]
    stranger = carry_on(old, turning(member_ids=(9, 8)), now)
    assert [one.member_id for one in stranger.shifts(now, now + timedelta(days=7))] == [9, 8]


def test_turns_that_have_not_begun_begin_as_wanted() -> None:
    wanted = turning(first_at=at(2026, 12, 1))
    assert carry_on(turning(first_at=at(2026, 11, 30)), wanted, at(2026, 11, 20)) == wanted


def test_a_gap_says_whose_turn_it_would_have_been() -> None:
    plan = turning(member_ids=(ANA, DIEGO))
    roster = Roster(False, (Segment(plan, at(2026, 11, 1)),), (), {DIEGO: at(2026, 11, 10)})
    assert roster.gaps(at(2026, 11, 9), at(2026, 11, 20)) == [Gap(at(2026, 11, 10), at(2026, 11, 16, 8), DIEGO)]


def test_a_stand_in_who_leaves_gives_the_turn_back() -> None:
    change = Change(1, LUCIA, at(2026, 11, 3), at(2026, 11, 5))
    roster = Roster(False, (Segment(turning(), at(2026, 11, 1)),), (change,), {LUCIA: at(2026, 11, 4)})
    assert roster.on_at(at(2026, 11, 3, 12)) == (LUCIA,)
    assert roster.on_at(at(2026, 11, 4, 12)) == (ANA,)


def desk(*weekly: Weekly) -> Roster:
    return Roster(True, (Segment(Desk(weekly, MADRID), at(2026, 11, 1)),))


def test_the_last_shift_of_the_day_is_not_the_one_before_lunch() -> None:
    days = range(5)
    roster = desk(*(Weekly(ANA, day, 540, 780) for day in days), *(Weekly(DIEGO, day, 900, 1080) for day in days))
    evening = Closing(at(2026, 11, 3, 17), at(2026, 11, 4, 8))
    assert roster.closing(at(2026, 11, 3, 9), MADRID) == evening
    assert roster.closing(at(2026, 11, 3, 12, 30), MADRID) == evening
    assert roster.closing(at(2026, 11, 6, 17), MADRID) == Closing(at(2026, 11, 9, 17), at(2026, 11, 10, 8))
    assert roster.closing(at(2026, 11, 6, 9), MADRID) == Closing(at(2026, 11, 6, 17), at(2026, 11, 9, 8))


def test_a_night_shift_belongs_to_the_day_on_which_it_begins() -> None:
    days = range(7)
    roster = desk(*(Weekly(ANA, day, 540, 1080) for day in days), *(Weekly(DIEGO, day, 1320, 360) for day in days))
    assert roster.closing(at(2026, 11, 3, 12), MADRID) == Closing(at(2026, 11, 4, 5), at(2026, 11, 4, 8))


def test_a_desk_that_never_closes_has_no_last_shift_and_one_that_stays_shut_no_next() -> None:
    around = [Weekly(ANA, day, 0, 1440) for day in range(7)]
    assert desk(*around).closing(at(2026, 11, 3), MADRID) is None
    once = Segment(Desk((Weekly(ANA, 1, 540, 1080),), MADRID), at(2026, 11, 1), at(2026, 11, 4))
    assert Roster(True, (once,)).closing(at(2026, 11, 3, 9), MADRID) == Closing(at(2026, 11, 3, 17), None)
    assert desk().closing(at(2026, 11, 3), MADRID) is None
