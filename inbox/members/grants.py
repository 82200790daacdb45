"""Grants: what a team may do with a channel."""

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.record import record
from inbox.members.models import Grant, Membership, Role, Team
from inbox.members.teams import get_team


@dataclass(frozen=True)
class Powers:
    """What one grant allows; without `can_see` nothing else counts."""

    can_see: bool = False
    can_see_private: bool = False
    can_answer: bool = False
    needs_approval: bool = False


EVERYTHING = Powers(can_see=True, can_see_private=True, can_answer=True)


def list_grants(session: Session, team_id: int) -> dict[int, Powers]:
    """Return what the team may do, by channel id."""
    rows = session.scalars(select(Grant).where(Grant.team_id == team_id))
    return {row.channel_id: _powers(row) for row in rows}


def set_grant(session: Session, team_id: int, channel_id: int, wanted: Powers, *, by_member_id: int | None) -> None:
    """Let a team do with a channel what `wanted` says; nothing at all removes the grant.

    Whoever calls this sees to the conversations that members can no longer see (offboarding).
    """
    get_team(session, team_id)
    query = select(Grant).where(Grant.team_id == team_id, Grant.channel_id == channel_id)
    row = session.scalar(query)
    before = _powers(row) if row else Powers()
    wanted = wanted if wanted.can_see else Powers()
    if before == wanted:
        return
    _store(session, row, team_id, channel_id, wanted)
    record(
        session,
        kinds.ACCESS_CHANGED,
        member_id=by_member_id,
        channel_id=channel_id,
        before={"team_id": team_id, **asdict(before)},
        after={"team_id": team_id, **asdict(wanted)},
    )


def open_channel(session: Session, channel_id: int, member_id: int | None) -> None:
    """Let a newly connected channel be worked on by the teams that its connector leads, else by the first team.

    Admins read content only through grants; without this nobody would see a fresh channel.
    """
    led = select(Membership.team_id).where(Membership.member_id == member_id, Membership.role == Role.LEAD)
    team_ids = list(session.scalars(led.order_by(Membership.team_id)))
    if not team_ids:
        team_ids = list(session.scalars(select(Team.id).order_by(Team.id).limit(1)))
    for team_id in team_ids:
        set_grant(session, team_id, channel_id, EVERYTHING, by_member_id=member_id)


def _store(session: Session, row: Grant | None, team_id: int, channel_id: int, wanted: Powers) -> None:
    if not wanted.can_see:
        session.delete(row)
    elif row is None:
        session.add(Grant(team_id=team_id, channel_id=channel_id, **asdict(wanted)))
    else:
        for name, value in asdict(wanted).items():
            setattr(row, name, value)
    session.flush()


def _powers(row: Grant) -> Powers:
    return Powers(row.can_see, row.can_see_private, row.can_answer, row.needs_approval)
