"""Connecting, reconnecting, pausing, disconnecting (RULES A4, C6; issue sentence 8)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import connect as verbs
from inbox.channels import health
from inbox.channels.credentials import unseal
from inbox.channels.models import Channel, ChannelState, ChannelStream, Credential
from inbox.errors import Conflict
from inbox.settings import Pace
from tests.factories.basics import make_contact
from tests.factories.channels import make_signed_in, make_stream, make_vault
from tests.fixtures.app import MovingClock

VAULT = make_vault()


def connected(session: Session, pace: Pace) -> Channel:
    channel = verbs.connect(session, VAULT, make_signed_in(), member_id=None, pace=pace)
    session.commit()
    return channel


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_connecting_keeps_the_secret_sealed_and_begins_an_import(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = connected(session, pace)
    row = session.get_one(Credential, channel.id)
    assert b"token-of" not in row.sealed
    assert unseal(VAULT, row.sealed).values == {"access": "token-of-did:plc:acme"}
    assert channel.import_since_at == clock.now() - timedelta(seconds=pace.import_span_seconds)
    assert channel.import_done_at is None
    assert channel.limits["public"]["max_length"] == 300


def test_a4_connecting_a_known_account_revives_its_row(session: Session, pace: Pace) -> None:
    channel = connected(session, pace)
    with pytest.raises(Conflict) as wrong:
        connected(session, pace)
    session.rollback()
    assert wrong.value.code == "channel_is_connected"
    verbs.disconnect(session, channel, None)
    session.commit()
    assert connected(session, pace).id == channel.id
    assert channel.state == ChannelState.ACTIVE
    assert count(session, Channel) == 1


def test_a4_reconnecting_refuses_another_account_and_stores_nothing(session: Session, pace: Pace) -> None:
    channel = connected(session, pace)
    sealed = session.get_one(Credential, channel.id).sealed
    other = make_signed_in("did:plc:somebody-else")
    with pytest.raises(Conflict) as wrong:
        verbs.reconnect(session, VAULT, channel, other, member_id=None, pace=pace)
    session.rollback()
    assert wrong.value.code == "another_account"
    assert session.get_one(Credential, channel.id).sealed == sealed
    assert count(session, Channel) == 1


def test_reconnecting_soon_goes_on_where_it_stopped(session: Session, pace: Pace, moving_clock: MovingClock) -> None:
    channel = connected(session, pace)
    channel.import_done_at = clock.now()
    stream = make_stream(session, channel, cursor={"mark": "1"}, due_at=None)
    channel.state, channel.failing_since_at = ChannelState.NEEDS_YOU, clock.now()
    session.commit()
    moving_clock.move(hours=1)
    verbs.reconnect(session, VAULT, channel, make_signed_in(), member_id=None, pace=pace)
    session.refresh(channel)
    assert channel.state == "active"
    assert not health.read_health(session, channel, pace).needs_somebody
    assert channel.import_done_at is not None
    assert (stream.cursor, stream.due_at) == ({"mark": "1"}, clock.now())


def test_c6_reconnecting_after_a_long_gap_imports_again_own_posts_first(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = connected(session, pace)
    channel.import_done_at = clock.now()
    own = make_stream(session, channel, "own_posts", due_at=None)
    mentions = make_stream(session, channel, "mentions", due_at=None)
    channel.state, channel.failing_since_at = ChannelState.NEEDS_YOU, clock.now()
    session.commit()
    moving_clock.move(days=3)
    verbs.reconnect(session, VAULT, channel, make_signed_in(), member_id=None, pace=pace)
    assert session.scalar(select(Channel.import_done_at)) is None
    assert own.due_at == clock.now()
    assert mentions.due_at is None


def test_disconnecting_forgets_the_secret_and_keeps_the_history(session: Session, pace: Pace) -> None:
    channel = connected(session, pace)
    make_contact(session)
    stream = make_stream(session, channel, cursor={"mark": "1"})
    verbs.disconnect(session, channel, None)
    session.commit()
    session.refresh(stream)
    assert session.get(Credential, channel.id) is None
    assert stream.cursor == {"mark": "1"}
    assert stream.due_at is None
    assert count(session, ChannelStream) == 1


def test_pause_and_resume_are_refused_where_they_make_no_sense(session: Session, pace: Pace) -> None:
    channel = connected(session, pace)
    with pytest.raises(Conflict):
        verbs.resume(session, channel, None, pace)
    verbs.pause(session, channel, None)
    assert channel.state == ChannelState.PAUSED
    stream = make_stream(session, channel, due_at=None)
    verbs.resume(session, channel, None, pace)
    assert (channel.state, stream.due_at is not None) == (ChannelState.ACTIVE, True)
    verbs.disconnect(session, channel, None)
    with pytest.raises(Conflict):
        verbs.pause(session, channel, None)
