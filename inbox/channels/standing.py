"""Whose sign-in a channel stands on, who else could renew it, and how its present silence compares: for its page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.budgets import read_budget
from inbox.channels.habits import Silence
from inbox.channels.hours import read_silence
from inbox.channels.models import Channel
from inbox.members.models import Member
from inbox.settings import Pace

# What a stream's being off says about permissions.
OF_PERMISSIONS = frozenset({"permission_missing_direct", "permission_missing"})


@dataclass(frozen=True)
class Standing:
    """What a channel stands on. `menders`: the names of active admins, who may connect it anew.

    `signed_in_by` None: nobody's, such as the command line's; `is_owner_away`: who signed in can't do so any more.
    """

    signed_in_by: str | None
    is_owner_away: bool
    menders: tuple[str, ...]
    sunset_at: datetime | None
    silence: Silence


def read_standing(session: Session, channel: Channel, pace: Pace) -> Standing:
    """Gather what a channel stands on."""
    owner = session.get(Member, channel.connected_by_id) if channel.connected_by_id is not None else None
    admins = select(Member.name).where(Member.is_admin, Member.deactivated_at.is_(None)).order_by(Member.name)
    budget = read_budget(session, channel.id)
    return Standing(
        signed_in_by=owner.name if owner else None,
        is_owner_away=owner is not None and (owner.deactivated_at is not None or not owner.is_admin),
        menders=tuple(session.scalars(admins)),
        sunset_at=budget.sunset_at if budget else None,
        silence=read_silence(session, channel, clock.now(), pace),
    )
