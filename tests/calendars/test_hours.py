"""Open time, against a reference that walks it minute by minute, where clocks are changed and days are missing."""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.calendars.hours import ALWAYS, CLOSED, WHOLE_DAY, Hours, Period, Periods, open_after, open_between

# Days on which something odd happens to the clocks of a zone, or to the calendar.
ODD_DAYS = {
    "Europe/Madrid": (date(2026, 3, 29), date(2026, 10, 25), date(2028, 2, 29), date(2026, 12, 31)),
    "America/Mexico_City": (date(2022, 4, 3), date(2022, 10, 30), date(2024, 2, 29)),
    "America/Santiago": (date(2026, 4, 5), date(2026, 9, 6), date(2024, 2, 29)),
    "Pacific/Apia": (date(2011, 12, 30), date(2020, 4, 5), date(2020, 9, 27)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
    "America/St_Johns": (date(2006, 4, 2), date(2006, 10, 29)),  # at one minute past midnight
    "UTC": (date(2100, 2, 28),),
}
OFFICE = (Period(540, 1080),)
WEEKDAYS = (*(OFFICE,) * 5, CLOSED, CLOSED)


def reference_open(at: datetime, hours: Hours) -> bool:
    """Tell whether the wall's clock stands within a period, in the words of the rule."""
    local = at.astimezone(ZoneInfo(hours.zone))
    day, minute = local.date(), local.hour * 60 + local.minute
    if day in hours.special:
        return _within(minute, hours.special[day])
    eve = day - timedelta(days=1)
    of_eve = hours.special[eve] if eve in hours.special else hours.weekly[eve.weekday()]
    return _within(minute, hours.weekly[day.weekday()]) or _within(minute + 1440, of_eve)


def _within(minute: int, periods: Periods) -> bool:
    return any(start <= minute < end for start, end in periods)


def reference_minutes(start: datetime, end: datetime, hours: Hours) -> int:
    count, at = 0, start
    while at < end:
        count += reference_open(at, hours)
        at += timedelta(minutes=1)
    return count


@st.composite
def periods(draw: st.DrawFn) -> Periods:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, 1439))
        found.append(Period(start, draw(st.integers(start + 1, 2880))))
    return tuple(found)


@st.composite
def stretches(draw: st.DrawFn) -> tuple[Hours, datetime, datetime]:
    """Draw hours with special dates, and a stretch of some days around one on which something odd happens."""
    zone = draw(st.sampled_from(sorted(ODD_DAYS)))
    odd = draw(st.sampled_from(ODD_DAYS[zone]))
    near = st.integers(-4, 4).map(lambda days: odd + timedelta(days=days))
    special: Mapping[date, Periods] = draw(st.dictionaries(near, periods(), max_size=4))
    hours = Hours(zone, draw(st.tuples(*[periods()] * 7)), special)
    midnight = datetime(odd.year, odd.month, odd.day, tzinfo=UTC)
    start = midnight + timedelta(minutes=draw(st.integers(-3 * 1440, 1440)))
    return hours, start, start + timedelta(minutes=draw(st.integers(0, 4 * 1440)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stretches())
def test_open_time_is_what_walking_minute_by_minute_finds(drawn: tuple[Hours, datetime, datetime]) -> None:
    hours, start, end = drawn
    assert open_between(start, end, hours) == 60 * reference_minutes(start, end, hours)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stretches(), st.integers(1, 3000))
def test_due_is_the_first_minute_at_which_so_much_has_passed(
    drawn: tuple[Hours, datetime, datetime], minutes: int
) -> None:
    hours, start, _ = drawn
    at, left = start, minutes
    while left and at < start + timedelta(days=6):
        left -= reference_open(at, hours)
        at += timedelta(minutes=1)
    due = open_after(start, 60 * minutes, hours)
    if left == 0:
        assert due == at
    else:
        assert due is None or due > at


@settings(max_examples=300, deadline=None)
@given(stretches(), st.floats(0.000001, 5_000_000))
def test_what_passes_until_due_is_what_was_asked_for(drawn: tuple[Hours, datetime, datetime], seconds: float) -> None:
    hours, start, _ = drawn
    due = open_after(start, seconds, hours)
    if due is None:
        assert open_between(start, start + timedelta(days=731), hours) < seconds + 0.000001
    else:
        assert open_between(start, due, hours) == pytest.approx(seconds, abs=0.000001)
        assert open_between(start, due - timedelta(microseconds=1), hours) < seconds


