"""Who hears of what is asked of the grants at each batch (RULES G)."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from inbox.live.audience import access_digest, read_audience
from inbox.members.models import Grant
from tests.factories.basics import make_channel, make_responder


def test_only_members_with_a_grant_hear_and_of_private_ones_only_if_it_says_so(session: Session) -> None:
    ours, theirs = make_channel(session), make_channel(session)
    all_of_it, public_only = make_responder(session, ours), make_responder(session, ours, can_see_private=False)
    other = make_responder(session, theirs)
    audience = read_audience(session, [ours.id])
    heard = {
        (member.id, is_private): audience.hears(member.id, ours.id, is_private)
        for member in (all_of_it, public_only, other)
        for is_private in (False, True)
    }
    assert heard == {
        (all_of_it.id, False): True,
        (all_of_it.id, True): True,
        (public_only.id, False): True,
        (public_only.id, True): False,
        (other.id, False): False,
        (other.id, True): False,
    }


def test_a_deactivated_member_hears_nothing(session: Session) -> None:
    from inbox import clock

    channel = make_channel(session)
    member = make_responder(session, channel)
    member.deactivated_at = clock.now()
    session.flush()
    assert not read_audience(session, [channel.id]).hears(member.id, channel.id, False)


def test_the_digest_changes_with_what_a_member_may(session: Session) -> None:
    channel = make_channel(session)
    member = make_responder(session, channel)
    before = access_digest(session, member.id)
    assert access_digest(session, member.id) == before
    session.execute(delete(Grant).where(Grant.channel_id == channel.id))
    assert access_digest(session, member.id) != before
