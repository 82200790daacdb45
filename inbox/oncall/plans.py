"""Plans as they are kept, and what a plan must be before it is (pure)."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from inbox.errors import Invalid
from inbox.oncall.moments import DAY_MINUTES
from inbox.oncall.shifts import Desk, Turns, Weekly

Plan = Turns | Desk
MOST_MEMBERS = 100
MOST_SHIFTS = 1000


def to_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain JSON."""
    if isinstance(plan, Desk):
        rows = [[one.member_id, one.weekday, one.from_minute, one.until_minute] for one in plan.weekly]
        return {"weekly": rows, "zone": plan.zone}
    return {
        "member_ids": list(plan.member_ids),
        "is_daily": plan.is_daily,
        "weekday": plan.weekday,
        "minute": plan.minute,
        "zone": plan.zone,
        "first_at": plan.first_at.isoformat(),
        "first": plan.first,
    }


def from_json(kept: dict[str, Any]) -> Plan:
    """Return the plan that `to_json` kept."""
    if "weekly" in kept:
        return Desk(tuple(Weekly(*row) for row in kept["weekly"]), kept["zone"])
    return Turns(
        member_ids=tuple(kept["member_ids"]),
        is_daily=kept["is_daily"],
        weekday=kept["weekday"],
        minute=kept["minute"],
        zone=kept["zone"],
        first_at=datetime.fromisoformat(kept["first_at"]),
        first=kept["first"],
    )


def check_plan(plan: Plan) -> None:
    """Check what was wanted; raises Invalid naming what to mend."""
    check_zone(plan.zone)
    if isinstance(plan, Desk):
        _check_desk(plan)
        return
    if not plan.member_ids:
        raise Invalid("rotation_empty")
    if len(set(plan.member_ids)) < len(plan.member_ids):
        raise Invalid("rotation_member_twice")
    if len(plan.member_ids) > MOST_MEMBERS:
        raise Invalid("rotation_too_long", most=MOST_MEMBERS)
    if plan.weekday not in range(7) or plan.minute not in range(DAY_MINUTES):
        raise Invalid("handoff_malformed")
    if not 2000 <= plan.first_at.year <= 2100:
        raise Invalid("start_date_malformed")


def check_zone(name: str) -> None:
    """Check that there is a zone of that name; raises Invalid."""
    if name not in available_timezones():
        raise Invalid("time_zone_unknown", time_zone=name[:80])


def _check_desk(plan: Desk) -> None:
    if len(plan.member_ids) > MOST_MEMBERS or len(plan.weekly) > MOST_SHIFTS:
        raise Invalid("rotation_too_long", most=MOST_MEMBERS)
    for one in plan.weekly:
        is_whole = one.from_minute in range(DAY_MINUTES) and one.until_minute in range(DAY_MINUTES + 1)
        if one.weekday not in range(7) or not is_whole:
            raise Invalid("shift_malformed", given="")
