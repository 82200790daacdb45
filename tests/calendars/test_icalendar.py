"""iCalendar files of the kinds that the great calendars write, and files that mean harm."""

import datetime as datetimes
import time
from datetime import date, datetime, timedelta
from itertools import chain
from types import SimpleNamespace
from unittest.mock import patch

import dateutil.rrule
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.calendars.icalendar import MOST_BYTES, MOST_DATES, read_closed_days
from inbox.calendars.recurring import list_dates
from inbox.errors import Invalid

FIRST, LAST = date(2026, 1, 1), date(2028, 12, 31)


def ics(*events: str, around: str = "") -> bytes:
    body = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}@acme.example\r\n{event}\r\nEND:VEVENT\r\n" for n, event in enumerate(events)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{around}{body}END:VCALENDAR\r\n".encode()


def dates(*events: str) -> list[str]:
    return [one.day.isoformat() for one in read_closed_days(ics(*events), FIRST, LAST)]


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261226", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227", ["2026-12-24", "2026-12-25", "2026-12-26"]),
        ("DTSTART;VALUE=DATE:20261225", ["2026-12-25"]),
        ("DTSTART;VALUE=DATE:20261225\r\nDURATION:P2D", ["2026-12-25", "2026-12-26"]),
        ("dtstart;value=date:20261225\r\ndtend;value=date:20261226", ["2026-12-25"]),
        # As Outlook writes whole days: midnight to midnight.
        (
            'DTSTART;TZID="Romance Time":20261225T000000\r\nDTEND;TZID="Romance Time":20261226T000000',
            ["2026-12-25"],
        ),
        ("DTSTART;VALUE=DATE:20251231\r\nDTEND;VALUE=DATE:20260102", ["2026-01-01"]),
        ("DTSTART;VALUE=DATE:20001225\r\nRRULE:FREQ=YEARLY", ["2026-12-25", "2027-12-25", "2028-12-25"]),
        (
            "DTSTART;VALUE=DATE:20201126\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;UNTIL=20271231",
            ["2026-11-26", "2027-11-25"],
        ),
        ("DTSTART;VALUE=DATE:20261201\r\nRRULE:FREQ=WEEKLY;COUNT=3", ["2026-12-01", "2026-12-08", "2026-12-15"]),
        (
            "DTSTART;VALUE=DATE:20261201\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEXDATE;VALUE=DATE:20261208",
            ["2026-12-01", "2026-12-15"],
        ),
        (
            "DTSTART;VALUE=DATE:20261201\r\nRDATE;VALUE=DATE:20270105,20270106",
            ["2026-12-01", "2027-01-05", "2027-01-06"],
        ),
        ("DTSTART;VALUE=DATE:20280229", ["2028-02-29"]),
        # What blocks no whole day.
        ("DTSTART:20261225T090000Z\r\nDTEND:20261225T100000Z", []),
        ("DTSTART;TZID=Europe/Madrid:20261225T000000\r\nDTEND;TZID=Europe/Madrid:20261225T013000", []),
        ("DTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED", []),
        ("DTSTART;VALUE=DATE:20261301", []),
        ("SUMMARY:without a date", []),
        ("DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=DAILY;UNTIL=20260101", []),
        # The alarm inside is not the event's.
        ("DTSTART;VALUE=DATE:20261225\r\nBEGIN:VALARM\r\nDURATION:P30D\r\nEND:VALARM", ["2026-12-25"]),
    ],
)
def test_whole_days_are_read(event: str, found: list[str]) -> None:
    assert dates(event) == found


def test_names_are_unfolded_unescaped_and_cut() -> None:
    body = ics(
        "DTSTART;VALUE=DATE:20261225\r\nSUMMARY;LANGUAGE=es:Navidad\\, y\\ndescan\r\n so \\\\o/ \u202e",
        f"DTSTART;VALUE=DATE:20261226\r\nSUMMARY:{'x' * 5000}",
    )
    assert [one.name for one in read_closed_days(body, FIRST, LAST)] == ["Navidad, y descanso \\o/", "x" * 120]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "feed_not_icalendar"),
        (b"<!doctype html><title>Sign in</title>", "feed_not_icalendar"),
        (b"\xff\xfe\0", "feed_not_icalendar"),
        (b"BEGIN:VCALENDAR\n" + b"x" * MOST_BYTES, "feed_too_large"),
        (
            ics(*(f"DTSTART;VALUE=DATE:{date(2026, 1, 1) + timedelta(days=n):%Y%m%d}" for n in range(MOST_DATES + 1))),
            "feed_has_too_many",
        ),
        (ics("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY"), "feed_has_too_many"),
        (ics(*["DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY"] * 101), "feed_has_too_many"),
    ],
)
def test_what_can_not_be_used_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_closed_days(body, FIRST, LAST)
    assert refused.value.code == code


