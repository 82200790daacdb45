"""What a member may, by grant and role: one table, asked of `may` and of the SQL filters alike."""

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.members import access
from inbox.members.models import Membership
from tests.factories.basics import join_team, make_channel, make_grant, make_member, make_team

FULL = {"can_see": True, "can_see_private": True, "can_answer": True}
# role, grant, is_private -> see, triage, answer, lead
TABLE = [
    ("viewer", FULL, False, "see"),
    ("viewer", FULL, True, "see"),
    ("responder", FULL, False, "see triage answer"),
    ("responder", FULL, True, "see triage answer"),
    ("lead", FULL, True, "see triage answer lead"),
    ("responder", FULL | {"can_answer": False}, False, "see triage"),
    ("lead", FULL | {"can_answer": False}, False, "see triage lead"),
    ("responder", FULL | {"can_see_private": False}, False, "see triage answer"),
    ("responder", FULL | {"can_see_private": False}, True, ""),
    ("lead", FULL | {"can_see_private": False}, True, ""),
    ("lead", FULL | {"can_see": False}, False, ""),
    ("lead", FULL | {"can_see": False}, True, ""),
]


@pytest.mark.parametrize(("role", "grant", "is_private", "powers"), TABLE)
def test_powers(session: Session, role: str, grant: dict[str, bool], is_private: bool, powers: str) -> None:
    member, team, channel = make_member(session, is_admin=True), make_team(session), make_channel(session)
    join_team(session, member, team, role)
    make_grant(session, team, channel, **grant)
    held = {power for power in access.POWERS if access.may(session, member.id, power, channel.id, is_private)}
    expected = set(powers.split())
    assert held == expected
    filters = {
        "see": access.sees(member.id, Channel.id, is_private),
        "triage": access.triages(member.id, Channel.id, is_private),
        "answer": access.answers(member.id, Channel.id, is_private),
    }
    for power, condition in filters.items():
        assert (session.scalar(select(Channel.id).where(condition)) is not None) == (power in expected)
    for power in access.POWERS:
        colleagues = access.list_colleagues(session, channel.id, is_private, power)
        assert [one.id for one in colleagues] == ([member.id] if power in expected else [])


def test_is_private_may_be_a_column(session: Session) -> None:
    member, team = make_member(session), make_team(session)
    public, private = make_channel(session), make_channel(session)
    join_team(session, member, team)
    for channel in (public, private):
        make_grant(session, team, channel, can_see_private=False)
    seen = select(Channel.id).where(access.sees(member.id, Channel.id, Channel.is_sandbox)).order_by(Channel.id)
    session.execute(update(Channel).where(Channel.id == private.id).values(is_sandbox=True))
    assert list(session.scalars(seen)) == [public.id]


def test_the_best_grant_counts_but_only_with_the_role_of_its_own_team(session: Session) -> None:
    member, channel = make_member(session), make_channel(session)
    reading, answering = make_team(session), make_team(session)
    join_team(session, member, reading, "lead")
    join_team(session, member, answering, "viewer")
    make_grant(session, reading, channel, can_answer=False, can_see_private=False)
    make_grant(session, answering, channel)
    held = {power for power in access.POWERS if access.may(session, member.id, power, channel.id, False)}
    assert held == {"see", "triage", "lead"}  # a lead where nobody answers, a viewer where one does
    assert access.may(session, member.id, "see", channel.id, True)
    assert not access.may(session, member.id, "triage", channel.id, True)


def test_nothing_is_seen_without_seat_or_grant(session: Session) -> None:
    member, team, channel = make_member(session, is_admin=True), make_team(session), make_channel(session)
    assert not access.may(session, member.id, "see", channel.id, False)
    join_team(session, member, team, "lead")
    assert not access.may(session, member.id, "see", channel.id, False)
    make_grant(session, team, channel)
    assert access.may(session, member.id, "see", channel.id, False)
    session.execute(delete(Membership))
    assert not access.may(session, member.id, "see", channel.id, False)


def test_deactivated_members_are_no_colleagues(session: Session) -> None:
    member, team, channel = make_member(session), make_team(session), make_channel(session)
    join_team(session, member, team)
    make_grant(session, team, channel)
    member.deactivated_at = member.created_at
    session.flush()
    assert access.list_colleagues(session, channel.id, False) == []


def test_an_unknown_power_is_a_mistake(session: Session) -> None:
    with pytest.raises(ValueError, match="no such power"):
        access.may(session, 1, "rule", 1, False)
