"""Who may hear of a change: grants asked in the database for each batch, never remembered (RULES G)."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.members.models import Grant, Member, Membership


@dataclass(frozen=True)
class Audience:
    """For some channels: the members who see their public and their private side."""

    public: dict[int, frozenset[int]]
    private: dict[int, frozenset[int]]

    def hears(self, member_id: int, channel_id: int, is_private: bool) -> bool:
        """Tell whether the member may hear of something on this channel."""
        side = self.private if is_private else self.public
        return member_id in side.get(channel_id, frozenset())


def read_audience(session: Session, channel_ids: Iterable[int]) -> Audience:
    """Ask who sees these channels now."""
    query = (
        select(Grant.channel_id, Membership.member_id, Grant.can_see_private)
        .join(Membership, Membership.team_id == Grant.team_id)
        .join(Member, Member.id == Membership.member_id)
        .where(Grant.channel_id.in_(set(channel_ids)), Grant.can_see, Member.deactivated_at.is_(None))
    )
    public: dict[int, set[int]] = {}
    private: dict[int, set[int]] = {}
    for channel_id, member_id, has_private in session.execute(query):
        public.setdefault(channel_id, set()).add(member_id)
        if has_private:
            private.setdefault(channel_id, set()).add(member_id)
    return Audience(_frozen(public), _frozen(private))


def read_admins(session: Session) -> frozenset[int]:
    """Ask who the admins are now: they hear of every alert."""
    return frozenset(session.scalars(select(Member.id).where(Member.is_admin, Member.deactivated_at.is_(None))))


def _frozen(sides: dict[int, set[int]]) -> dict[int, frozenset[int]]:
    return {channel_id: frozenset(members) for channel_id, members in sides.items()}


def access_digest(session: Session, member_id: int) -> str:
    """Return a digest of what the member may: a stream ends when it changes."""
    query = (
        select(
            Grant.channel_id,
            Grant.can_see,
            Grant.can_see_private,
            Grant.can_answer,
            Membership.team_id,
            Membership.role,
        )
        .join(Membership, Membership.team_id == Grant.team_id)
        .where(Membership.member_id == member_id)
        .order_by(Grant.channel_id, Membership.team_id)
    )
    text = repr([tuple(row) for row in session.execute(query)])
    return hashlib.sha256(text.encode()).hexdigest()