def in_zone(zone: str, *parts: int) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "arrived", "hours_open", "due"),
    [
        # A Friday evening's is due on Monday.
        ("Europe/Madrid", (2026, 11, 20, 18, 31), 1, (2026, 11, 23, 10, 0)),
        # Exactly to the end of a day, not to the next morning.
        ("Europe/Madrid", (2026, 11, 20, 9, 0), 9, (2026, 11, 20, 18, 0)),
        ("America/Mexico_City", (2026, 11, 20, 17, 0), 2, (2026, 11, 23, 10, 0)),
        ("America/Santiago", (2026, 9, 4, 17, 0), 2, (2026, 9, 7, 10, 0)),  # the clocks skip the Sunday's midnight
        ("Pacific/Apia", (2011, 12, 29, 17, 0), 2, (2012, 1, 2, 10, 0)),  # there was no Friday the 30th
    ],
)
def test_office_hours(zone: str, arrived: tuple[int, ...], hours_open: int, due: tuple[int, ...]) -> None:
    assert open_after(in_zone(zone, *arrived), hours_open * 3600, Hours(zone, WEEKDAYS)) == in_zone(zone, *due)


def test_a_night_in_which_the_clocks_are_changed_is_an_hour_shorter_or_longer() -> None:
    night = Hours("Europe/Madrid", ((Period(1320, 1800),),) * 7)
    for day, length in ((date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 11, 20), 8)):
        start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        assert open_between(start, start + timedelta(hours=20), night) == length * 3600


def test_around_the_clock_is_plain_time() -> None:
    start = datetime(2026, 3, 28, 18, 31, 7, 123456, tzinfo=UTC)
    assert open_after(start, 86400, ALWAYS) == start + timedelta(days=1)
    local = Hours("Europe/Madrid", (WHOLE_DAY,) * 7)
    assert open_after(start, 86400, local) == start + timedelta(days=1)


def test_a_holiday_counts_nothing_and_nothing_reaches_into_it() -> None:
    night = Hours("Europe/Madrid", ((Period(1320, 1800),),) * 7, {date(2026, 12, 25): CLOSED})
    start = in_zone("Europe/Madrid", 2026, 12, 24, 20, 0)
    assert open_after(start, 3 * 3600, night) == in_zone("Europe/Madrid", 2026, 12, 26, 23, 0)


def test_special_hours_reach_into_the_next_date() -> None:
    hours = Hours("UTC", (CLOSED,) * 7, {date(2026, 12, 24): (Period(1320, 1500),)})
    assert open_after(datetime(2026, 1, 1, tzinfo=UTC), 3 * 3600, hours) == datetime(2026, 12, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize("weekly", [(CLOSED,) * 7, (*(CLOSED,) * 6, (Period(150, 151),))])
def test_what_never_comes_within_two_years_is_none(weekly: tuple[Periods, ...]) -> None:
    assert open_after(datetime(2026, 11, 20, tzinfo=UTC), 3 * 3600, Hours("Europe/Madrid", weekly)) is None


def test_nothing_to_pass_is_due_at_once_and_naive_times_are_refused() -> None:
    start = datetime(2026, 11, 22, 3, tzinfo=UTC)
    hours = Hours("UTC", WEEKDAYS)
    assert open_after(start, 0, hours) == start
    assert open_between(start, start - timedelta(days=1), hours) == 0
    with pytest.raises(ValueError, match="zone"):
        open_after(datetime(2026, 1, 1), 1, hours)  # noqa: DTZ001  # what is refused


@pytest.mark.parametrize("period", [Period(-1, 5), Period(1440, 1500), Period(600, 600), Period(600, 2881)])
def test_what_is_no_period_is_refused(period: Period) -> None:
    with pytest.raises(ValueError, match="not a period"):
        Hours("UTC", ((period,), *(CLOSED,) * 6))


def test_ten_thousand_open_hours_cost_less_than_a_millisecond() -> None:
    special = {date(2026, 1, 1) + timedelta(days=9 * n): CLOSED for n in range(120)}
    hours = Hours("America/Santiago", ((Period(300, 720), Period(780, 1410)),) * 7, special)
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert open_after(start, 10_000 * 3600, hours) is not None  # the zone's changes are found once a process
    best = min(_cost(start, hours) for _ in range(20))
    assert best < 0.001


def _cost(start: datetime, hours: Hours) -> float:
    begun = time.perf_counter()
    open_after(start, 10_000 * 3600, hours)
    return time.perf_counter() - begun