HOSTILE_RULES = [
    "FREQ=SECONDLY",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;INTERVAL=-1",
    "FREQ=DAILY;BYHOUR=0,1,2,3;BYMINUTE=0,1,2",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=999999",
    "FREQ=YEARLY;BYDAY=" + ",".join(f"{n}MO" for n in range(1, 31)),
    "FREQ=MONTHLY;BYMONTHDAY=" + ",".join(str(n) for n in range(1, 31)) + ";BYSETPOS=-1",
    "FREQ=YEARLY;BYEASTER=1",
    "FREQ=WEEKLY;BYDAY=0MO",
    "FREQ=YEARLY;BYMONTH=13;BYMONTHDAY=99",
    "FREQ=YEARLY;BYSETPOS=0;BYMONTH=1",
    "FREQ=YEARLY;FREQ=DAILY",
    "COUNT=4",
    "=",
    "",
]


@pytest.mark.parametrize("rule", HOSTILE_RULES)
def test_no_rule_runs_for_long(rule: str) -> None:
    body = ics(*[f"DTSTART;VALUE=DATE:19700101\r\nRRULE:{rule}"] * 100)
    begun = time.process_time()
    try:
        read_closed_days(body, FIRST, LAST)
    except Invalid:
        pass
    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "body",
    [
        b"BEGIN:VCALENDAR\n" + b"\n " * 500_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"BEGIN:A\n" * 120_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"\\" * 1_000_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;" + b"X=Y;" * 250_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEXDATE:" + b"20260101," * 100_000,
    ],
)
def test_large_files_are_read_in_linear_time(body: bytes) -> None:
    begun = time.process_time()
    read_closed_days(body, FIRST, LAST)
    assert time.process_time() - begun < 2


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    for body in (noise, b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\nRRULE:" + noise + b"\nEND:VEVENT"):
        try:
            read_closed_days(body, FIRST, LAST)
        except Invalid:
            continue


PARTS = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])},
    optional={
        "INTERVAL": st.integers(1, 40).map(str),
        "COUNT": st.integers(1, 200).map(str),
        "BYMONTH": st.lists(st.integers(1, 12), min_size=1, max_size=4).map(lambda all_: ",".join(map(str, all_))),
        "BYMONTHDAY": st.sampled_from(["1", "31", "-1", "13,-3"]),
        "BYDAY": st.sampled_from(["MO", "FR,SA", "SU"]),
        "BYSETPOS": st.sampled_from(["1", "-1", "2,-2"]),
        "WKST": st.sampled_from(["MO", "SU"]),
    },
)


# dateutil walks a rule that never comes true to the year 9999.
UNTIL_2030 = SimpleNamespace(**{**vars(datetimes), "MAXYEAR": 2030})


@settings(max_examples=400, deadline=None)
@given(PARTS, st.dates(date(2019, 1, 1), date(2027, 1, 1)), st.sampled_from([None, "2MO", "-1FR", "1TU,3SU"]))
def test_rules_give_the_dates_that_dateutil_gives(parts: dict[str, str], start: date, places: str | None) -> None:
    if places and parts["FREQ"] in ("MONTHLY", "YEARLY") and "BYMONTHDAY" not in parts:
        parts["BYDAY"] = places
    if "BYSETPOS" in parts and not {"BYDAY", "BYMONTHDAY", "BYMONTH"} & set(parts):
        del parts["BYSETPOS"]
    rule = ";".join(f"{key}={value}" for key, value in parts.items())
    midnight = datetime(start.year, start.month, start.day)  # noqa: DTZ001  # a date
    until = "" if "COUNT" in parts else ";UNTIL=20281231"
    with patch.object(dateutil.rrule, "datetime", UNTIL_2030):
        theirs = [at.date() for at in dateutil.rrule.rrulestr(rule + until, dtstart=midnight)]
    assert list_dates(rule, start, FIRST, LAST) == [day for day in theirs if FIRST <= day <= LAST]


def test_nothing_outside_the_window_is_read() -> None:
    events = (
        "DTSTART;VALUE=DATE:20250601",
        "DTSTART;VALUE=DATE:20290601",
        "DTSTART;VALUE=DATE:99991231\r\nDURATION:P9D",
    )
    assert list(chain(dates(*events))) == []
