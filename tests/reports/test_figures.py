"""Percentiles, hours of the week, and spans of time at their edges."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from inbox.reports import charts, figures, spans
from inbox.reports.figures import Tally
from inbox.reports.spans import Parts, Window
from inbox.reports.week_hours import WeekHour, quarters_of
from inbox.sla.days import day_of, start_of

MADRID = ZoneInfo("Europe/Madrid")
NOW = datetime(2026, 11, 20, 12, 20, 5, tzinfo=UTC)
# what is read day by day of a year in which March must be added up anew
RUNS = (((2025, 11, 21), (2025, 11, 30)), ((2026, 3, 1), (2026, 3, 31)), ((2026, 11, 1), (2026, 11, 19)))


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 90, 7),
        ([1, 2], 50, 1),
        ([1, 2, 3], 50, 2),
        (list(range(1, 11)), 90, 9),
        (list(range(1, 12)), 90, 10),
        (list(range(1, 111)), 90, 99),  # 0.9 * 110 is a little more than 99
        ([5, 5, 5, 900], 100, 900),
        ([5, 5, 5, 900], 75, 5),
    ],
)
def test_a_percentile_is_the_smallest_value_that_enough_do_not_exceed(
    values: list[int], percent: int, found: int | None
) -> None:
    assert Tally(minutes=Counter(values)).percentile(percent) == found


def test_digits_are_read_as_they_are_written() -> None:
    assert figures.read_digits("") == Counter()
    assert figures.read_digits("0000000a0000000afffffffe") == Counter({10: 2, 2**32 - 2: 1})


def test_quarters_fall_on_the_hours_of_the_zone() -> None:
    at = datetime(2026, 3, 29, 0, 45, tzinfo=UTC)  # 01:45 on the Sunday on which Madrid goes on to summer
    quarters = Counter({int(at.timestamp()) // 900: 2, int((at + timedelta(minutes=15)).timestamp()) // 900: 1})
    table = figures.by_hour_of_week(quarters, MADRID)
    assert (table[6][1], table[6][2], table[6][3]) == (2, 0, 1)
    table = figures.by_hour_of_week(quarters, ZoneInfo("Asia/Kathmandu"))  # 5 h 45 ahead
    assert table[6][6] == 3


def test_steps_tell_nothing_from_little() -> None:
    assert figures.steps([[0, 1, 50, 100]]) == [[0, 1, 2, 4]]
    assert figures.steps([[0, 0]]) == [[0, 0]]


def test_today_begins_at_the_zones_midnight() -> None:
    assert spans.last_days(1, NOW, MADRID).from_at == datetime(2026, 11, 19, 23, tzinfo=UTC)
    assert spans.last_days(7, NOW, MADRID).from_at == datetime(2026, 11, 13, 23, tzinfo=UTC)
    # beyond the change from summer time midnight lies an hour earlier by UTC
    assert spans.last_days(28, NOW, MADRID).from_at == datetime(2026, 10, 23, 22, tzinfo=UTC)


def test_the_last_week_is_the_range_of_seven_days_and_weeks_leave_no_gap() -> None:
    weeks = spans.last_weeks(12, NOW, MADRID)
    assert weeks[-1] == spans.last_days(7, NOW, MADRID)
    assert all(one.until_at == other.from_at for one, other in pairwise(weeks))
    assert len(weeks) == 12


def test_hours_end_where_the_zones_clock_is_full() -> None:
    hours = spans.next_hours(24, NOW, ZoneInfo("Asia/Kolkata"))  # 17:50:05 there
    assert hours[0] == Window(NOW, datetime(2026, 11, 20, 12, 30, tzinfo=UTC))
    assert hours[1].until_at == datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
    assert len(hours) == 24


def test_a_window_is_whole_days_and_what_is_left_over() -> None:
    day = day_of(NOW)
    window = Window(start_of(day - 5) - timedelta(hours=1), NOW)
    counted = {day - 5, day - 3, day - 1}
    parts = spans.split(window, counted.__contains__)
    rest = (
        Window(window.from_at, start_of(day - 5)),
        Window(start_of(day - 4), start_of(day - 3)),
        Window(start_of(day - 2), start_of(day - 1)),
        Window(start_of(day), NOW),
    )
    assert parts == Parts((), ((day - 5, day - 1),), (day - 4, day - 2), rest)


def test_a_window_within_a_day_has_no_whole_one() -> None:
    window = Window(NOW - timedelta(hours=3), NOW)
    assert spans.split(window, lambda _day: True).rest == (window,)


def test_a_window_of_one_whole_day_has_no_rest() -> None:
    window = Window(start_of(20_000), start_of(20_001))
    assert spans.split(window, lambda _day: True) == Parts((), ((20_000, 20_000),), (), ())


def test_months_that_are_added_up_stand_for_their_days() -> None:
    window = Window(datetime(2025, 11, 20, 23, tzinfo=UTC), NOW)
    december, march = 12 * 55 + 11, 12 * 56 + 2
    summed = set(range(december, 12 * 56 + 11)) - {march}
    parts = spans.split(window, lambda day: day != day_of(datetime(2026, 3, 9, tzinfo=UTC)), summed.__contains__)
    days = [(day_of(datetime(*a, tzinfo=UTC)), day_of(datetime(*b, tzinfo=UTC))) for a, b in RUNS]
    assert parts.runs == tuple(days)
    assert parts.months == tuple(sorted(summed - {12 * 56 + 10}))  # November goes on
    assert parts.holes == (day_of(datetime(2026, 3, 9, tzinfo=UTC)),)
    assert parts.rest[0] == Window(window.from_at, datetime(2025, 11, 21, tzinfo=UTC))
    assert parts.rest[-1] == Window(datetime(2026, 11, 20, tzinfo=UTC), NOW)


@pytest.mark.parametrize(("month", "first"), [(0, "1970-01-01"), (13, "1971-02-01"), (12 * 54 + 2, "2024-03-01")])
def test_a_month_begins_on_its_first_day(month: int, first: str) -> None:
    day = day_of(datetime.fromisoformat(f"{first}T00:00:00+00:00"))
    assert spans.first_day_of(month) == day
    assert spans.month_of(day) == month
    assert spans.month_of(day - 1) == month - 1


def test_bars_stand_on_the_ground() -> None:
    low, high = charts.bars([1, 2])
    assert (low.y, low.height, high.y, high.height) == (75, 75, 0, 150)
    assert [bar.height for bar in charts.bars([0, 0])] == [0, 0]
    assert charts.stairs([2, 1]) == "M0 0.0V0.0H360.0V75.0H720.0"


def test_an_hour_of_the_week_is_the_same_quarters_that_the_map_sums_there() -> None:
    window = Window(datetime(2026, 10, 20, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))  # clocks go back on 25 Oct
    first, last = (int(at.timestamp()) // 900 for at in (window.from_at - timedelta(days=30), window.until_at))
    for zone in (MADRID, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Santiago")):
        for hour in range(0, 24, 3):
            for day in (0, 6):
                found = [one for one in quarters_of(WeekHour(day, hour), window, zone) if first <= one <= last]
                table = figures.by_hour_of_week(Counter(found), zone)
                assert table[day][hour] == len(found) == sum(map(sum, table))
                whole = figures.by_hour_of_week(Counter(range(first, last + 1)), zone)
                assert table[day][hour] == whole[day][hour]
