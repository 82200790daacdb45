"""Who loses sight of a channel loses its conversations, in the same transaction."""

from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import Channel
from inbox.conversations.models import Conversation
from inbox.members.grants import EVERYTHING, Powers
from inbox.members.models import Member, Team
from inbox.offboarding import revoke
from tests.factories.basics import join_team, make_channel, make_contact, make_grant, make_member, make_team
from tests.factories.conversations import make_thread, write
from tests.factories.members import post, sign_in_as


@dataclass
class Shift:
    """A member of a team, with a public and a private conversation in hand."""

    admin: Member
    member: Member
    team: Team
    channel: Channel
    public: Conversation
    private: Conversation

    def held(self) -> list[int]:
        """The ids of the conversations that are still the member's."""
        return [one.id for one in (self.public, self.private) if one.assignee_id == self.member.id]


@pytest.fixture
def shift(session: Session) -> Shift:
    admin, member = make_member(session, is_admin=True), make_member(session)
    team, channel = make_team(session), make_channel(session)
    join_team(session, member, team)
    make_grant(session, team, channel)
    found = []
    for is_private in (False, True):
        thread = make_thread(session, channel, is_private=is_private, kind="direct" if is_private else "comment")
        message = write(session, thread, make_contact(session))
        conversation = session.get_one(Conversation, message.conversation_id)
        conversation.assignee_id = member.id
        found.append(conversation)
    session.commit()
    return Shift(admin, member, team, channel, *found)


def test_without_the_private_grant_only_private_conversations_go(session: Session, shift: Shift) -> None:
    wanted = Powers(can_see=True, can_answer=True)
    revoke.set_grant(session, shift.team.id, shift.channel.id, wanted, by_member_id=shift.admin.id)
    assert shift.held() == [shift.public.id]
    handed = session.scalars(select(Activity).where(Activity.kind == kinds.ASSIGNED)).one()
    assert (handed.conversation_id, handed.member_id) == (shift.private.id, shift.admin.id)
    assert shift.private.last_assignee_id == shift.member.id


def test_without_the_grant_all_go(session: Session, shift: Shift) -> None:
    revoke.set_grant(session, shift.team.id, shift.channel.id, Powers(), by_member_id=shift.admin.id)
    assert shift.held() == []


def test_without_the_seat_all_go_but_not_while_another_team_sees(session: Session, shift: Shift) -> None:
    other = make_team(session)
    join_team(session, shift.member, other, "viewer")
    make_grant(session, other, shift.channel)
    revoke.set_role(session, shift.team.id, shift.member.id, None, by_member_id=shift.admin.id)
    assert shift.held() == [shift.public.id, shift.private.id]
    revoke.set_role(session, other.id, shift.member.id, None, by_member_id=shift.admin.id)
    assert shift.held() == []


def test_more_access_takes_nothing(session: Session, shift: Shift) -> None:
    revoke.set_role(session, shift.team.id, shift.member.id, "lead", by_member_id=shift.admin.id)
    revoke.set_grant(session, shift.team.id, shift.channel.id, EVERYTHING, by_member_id=shift.admin.id)
    assert shift.held() == [shift.public.id, shift.private.id]


def test_an_admin_lets_somebody_go_in_the_browser(app: Flask, session: Session, shift: Shift) -> None:
    office = sign_in_as(app, session, shift.admin)
    assert post(office, f"/people/{shift.member.id}/deactivate").status_code == 303
    session.expire_all()
    assert shift.held() == []
