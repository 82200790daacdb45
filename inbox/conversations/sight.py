"""What a member sees, as the list of channels' sides that a query can walk one by one.

The grants themselves stay inside every query (members.access.sees). This list only lets the database
begin at the right ends: who sees a few of many channels would otherwise read everybody's queue.
"""

from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, cast, func, literal_column, select
from sqlalchemy.orm import Session

from inbox.bulk import table_of
from inbox.channels.models import Channel
from inbox.members.models import Grant, Member, Membership

# So few sides are always walked one by one; up to so many, if they are a small part of the whole. Else the
# whole queue is walked, and what is not theirs passed over. Each side costs about a millisecond of planning.
FEW_SIDES = 8
MOST_SIDES = 40
_SMALL_PART = 3

Side = tuple[int, bool]  # channel id, whether its private side

_GRANT, _MEMBERSHIP, _MEMBER = table_of(Grant), table_of(Membership), table_of(Member)
_MEMBER_ID: ColumnElement[int] = bindparam("member_id", type_=BigInteger)
_CHANNEL_COUNT = select(func.count()).select_from(table_of(Channel)).scalar_subquery()
_GRANTED = (
    select(
        _GRANT.c.channel_id,
        func.max(cast(_GRANT.c.can_see_private, Integer)).label("may_private"),
        _CHANNEL_COUNT.label("total"),
        select(_MEMBER.c.time_zone).where(_MEMBER.c.id == _MEMBER_ID).scalar_subquery().label("time_zone"),
    )
    .join(_MEMBERSHIP, _MEMBERSHIP.c.team_id == _GRANT.c.team_id)
    .where(_MEMBERSHIP.c.member_id == _MEMBER_ID, _GRANT.c.can_see)
    .group_by(_GRANT.c.channel_id)
    .limit(literal_column(str(MOST_SIDES + 1)))
)


@dataclass(frozen=True)
class Sight:
    """A member and the sides of channels that they see, by channel; of more than `MOST_SIDES` channels, only some.

    `time_zone`: where the member is, so what is due today.
    """

    member_id: int
    sides: tuple[Side, ...]
    channel_count: int  # of all channels, seen or not
    is_cut: bool = False
    time_zone: str = "UTC"

    @property
    def is_narrow(self) -> bool:
        """Tell whether the sides are few enough to be walked one by one."""
        if len(self.sides) <= FEW_SIDES:
            return True
        seen_count = len({channel_id for channel_id, _is_private in self.sides})
        return len(self.sides) <= MOST_SIDES and seen_count * _SMALL_PART <= self.channel_count

    def on(self, channel_id: int) -> "Sight":
        """Return the part of the sight that is on one channel; what is not seen of it, the query leaves out."""
        if self.is_cut:
            return replace(self, sides=((channel_id, False), (channel_id, True)))
        return replace(self, sides=tuple(side for side in self.sides if side[0] == channel_id))


def find_sight(session: Session, member_id: int) -> Sight:
    """Return what a member sees now."""
    rows = session.execute(_GRANTED, {"member_id": member_id}).all()
    if not rows:
        return Sight(member_id, (), 0)
    public = [(row.channel_id, False) for row in rows]
    private = [(row.channel_id, True) for row in rows if row.may_private]
    sides, is_cut = tuple(sorted(public + private)), len(rows) > MOST_SIDES
    return Sight(member_id, sides, rows[0].total, is_cut, rows[0].time_zone)
