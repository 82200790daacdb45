"""The smallest rows that most tests begin with."""

import itertools
from typing import Any

from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels.models import Channel
from inbox.contacts.models import Contact
from inbox.members.models import Grant, Member, Membership, Team

_numbers = itertools.count(1)


def make_member(session: Session, name: str = "", **given: Any) -> Member:
    """Add a member with an invented name and address."""
    number = next(_numbers)
    name = name or f"Member {number}"
    values: dict[str, Any] = {"email": f"member{number}@acme.example", "name": name, "created_at": clock.now()}
    member = Member(**values | given)
    session.add(member)
    session.flush()
    return member


def make_channel(session: Session, platform: str = "sandbox_feed", **given: Any) -> Channel:
    """Add an active channel of an invented brand."""
    number = next(_numbers)
    now = clock.now()
    values: dict[str, Any] = {
        "platform": platform,
        "external_id": f"brand-{number}",
        "handle": f"acme{number}.example",
        "display_name": f"Acme {number}",
        "service_url": "https://social.example",
        "host": "social.example",
        "state_since_at": now,
        "created_at": now,
        "connected_at": now,
    }
    channel = Channel(**values | given)
    session.add(channel)
    session.flush()
    return channel


def make_team(session: Session, name: str = "", **given: Any) -> Team:
    """Add a team."""
    team = Team(name=name or f"Team {next(_numbers)}", created_at=clock.now(), **given)
    session.add(team)
    session.flush()
    return team


def join_team(session: Session, member: Member, team: Team, role: str = "responder") -> Membership:
    """Put a member into a team."""
    membership = Membership(member_id=member.id, team_id=team.id, role=role)
    session.add(membership)
    session.flush()
    return membership


def make_grant(session: Session, team: Team, channel: Channel, **given: Any) -> Grant:
    """Let a team see and answer a channel, private messages included unless told otherwise."""
    values = {"can_see": True, "can_see_private": True, "can_answer": True} | given
    grant = Grant(team_id=team.id, channel_id=channel.id, **values)
    session.add(grant)
    session.flush()
    return grant


def make_responder(session: Session, channel: Channel, role: str = "responder", **given: Any) -> Member:
    """Add a member of a fresh team that may see and answer the channel."""
    member = make_member(session)
    team = make_team(session)
    join_team(session, member, team, role)
    make_grant(session, team, channel, **given)
    return member


def make_contact(session: Session, platform: str = "sandbox_feed", **given: Any) -> Contact:
    """Add a person on a platform."""
    number = next(_numbers)
    now = clock.now()
    values: dict[str, Any] = {
        "platform": platform,
        "external_id": f"fan-{number}",
        "handle": f"fan{number}.test",
        "display_name": f"Fan {number}",
        "first_seen_at": now,
        "updated_at": now,
    }
    contact = Contact(**values | given)
    session.add(contact)
    session.flush()
    return contact
