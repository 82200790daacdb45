"""How long a conversation may sleep: presets and a chosen time, in the viewer's zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import request
from flask_babel import gettext as _

from inbox import clock
from inbox.errors import Invalid
from inbox.members import doors

MORNING = time(9, 0)
EVENING = time(18, 0)


@dataclass(frozen=True)
class Preset:
    """A time to sleep until, with its name and its key."""

    name: str
    word: str
    until_at: datetime
    key: str


def viewer_zone() -> ZoneInfo:
    """Return the zone that the browser says it is in, else the member's own."""
    for name in (request.form.get("zone"), request.headers.get("X-Time-Zone"), doors.current_member().time_zone):
        try:
            if name:
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def list_presets(zone: ZoneInfo) -> list[Preset]:
    """List the presets that lie ahead now."""
    now = clock.now().astimezone(zone)
    tomorrow = now.date() + timedelta(days=1)
    monday = now.date() + timedelta(days=(7 - now.weekday()) or 7)
    found = [
        ("hour", _("In an hour"), now + timedelta(hours=1)),
        ("three_hours", _("In three hours"), now + timedelta(hours=3)),
        ("evening", _("This evening"), datetime.combine(now.date(), EVENING, zone)),
        ("tomorrow", _("Tomorrow morning"), datetime.combine(tomorrow, MORNING, zone)),
        ("monday", _("Monday morning"), datetime.combine(monday, MORNING, zone)),
    ]
    ahead = sorted((one for one in found if one[2] > now + timedelta(minutes=30)), key=lambda one: one[2])
    return [Preset(name, str(word), at.astimezone(UTC), str(key)) for key, (name, word, at) in enumerate(ahead, 1)]


def read_until(form: Mapping[str, str], zone: ZoneInfo) -> datetime:
    """Return the chosen time (aware UTC); raises Invalid('snooze_time_missing') or Invalid('snooze_time_malformed')."""
    preset = form.get("preset")
    if preset:
        found = next((one for one in list_presets(zone) if one.name == preset), None)
        if found is None:
            raise Invalid("snooze_past")
        return found.until_at
    text = form.get("until", "")
    if not text:
        raise Invalid("snooze_time_missing")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("snooze_time_malformed") from None
