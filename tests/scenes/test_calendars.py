"""Deadlines across a change of the clocks and a holiday: a day is 24 hours, and an open hour is one on the wall."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from inbox.calendars.hours import CLOSED, Period
from inbox.calendars.models import Source
from inbox.calendars.plan import Day, Plan
from tests.scenes.story import Story

NINE_TO_SIX = (Period(540, 1080),)
MADRID, SANTIAGO = "Europe/Madrid", "America/Santiago"
# the evening before the clocks change, and what the wall shows 24 hours after 18:31
CHANGES = {
    "Madrid forward": ("2026-03-28", MADRID, "19:31"),
    "Madrid back": ("2026-10-24", MADRID, "17:31"),
    "Santiago forward": ("2026-09-05", SANTIAGO, "19:31"),
    "Santiago back": ("2026-04-04", SANTIAGO, "17:31"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_day_is_24_hours_though_the_clocks_are_changed(story: Story, change: str) -> None:
    around_the_clock(change)(story)


def around_the_clock(change: str) -> Callable[[Story], None]:
    """Return the scene of a promise around the clock over one change."""
    return partial(_over_a_change, *CHANGES[change])


def _over_a_change(day: str, zone: str, due: str, story: Story) -> None:
    hour = int(due[:2])
    s = story.begin(f"{day} 18:00", zone, warnings=[{"before_seconds": 7200}])
    s.at("18:31").comment()
    s.at(f"{hour - 2}:29")
    assert s.told() == []
    s.at(f"{hour}:30")
    assert s.told() == [f"{hour - 2}:31 sms Ana: 1 answer falls due soon on Acme Hogar"]
    assert s.row(view="overdue") == ""
    s.pass_time(minutes=12)
    assert s.told() == [
        f"{hour}:{m} sms {n}: 1 person waits too long on Acme Hogar" for m, n in ((31, "Ana"), (41, "Diego"))
    ]
    assert f"was due {due_words(s, due)}" in s.row(view="overdue")
    s.answer()
    assert s.alert_log()[-1] == "Over: nobody waits any more"
    assert "First reply: late by 11 min" in s.clock_card()


@pytest.mark.parametrize("change", ["Madrid forward", "Santiago back"])
def test_an_open_hour_is_one_on_the_wall_though_the_clocks_are_changed(story: Story, change: str) -> None:
    day, zone, _ = CHANGES[change]
    calendar = Plan(zone, (NINE_TO_SIX,) * 7)
    s = story.begin(f"{day} 16:00", zone, hours=8, calendar=calendar, warnings=[{"percent": 50}])
    s.at("17:00").comment()
    s.at("15:59")
    assert s.told() == ["12:00 sms Ana: 1 answer falls due soon on Acme Hogar"]
    s.pass_time(minutes=2)
    assert s.told() == ["16:00 sms Ana: 1 person waits too long on Acme Hogar"]


def test_a_holiday_does_not_count(story: Story) -> None:
    closed = Day(date(2026, 12, 8), "Inmaculada Concepción", Source.HOLIDAYS, CLOSED)
    calendar = Plan(MADRID, ((NINE_TO_SIX,) * 5 + (CLOSED,) * 2), days=(closed,))
    s = story.begin("2026-12-07 16:00", hours=8, calendar=calendar, warnings=[{"before_seconds": 3600}])
    s.at("17:00").comment()
    assert "due 12/9/26, 4:00 PM" in s.clock_card()
    s.at("2026-12-09 15:59")
    assert s.told() == ["15:00 sms Ana: 1 answer falls due soon on Acme Hogar"]
    s.answer()
    assert "First reply: 7 h 59 min, in time Rosa" in s.clock_card()
    s.pass_time(minutes=10)
    assert (s.told(), s.row(view="overdue")) == ([], "")


def due_words(s: Story, due: str) -> str:
    """Return a time of today as pages write it."""
    day = s.today()
    return f"{day.month}/{day.day}/{day:%y}, {int(due[:2]) - 12}{due[2:]} PM"
