"""When a method may speak, and when quiet hours end: tables for the arithmetic."""

from datetime import UTC, datetime, timedelta

import pytest

from inbox.notifications.limits import Spoken, earliest
from inbox.notifications.quiet import quiet_until

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def ago(*seconds: float, is_alert: bool = False) -> list[Spoken]:
    return [Spoken(NOW - timedelta(seconds=one), is_alert) for one in seconds]


@pytest.mark.parametrize(
    ("spoken", "is_alert", "waits"),
    [
        ([], False, 0),
        (ago(60), False, 0),
        (ago(20), False, 40),
        (ago(20), True, 0),
        (ago(20, is_alert=True), True, 40),
        (ago(20) + ago(3599, is_alert=True), True, 40),
        (ago(20) + ago(3600, is_alert=True), True, 0),
        (ago(*range(100, 1101, 100)), False, 2500),
        (ago(*range(100, 1001, 100)), False, 0),
        (ago(*range(100, 1201, 100)), False, 2500),
        (ago(*range(100, 1101, 100)), True, 0),
        (ago(*range(100, 1101, 100), is_alert=True), True, 2500),
    ],
)
def test_the_next_message(spoken: list[Spoken], is_alert: bool, waits: float) -> None:
    found = earliest(NOW, spoken, is_alert=is_alert, minute_seconds=60, hour_seconds=3600)
    assert (found - NOW).total_seconds() == waits


@pytest.mark.parametrize(
    ("at", "zone", "hours", "ends"),
    [
        ("2026-11-20T20:59", "Europe/Madrid", (22, 7), None),
        ("2026-11-20T21:00", "Europe/Madrid", (22, 7), "2026-11-21T06:00"),
        ("2026-11-21T05:59", "Europe/Madrid", (22, 7), "2026-11-21T06:00"),
        ("2026-11-21T06:00", "Europe/Madrid", (22, 7), None),
        ("2026-11-20T13:00", "UTC", (12, 14), "2026-11-20T14:00"),
        # the night in which clocks go back is an hour longer, and that in which they go forward an hour shorter
        ("2026-10-24T20:00", "Europe/Madrid", (22, 7), "2026-10-25T06:00"),
        ("2026-03-28T21:00", "Europe/Madrid", (22, 7), "2026-03-29T05:00"),
        # an end that the wall never shows: the clock goes from 2 to 3
        ("2026-03-29T00:30", "Europe/Madrid", (1, 2), "2026-03-29T01:00"),
        ("2026-11-20T09:00", "Pacific/Apia", (22, 7), "2026-11-20T18:00"),
        ("2026-09-05T23:00", "America/Santiago", (18, 6), "2026-09-06T09:00"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(at: str, zone: str, hours: tuple[int, int], ends: str | None) -> None:
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = quiet_until(now, zone, hours[0] * 60, hours[1] * 60)
    assert found == (datetime.fromisoformat(ends).replace(tzinfo=UTC) if ends else None)
