"""Channels' pages: health for whoever sees them, changes for admins, quarantine for leads."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.channels.models import Budget, Channel, ChannelState, ChannelStream
from inbox.intake import quarantine
from inbox.intake.models import Quarantined
from inbox.members.models import Grant, Member
from tests.browser.world import World, make_world
from tests.factories.members import form_token, sign_in_as
from tests.factories.members import post as post_form
from tests.factories.standing import stand


@pytest.fixture
def small(session: Session) -> World:
    return stand(session, "team and 1", lambda session: make_world(session, conversations=1))


@pytest.fixture
def lucia(app: Flask, session: Session, small: World) -> FlaskClient:
    """An admin and lead."""
    return sign_in_as(app, session, session.get_one(Member, small.lucia_id))


@pytest.fixture
def diego(app: Flask, session: Session, small: World) -> FlaskClient:
    """A responder."""
    return sign_in_as(app, session, session.get_one(Member, small.diego_id))


def state_of(session: Session, number: int) -> str:
    session.rollback()
    state = session.scalars(select(Channel.state).where(Channel.id == number)).one()
    session.rollback()
    return state


def fail(session: Session, channel_id: int) -> None:
    stream = session.query(ChannelStream).filter_by(channel_id=channel_id, name="mentions").one()
    stream.failure_code, stream.failure_detail, stream.failing_since_at = "server_error", "HTTP 502", clock.now()
    session.get_one(Channel, channel_id).failing_since_at = clock.now()
    session.add(Budget(key=f"channel:{channel_id}", limit_count=3000, remaining_count=2910, updated_at=clock.now()))
    session.commit()


def test_health_is_said_in_words(session: Session, small: World, diego: FlaskClient) -> None:
    fail(session, small.channel_id)
    page = diego.get(f"/channels/{small.channel_id}").text
    for words in ("Runs, with trouble", "HTTP 502", "2910", "3000"):
        assert words in page
    index = diego.get("/channels").text
    assert "Acme España" in index
    assert "Acme Hogar" in index
    assert "mentions and replies" in index


def test_everybody_who_sees_a_failing_channel_has_the_banner(
    session: Session, small: World, diego: FlaskClient
) -> None:
    assert "See what to do" not in diego.get("/queue").text
    channel = session.get_one(Channel, small.channel_id)
    channel.state, channel.state_reason = "needs_you", "token_expired"
    session.commit()
    for path in ("/queue", "/me", "/banners"):
        page = diego.get(path).text
        assert "needs you: the sign-in no longer counts. Reconnect it." in page
        assert "See what to do" in page


def test_e4_an_oddly_quiet_channel_reaches_whoever_may_see_it_and_nobody_else(
    session: Session, small: World, diego: FlaskClient
) -> None:
    session.get_one(Channel, small.channel_id).quiet_since_at = clock.now()
    session.commit()
    assert "oddly quiet" in diego.get("/banners").text
    session.execute(delete(Grant).where(Grant.channel_id == small.channel_id))
    session.commit()
    assert "oddly quiet" not in diego.get("/banners").text


@pytest.mark.parametrize("act", ["pause", "resume", "disconnect", "reconnect"])
def test_who_is_no_admin_changes_nothing(session: Session, small: World, diego: FlaskClient, act: str) -> None:
    assert post_form(diego, f"/channels/{small.channel_id}/{act}").status_code == 403
    assert state_of(session, small.channel_id) == "active"
    assert diego.get("/channels/connect").status_code == 404


def test_pause_resume_and_disconnect(session: Session, small: World, lucia: FlaskClient) -> None:
    for act, state in (("pause", "paused"), ("resume", "active"), ("disconnect", "disconnected")):
        answer = post_form(lucia, f"/channels/{small.channel_id}/{act}")
        assert answer.headers["Location"] == f"/channels/{small.channel_id}"
        assert state_of(session, small.channel_id) == state
    assert "Its conversations stay here." in lucia.get("/channels").text
    recorded = select(func.count(Activity.id)).where(Activity.kind == kinds.CHANNEL_STATE)
    assert session.scalar(recorded) == 3


def test_read_now_makes_every_stream_due(session: Session, small: World, diego: FlaskClient) -> None:
    post_form(diego, f"/channels/{small.channel_id}/poll")
    session.rollback()
    due = session.scalars(select(ChannelStream.due_at).where(ChannelStream.channel_id == small.channel_id)).all()
    assert len(due) == 3
    assert all(at is not None and at <= clock.now() for at in due)


def test_a_channel_that_needs_somebody_is_asked_again_by_a_button(
    session: Session, small: World, diego: FlaskClient
) -> None:
    channel = session.get_one(Channel, small.channel_id)
    channel.state, channel.state_reason = ChannelState.NEEDS_YOU, "permission_missing"
    channel.verify_due_at = clock.now() + timedelta(minutes=5)
    session.commit()
    assert "Ask again" in diego.get(f"/channels/{small.channel_id}").text
    answer = post_form(diego, f"/channels/{small.channel_id}/poll")
    assert "The platform is being asked again." in diego.get(answer.headers["Location"]).text
    session.refresh(channel)
    assert channel.verify_due_at is not None
    assert channel.verify_due_at <= clock.now()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"service_url": "http://pds.example"}, "not encrypted"),
        ({"service_url": "https://127.0.0.1:1"}, "private address"),
        ({"handle": "", "service_url": "https://127.0.0.1:1"}, ""),
    ],
)
def test_wrong_input_has_its_own_sentence_and_stores_nothing(
    session: Session, small: World, lucia: FlaskClient, given: dict[str, Any], words: str
) -> None:
    fields = {"handle": "brand.example", "app_password": "abcd-efgh", "service_url": "", **given}
    answer = post_form(lucia, "/channels/connect", **fields)
    assert answer.status_code in (400, 502)
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert "abcd-efgh" not in answer.text
    assert session.scalar(select(func.count(Channel.id))) == 2


def keep(session: Session, small: World, *, is_private: bool = False) -> int:
    channel = session.get_one(Channel, small.channel_id)
    raw = b'{"id": 7, "secretly": "%s"}' % (b"private" if is_private else b"public")
    row = quarantine.keep(session, channel, "mentions", raw, "unreadable", "id is no text", is_private=is_private)
    session.commit()
    return row.id


def test_quarantine_shows_what_came(session: Session, small: World, lucia: FlaskClient) -> None:
    keep(session, small)
    page = lucia.get(f"/channels/{small.channel_id}/quarantine").text
    assert "&#34;id&#34;: 7" in page
    assert "id is no text" in page
    assert "Read it again" in page


def test_a_lead_discards_with_a_reason(session: Session, small: World, lucia: FlaskClient) -> None:
    number = keep(session, small)
    assert post_form(lucia, f"/quarantine/{number}/discard", why="").status_code == 400
    post_form(lucia, f"/quarantine/{number}/discard", why="A test of theirs")
    session.rollback()
    row = session.get_one(Quarantined, number, populate_existing=True)
    assert (row.resolution, row.resolved_why, row.resolved_by_id) == ("discarded", "A test of theirs", small.lucia_id)
    session.rollback()
    assert "Everything could be read" in lucia.get(f"/channels/{small.channel_id}/quarantine").text


def test_who_is_no_lead_looks_only(session: Session, small: World, diego: FlaskClient) -> None:
    number = keep(session, small)
    assert "Read it again" not in diego.get(f"/channels/{small.channel_id}/quarantine").text
    assert post_form(diego, f"/quarantine/{number}/discard", why="x").status_code == 403
    assert post_form(diego, f"/quarantine/{number}/replay").status_code == 403


def test_polling_tells_what_a_stream_would(session: Session, small: World, diego: FlaskClient) -> None:
    start = diego.get("/live/poll").json
    assert start is not None
    number = small.conversation_ids[0]
    headers = {"Accept": "application/json", "X-CSRFToken": form_token(diego)}
    diego.post(f"/c/{number}/label", data={"name": "color"}, headers=headers)
    told = diego.get(f"/live/poll?after={start['after']}").json
    assert told is not None
    assert told["after"] > start["after"]
    changed = {row["id"]: row["html"] for row in told["changes"]["rows"]}
    assert ">color</bdi>" in changed[number]
    assert diego.get("/live/poll?after=999999999").json == {"after": told["after"], "changes": None, "reload": True}
