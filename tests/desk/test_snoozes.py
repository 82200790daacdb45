"""How long a conversation may sleep, in the viewer's zone, also across a change of the clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from inbox.desk.snoozes import list_presets, read_until
from inbox.errors import Invalid
from tests.fixtures.app import MovingClock

MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def friday(app: Flask, moving_clock: MovingClock) -> MovingClock:
    """Stand on Friday, 20 November 2026, 13:00 in Madrid."""
    return moving_clock


def test_presets_lie_ahead_in_the_viewers_zone(app: Flask, friday: MovingClock) -> None:
    with app.test_request_context("/"):
        found = {preset.name: preset.until_at.astimezone(MADRID) for preset in list_presets(MADRID)}
    assert [at.strftime("%a %H:%M") for at in found.values()] == [
        "Fri 14:00",
        "Fri 16:00",
        "Fri 18:00",
        "Sat 09:00",
        "Mon 09:00",
    ]


def test_an_evening_that_has_begun_is_not_offered(app: Flask, friday: MovingClock) -> None:
    friday.move(hours=5)
    with app.test_request_context("/"):
        names = [preset.name for preset in list_presets(MADRID)]
    assert "evening" not in names


def test_on_monday_the_next_monday_is_meant(app: Flask, friday: MovingClock) -> None:
    friday.move(days=3)
    with app.test_request_context("/"):
        found = {preset.name: preset.until_at for preset in list_presets(MADRID)}
    assert found["monday"] == datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def test_nine_in_the_morning_stays_nine_when_the_clocks_change(app: Flask, friday: MovingClock) -> None:
    friday.at = datetime(2027, 3, 27, 12, 0, tzinfo=UTC)  # the night before summer time
    with app.test_request_context("/"):
        found = {preset.name: preset.until_at for preset in list_presets(MADRID)}
    assert found["tomorrow"] == datetime(2027, 3, 28, 7, 0, tzinfo=UTC)


def test_a_chosen_time_is_the_viewers(app: Flask, friday: MovingClock) -> None:
    with app.test_request_context("/"):
        assert read_until({"until": "2026-12-24T18:30"}, MADRID) == datetime(2026, 12, 24, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "snooze_time_missing"),
        ({"until": ""}, "snooze_time_missing"),
        ({"until": "tomorrow"}, "snooze_time_malformed"),
        ({"until": "0001-01-01T00:00"}, "snooze_time_malformed"),
        ({"preset": "someday"}, "snooze_past"),
    ],
)
def test_what_is_no_time(app: Flask, friday: MovingClock, form: dict[str, str], code: str) -> None:
    with app.test_request_context("/"), pytest.raises(Invalid) as caught:
        read_until(form, ZoneInfo("Asia/Tokyo"))
    assert caught.value.code == code
