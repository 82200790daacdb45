"""What a member sees, as the list of channels' sides that a query can walk one by one.

The grants themselves stay inside every query (members.access.sees). This list only lets the database
begin at the right ends: who sees a few of many channels would otherwise read everybody's queue.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.members.models import Grant, Membership

# Up to so many sides a list is merged from one index range a side; above, the whole queue is walked.
MOST_SIDES = 40

Side = tuple[int, bool]  # channel id, whether its private side


@dataclass(frozen=True)
class Sight:
    """A member and the sides of channels that they see, by channel."""

    member_id: int
    sides: tuple[Side, ...]

    @property
    def is_narrow(self) -> bool:
        """Tell whether the sides are few enough to be walked one by one."""
        return len(self.sides) <= MOST_SIDES

    def on(self, channel_id: int) -> "Sight":
        """Return the part of the sight that is on one channel."""
        return Sight(self.member_id, tuple(side for side in self.sides if side[0] == channel_id))


def find_sight(session: Session, member_id: int) -> Sight:
    """Return what a member sees now."""
    granted = (
        select(Grant.channel_id, Grant.can_see_private)
        .join(Membership, Membership.team_id == Grant.team_id)
        .where(Membership.member_id == member_id, Grant.can_see)
    )
    sides = set()
    for channel_id, can_see_private in session.execute(granted):
        sides.add((channel_id, False))
        if can_see_private:
            sides.add((channel_id, True))
    return Sight(member_id, tuple(sorted(sides)))
