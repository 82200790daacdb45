"""Who is at the desk in the hours to come, of all desk rotations together."""

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from inbox.oncall.models import RotationKind
from inbox.oncall.queries import list_rotations, shifts_between
from inbox.oncall.shifts import Shift, stretches
from inbox.reports.page import HOURS_AHEAD, Staffed


def read_plan(session: Session, now: datetime) -> list[Staffed] | None:
    """Return when somebody is at the desk, each person once; None: there is no desk rotation."""
    desks = [one for one in list_rotations(session) if one.kind == RotationKind.DESK]
    if not desks:
        return None
    of_member: defaultdict[int, list[Shift]] = defaultdict(list)
    for desk in desks:
        for shift in shifts_between(session, desk.id, now, now + timedelta(hours=HOURS_AHEAD)):
            of_member[shift.member_id].append(shift)
    return [Staffed(*stretch, 1) for shifts in of_member.values() for stretch in stretches(shifts)]
