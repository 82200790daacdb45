"""What a channel's page says in words: what it stands on, how unusual its silence is, what an import left open."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import hours
from inbox.channels.models import Budget, Channel, ChannelStream
from inbox.conversations.models import Conversation, Message
from inbox.members.models import Member
from inbox.outbox.models import Delivery
from inbox.replies.models import Draft
from inbox.settings import Pace
from tests.browser.world import World, make_world
from tests.factories.members import form_token, post, sign_in_as

PACE = Pace()


@pytest.fixture
def small(session: Session) -> World:
    return make_world(session, conversations=1)


@pytest.fixture
def channel(session: Session, small: World) -> Channel:
    return session.get_one(Channel, small.channel_id)


@pytest.fixture
def lucia(app: Flask, session: Session, small: World) -> FlaskClient:
    """An admin and lead."""
    return sign_in_as(app, session, session.get_one(Member, small.lucia_id))


@pytest.fixture
def diego(app: Flask, session: Session, small: World) -> FlaskClient:
    """A responder."""
    return sign_in_as(app, session, session.get_one(Member, small.diego_id))


def test_what_it_stands_on(session: Session, small: World, channel: Channel, diego: FlaskClient) -> None:
    now = clock.now()
    channel.connected_by_id = small.diego_id
    channel.token_expires_at = now + timedelta(days=6)
    channel.permissions, channel.missing_permissions = ["read:statuses"], ["write:<b>favourites"]
    channel.api_version = "v19.0"
    session.query(ChannelStream).filter_by(channel_id=channel.id, name="mentions").one().lag_seconds = 41.0
    session.add(Budget(key=f"channel:{channel.id}", sunset_at=now + timedelta(days=90), updated_at=now))
    page = diego.get(f"/channels/{small.channel_id}").text
    for words in (
        "Diego Ruiz, who can’t renew it any more",
        "Only Lucía Marín could reconnect it.",
        "Its sign-in ends soon.",
        "It may not:",
        "write:&lt;b&gt;favourites",
        "read:statuses",
        "v19.0",
        "The platform ends what Relevo asks it by:",
        "41 seconds",
    ):
        assert words in page
    channel.token_expires_at = now - timedelta(minutes=1)
    assert "Its sign-in has ended." in diego.get(f"/channels/{small.channel_id}").text


def test_how_unusual_a_silence_is(session: Session, small: World, channel: Channel, diego: FlaskClient) -> None:
    channel.last_message_at = clock.now() - timedelta(hours=5)
    assert "Too early to say whether that is odd" in diego.get(f"/channels/{small.channel_id}").text
    for week in range(1, 5):
        for hour in range(-6, 1):
            at = clock.now() - timedelta(weeks=week) + timedelta(hours=hour)
            hours.note(session, channel.id, at, 1 + week, PACE)
    page = diego.get(f"/channels/{small.channel_id}").text
    assert "In the same hours of 4 weeks: 8 to 20 messages." in page
    assert "By accident that would happen in less than 0.1% of all weeks: it is odd." in page


def test_how_far_an_import_is_and_who_was_late_already(
    session: Session, small: World, channel: Channel, lucia: FlaskClient
) -> None:
    channel.import_done_at = None
    channel.import_began_at = clock.now() - timedelta(minutes=3)
    session.query(ChannelStream).filter_by(channel_id=channel.id, name="direct").one().last_complete_at = None
    assert "2 of 3 lists are read." in lucia.get(f"/channels/{small.channel_id}").text
    old = session.query(Message).filter_by(channel_id=channel.id, direction="inbound").first()
    assert old is not None
    old.is_history, old.awaits, old.awaits_reason, old.settled = True, False, "before_import", None
    old.received_at = clock.now()
    channel.import_done_at, channel.import_late_count = clock.now(), 1
    page = lucia.get(f"/channels/{small.channel_id}").text
    assert f'href="/channels/{small.channel_id}/late"' in page
    assert old.text[:20] in lucia.get(f"/channels/{small.channel_id}/late").text


def test_leads_are_asked_from_when_clocks_count_after_an_outage(
    session: Session, small: World, channel: Channel, lucia: FlaskClient, diego: FlaskClient
) -> None:
    path = f"/channels/{small.channel_id}"
    channel.gap_from_at, channel.gap_until_at = clock.now() - timedelta(days=3), clock.now()
    assert "It could not be read from" in lucia.get(path).text
    assert "It could not be read from" not in diego.get(path).text
    assert post(diego, f"{path}/count-from", **{"from": "gap"}).status_code == 403
    assert post(lucia, f"{path}/count-from", **{"from": "yesterday"}).status_code == 400
    gap_from_at = channel.gap_from_at
    assert post(lucia, f"{path}/count-from", **{"from": "gap"}).status_code == 303
    moved = session.get_one(Channel, small.channel_id, populate_existing=True)
    assert (moved.import_since_at, moved.gap_until_at) == (gap_from_at, None)
    assert "What changes is being written." in lucia.get(path).text


def test_the_composer_of_a_channel_that_needs_somebody_stops_and_keeps_what_is_written(
    session: Session, small: World, lucia: FlaskClient
) -> None:
    number = small.conversation_ids[0]
    channel = session.get_one(Channel, session.get_one(Conversation, number).channel_id)
    channel.state, channel.state_reason = "needs_you", "token_expired"
    page = lucia.get(f"/c/{number}").text
    assert "needs you: the sign-in no longer counts. Reconnect it." in page
    assert "Nothing can be sent here until that is mended." in page
    assert f'href="/channels/{channel.id}/reconnect"' in page
    post(lucia, f"/c/{number}/reply", text="We open at nine.", seen_seq="1", mode="public")
    draft = session.query(Draft).filter_by(conversation_id=number).one()
    key, seen_seq = draft.reply_key, str(draft.seen_seq)
    headers = {"Accept": "application/json"}
    fields = {"reply_key": key, "text": "We open at ten.", "seen_seq": seen_seq, "mode": "public"}
    answer = lucia.post(f"/c/{number}/reply", data=fields | {"csrf_token": form_token(lucia)}, headers=headers)
    assert answer.json is not None
    assert answer.json["stopped"] is True
    session.rollback()
    assert session.query(Delivery).count() == 0
    session.refresh(draft)
    assert (draft.text, draft.state) == ("We open at ten.", "open")
    assert "We open at ten." in lucia.get(f"/c/{number}").text
