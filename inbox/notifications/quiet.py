"""When a member's quiet hours end, by the clock on their wall; arithmetic alone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def quiet_until(now: datetime, zone: str, from_minute: int, until_minute: int) -> datetime | None:
    """Return when the quiet hours that hold now end, None when it isn't quiet.

    Minutes count from midnight on the wall; an end before the beginning is on the next day. Where the wall's clock is
    changed they last as long as it shows.
    """
    today = now.astimezone(ZoneInfo(zone)).date()
    for day in (today - timedelta(days=1), today):
        begins = _on_the_wall(day.isoformat(), from_minute, zone)
        end_day = day + timedelta(days=1) if until_minute <= from_minute else day
        ends = _on_the_wall(end_day.isoformat(), until_minute, zone)
        if begins <= now < ends:
            return ends
    return None


def _on_the_wall(day: str, minute: int, zone: str) -> datetime:
    """Return the moment at which the wall's clock in `zone` shows a minute of a day; the first of two."""
    wall = datetime.fromisoformat(f"{day}T{minute // 60:02}:{minute % 60:02}").replace(tzinfo=ZoneInfo(zone))
    return wall.astimezone(UTC)
