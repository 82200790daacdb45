"""When it is night where somebody lives, and for what they are woken; no database, no clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

BEGINS, ENDS = time(22), time(8)


def is_night(at: datetime, zone: str) -> bool:
    """Tell whether it is between 22:00 and 08:00 there."""
    local = at.astimezone(_zone(zone)).time()
    return local >= BEGINS or local < ENDS


def morning_after(at: datetime, zone: str) -> datetime:
    """Return the next 08:00 there, in UTC."""
    local = at.astimezone(_zone(zone))
    day = local.date() if local.time() < ENDS else local.date() + timedelta(days=1)
    return datetime.combine(day, ENDS, tzinfo=_zone(zone)).astimezone(UTC)


def may_wake(wakes: str, *, is_urgent: bool, is_on_call: bool) -> bool:
    """Tell whether somebody may be woken; who is on call has agreed to it by being on the rota."""
    return is_on_call or wakes == "everything" or (wakes == "urgent" and is_urgent)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
