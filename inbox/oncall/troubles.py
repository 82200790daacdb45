"""What will hurt: times in the next weeks at which nobody is on, and members who can't be reached or have left."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.members.models import Member
from inbox.oncall.models import Rotation
from inbox.oncall.queries import get_plan, list_overrides, list_rotations, load_roster
from inbox.oncall.shifts import Gap

AHEAD = timedelta(weeks=8)
# Which of some members have a way to be notified that works; notifications know, and stand beside this subject.
FindReachable = Callable[[Session, Collection[int]], Collection[int]]


@dataclass(frozen=True)
class Troubles:
    """What is wrong with a rotation in the next eight weeks; members by name."""

    gaps: tuple[Gap, ...]
    left: tuple[Member, ...]
    unreachable: tuple[Member, ...]
    is_empty: bool

    def __bool__(self) -> bool:
        return bool(self.gaps or self.left or self.unreachable or self.is_empty)


def find_troubles(
    session: Session, rotation: Rotation, now: datetime, find_reachable: FindReachable | None = None
) -> Troubles:
    """Find what is wrong with a rotation; without `find_reachable` that is not looked at."""
    planned = get_plan(session, rotation).member_ids
    added = [one.member_id for one in list_overrides(session, rotation.id, now) if not one.is_off]
    query = select(Member).where(Member.id.in_({*planned, *added})).order_by(Member.name, Member.id)
    members = session.scalars(query).all()
    active = [one for one in members if one.deactivated_at is None]
    reachable = {one.id for one in active}
    if find_reachable is not None:
        reachable = set(find_reachable(session, reachable))
    return Troubles(
        gaps=tuple(load_roster(session, rotation, now, now + AHEAD).gaps(now, now + AHEAD)),
        left=tuple(one for one in members if one.deactivated_at is not None and one.id in planned),
        unreachable=tuple(one for one in active if one.id not in reachable),
        is_empty=not planned,
    )


def describe_all(session: Session, now: datetime, find_reachable: FindReachable | None = None) -> list[str]:
    """Return one plain English line for each thing that is wrong with a rotation, for the command line."""
    return [line for rotation in list_rotations(session) for line in _lines(session, rotation, now, find_reachable)]


def _lines(session: Session, rotation: Rotation, now: datetime, find_reachable: FindReachable | None) -> list[str]:
    found = find_troubles(session, rotation, now, find_reachable)
    lines = [f"rotation {rotation.name} has no shifts; put somebody into it"] if found.is_empty else []
    if found.gaps and not found.is_empty:
        first, more = found.gaps[0], len(found.gaps) - 1
        times = f"from {first.start_at:%Y-%m-%d %H:%M} to {first.end_at:%Y-%m-%d %H:%M} UTC"
        rest = f", and at {more} more time(s) in the next 8 weeks" if more else ""
        lines.append(f"nobody is on in rotation {rotation.name} {times}{rest}; put somebody on")
    lines += [f"{one.name} has left but is still in rotation {rotation.name}" for one in found.left]
    unreachable = "has no notification method that works and is in rotation"
    return lines + [f"{one.name} {unreachable} {rotation.name}" for one in found.unreachable]
