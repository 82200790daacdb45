"""A team with two members, and rotations of theirs."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from inbox.members.models import Member
from inbox.oncall import rotations
from inbox.oncall.models import Rotation
from inbox.oncall.rotations import Wanted
from inbox.oncall.shifts import Desk, Turns, Weekly
from tests.factories.basics import join_team, make_member, make_team
from tests.fixtures.app import START, MovingClock


@dataclass
class Crew:
    """Who is there; the clock stands at Friday noon UTC."""

    session: Session
    lead: Member
    ana: Member
    diego: Member
    viewer: Member

    def turns(self, *member_ids: int, **given: Any) -> Turns:
        """Turns of these members, Ana and Diego if none is named, handed over on Mondays at nine in Madrid."""
        values: dict[str, Any] = {
            "member_ids": member_ids or (self.ana.id, self.diego.id),
            "is_daily": False,
            "weekday": 0,
            "minute": 540,
            "zone": "Europe/Madrid",
            "first_at": START.replace(hour=8),
        }
        return Turns(**values | given)

    def desk(self, *weekly: tuple[int, int, int, int]) -> Desk:
        """A week at the desk in Madrid."""
        return Desk(tuple(Weekly(*one) for one in weekly), "Europe/Madrid")

    def make(self, plan: Turns | Desk, name: str = "Night") -> Rotation:
        """Make a rotation as the lead."""
        return rotations.make_rotation(self.session, Wanted(name, plan), self.lead)

    def change(self, rotation: Rotation, plan: Turns | Desk) -> None:
        """Change its plan as the lead."""
        wanted = Wanted(rotation.name, plan)
        rotations.change_rotation(self.session, rotation.id, wanted, self.lead, version=rotation.version)


@pytest.fixture
def crew(session: Session, moving_clock: MovingClock) -> Crew:
    team = make_team(session, "Atención")
    people = [make_member(session, name) for name in ("Lucía", "Ana", "Diego", "Vera")]
    for member, role in zip(people, ("lead", "responder", "responder", "viewer"), strict=True):
        join_team(session, member, team, role)
    return Crew(session, *people)
