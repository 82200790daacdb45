"""A channel with one promise, and somebody who answers there."""

import pytest
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.members.models import Member
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team
from tests.factories.sla import make_policy
from tests.fixtures.app import MovingClock


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    make_policy(session, warnings=[{"before_seconds": 7200}])
    return make_channel(session)


@pytest.fixture
def eva(session: Session, channel: Channel) -> Member:
    team, member = make_team(session), make_member(session)
    join_team(session, member, team)
    make_grant(session, team, channel)
    return member
