"""The same post to two of our channels (RULES A8)."""

import pytest
from sqlalchemy.orm import Session

from inbox.conversations.finish import excuse
from inbox.conversations.siblings import link_sibling, list_sibling_conversations
from tests.factories.basics import make_channel, make_contact, make_grant, make_responder
from tests.factories.conversations import conversation_of, make_thread, say
from tests.fixtures.app import MovingClock

pytestmark = pytest.mark.usefixtures("moving_clock")


def test_a8_both_show_it_and_one_offers_to_excuse_the_other(session: Session) -> None:
    channels = [make_channel(session) for _ in range(2)]
    member = make_responder(session, channels[0])
    ana = make_contact(session)
    first, second = (say(session, make_thread(session, one), ana, external_id="at://post/1") for one in channels)
    assert link_sibling(session, first) is None
    linked = link_sibling(session, second)
    assert linked is not None
    assert (linked.id, second.sibling_of_id) == (first.id, first.id)
    assert first.awaits
    assert second.awaits
    here, there = conversation_of(session, first), conversation_of(session, second)
    assert list_sibling_conversations(session, member.id, here) == [], "the other channel is not theirs"
    make_grant(session, member.memberships[0].team, channels[1])
    assert [one.id for one in list_sibling_conversations(session, member.id, here)] == [there.id]
    assert [one.id for one in list_sibling_conversations(session, member.id, there)] == [here.id]
    excuse(session, there, member.id, seen_seq=second.seq or 0, why="sibling")
    assert (second.excused_why, first.awaits) == ("sibling", True)
    assert list_sibling_conversations(session, member.id, here) == []


def test_a8_other_platforms_and_other_people_are_no_siblings(session: Session) -> None:
    ana, luis = make_contact(session), make_contact(session)
    say(session, make_thread(session, make_channel(session)), ana, external_id="1")
    other_person = say(session, make_thread(session, make_channel(session)), luis, external_id="1")
    other_platform = say(session, make_thread(session, make_channel(session, "sandbox_pages")), ana, external_id="1")
    other_id = say(session, make_thread(session, make_channel(session)), ana, external_id="2")
    for message in (other_person, other_platform, other_id):
        assert link_sibling(session, message) is None


def test_a8_three_channels_know_of_each_other(session: Session, moving_clock: MovingClock) -> None:
    channels = [make_channel(session) for _ in range(3)]
    member = make_responder(session, channels[0])
    for channel in channels[1:]:
        make_grant(session, member.memberships[0].team, channel)
    ana = make_contact(session)
    messages = [say(session, make_thread(session, one), ana, external_id="at://post/1") for one in channels]
    for message in messages:
        link_sibling(session, message)
    for message in messages:
        others = list_sibling_conversations(session, member.id, conversation_of(session, message))
        assert {one.id for one in others} == {other.conversation_id for other in messages if other is not message}
