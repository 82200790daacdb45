"""What failures make of a channel, and how it comes back (DESIGN, promise 3; RULES E3, E4)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.activity import kinds
from inbox.activity.models import Activity
from inbox.alerts.models import Alert
from inbox.channels import health, states, streams
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.platforms.contract import (
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from inbox.settings import Pace
from tests.factories.alerts import log_of, make_reachable, send_all, state_of, sweep
from tests.factories.basics import make_channel, make_responder
from tests.factories.channels import make_stream, make_verified
from tests.fixtures.app import MovingClock


def failing(
    session: Session, error: PlatformError, pace: Pace, times: int = 1, name: str = "mentions"
) -> tuple[Channel, ChannelStream]:
    channel = make_channel(session)
    stream = make_stream(session, channel, name)
    for _ in range(times):
        stream.due_at = clock.now()
        session.commit()
        (claim,) = streams.claim_due(session, pace, 1)
        session.commit()
        states.fail_poll(session, claim, error, pace)
        session.commit()
    return channel, stream


@pytest.mark.parametrize("error", [TokenExpired("revoked"), PermissionMissing("no scope"), Malformed("too_large")])
def test_the_comments_of_one_post_call_nobody_and_hold_back_nothing(
    session: Session, pace: Pace, moving_clock: MovingClock, error: PlatformError
) -> None:
    channel, stream = failing(session, error, pace, times=4, name="comments:p1")
    assert (channel.state, stream.failure_code) == (ChannelState.ACTIVE, error.code)
    states.good_poll(session, channel, 0, pace)
    assert channel.failing_since_at is None


def test_our_own_limit_is_nobodys_trouble(session: Session, pace: Pace, moving_clock: MovingClock) -> None:
    until = clock.now() + timedelta(seconds=900)
    channel, stream = failing(session, RateLimited(until, is_ours=True), pace)
    assert (stream.due_at, stream.failure_code, stream.failing_since_at) == (until, None, None)
    assert channel.failing_since_at is None


@pytest.mark.parametrize("error", [TokenExpired("revoked"), PermissionMissing("no scope")])
def test_a_dead_token_needs_somebody_at_the_first_failed_answer(
    session: Session, pace: Pace, moving_clock: MovingClock, error: PlatformError
) -> None:
    channel, stream = failing(session, error, pace)
    member = make_responder(session, channel)
    assert (channel.state, channel.state_reason) == (ChannelState.NEEDS_YOU, error.code)
    assert channel.failing_since_at == clock.now()
    assert stream.lease_token is None
    assert health.list_needing_you(session, member.id) == [channel]
    assert health.find_warnings(session, member.id).needs_you
    assert [one.id for one in health.list_names(session, member.id)] == [channel.id]
    kinds_seen = list(session.scalars(select(Activity.kind).where(Activity.channel_id == channel.id)))
    assert kinds.CHANNEL_STATE in kinds_seen


def test_a_channel_that_needs_somebody_has_an_alert_that_reaches_a_person_until_it_delivers_again(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    vera = make_reachable(session, "Vera", is_admin=True)
    channel, _stream = failing(session, TokenExpired("revoked"), pace)
    (alert,) = session.scalars(select(Alert)).all()
    assert sweep(session) == 0  # it is asked again first: a platform that errs for a moment calls nobody
    states.ask_for_person(session, channel, "account_dead")
    assert alert.about == "account_dead"
    moving_clock.move(seconds=90)
    session.commit()
    sweep(session)
    assert send_all(session) == [vera.name]
    states.verified(session, channel, make_verified(channel.external_id), pace)
    session.commit()
    assert (channel.state, state_of(session, alert)) == (ChannelState.ACTIVE, "closed")
    assert log_of(session, alert)[-1] == "closed mended"


def test_private_messages_that_are_not_allowed_any_more_switch_their_stream_off_alone(
    session: Session, pace: Pace
) -> None:
    channel, stream = failing(session, PermissionMissing("Bad token method", code="permission_missing_direct"), pace)
    assert channel.state == ChannelState.ACTIVE
    assert (stream.is_off, stream.off_reason, stream.due_at) == (True, "permission_missing_direct", None)


def test_a_passing_failure_is_tried_again_soon_and_shown_meanwhile(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel, stream = failing(session, Unavailable("502", code="server_error"), pace)
    assert channel.state == ChannelState.ACTIVE
    assert stream.failure_code == "server_error"
    assert stream.due_at == clock.now() + timedelta(seconds=pace.failure_backoff_seconds)
    found = health.read_health(session, channel, pace)
    assert [one.name for one in found.failures] == ["mentions"]
    assert found.needs_somebody


def test_e3_an_unreadable_page_is_tried_three_times_then_the_channel_needs_somebody(
    session: Session, pace: Pace
) -> None:
    error = Malformed("not JSON", b"<html>")
    assert failing(session, error, pace, times=2)[0].state == ChannelState.ACTIVE
    channel, stream = failing(session, error, pace, times=3)
    assert (channel.state, channel.state_reason) == (ChannelState.NEEDS_YOU, "unreadable_page")
    assert stream.cursor is None


def test_e4_only_the_budget_lengthens_an_interval_and_the_channel_says_so(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    until = clock.now() + timedelta(minutes=9)
    channel, stream = failing(session, RateLimited(until, "slow down"), pace)
    assert stream.due_at == until
    assert stream.failure_code == "rate_limited"
    assert stream.failure_count == 0
    assert channel.state == ChannelState.ACTIVE


def test_a_good_poll_clears_a_passing_failure(session: Session, pace: Pace, moving_clock: MovingClock) -> None:
    channel, stream = failing(session, Unavailable("away"), pace)
    moving_clock.move(60)
    (claim,) = streams.claim_due(session, pace, 1)
    streams.advance(session, claim, {}, is_complete=True, had_new=False, digest="d", pace=pace)
    states.good_poll(session, channel, 0, pace)
    session.commit()
    assert channel.failing_since_at is None
    assert stream.failure_code is None


def test_verify_finds_a_dead_account_and_a_living_one_again(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, external_id="did:plc:acme", platform="bluesky")
    stream = make_stream(session, channel, due_at=None)
    dead = make_verified(is_alive=False, dead_reason="account_deactivated")
    states.verified(session, channel, dead, pace)
    assert (channel.state, channel.state_reason) == (ChannelState.NEEDS_YOU, "account_deactivated")
    moving_clock.move(pace.verify_seconds)
    states.verified(session, channel, make_verified(), pace)
    session.refresh(stream)
    assert channel.state == ChannelState.ACTIVE
    assert channel.verify_due_at == clock.now() + timedelta(seconds=pace.verify_seconds)
    assert stream.due_at == clock.now()


def test_a_channel_that_needs_somebody_is_asked_soon_and_then_ever_more_seldom(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, external_id="did:plc:acme", platform="bluesky")
    waits = []
    for number in range(7):
        if number % 2:
            states.verified(session, channel, make_verified(is_alive=False, dead_reason="account_deactivated"), pace)
        else:
            states.verify_failed(session, channel, PermissionMissing("this may not"), pace)
        assert channel.verify_due_at is not None
        waits.append((channel.verify_due_at - clock.now()).total_seconds())
        moving_clock.move(waits[-1])
    assert waits == [60, 60, 120, 240, 480, 480, 480]


def test_verify_that_meets_another_account_stops_the_channel(session: Session, pace: Pace) -> None:
    channel = make_channel(session, external_id="did:plc:acme", platform="bluesky")
    states.verified(session, channel, make_verified("did:plc:somebody-else"), pace)
    assert (channel.state, channel.state_reason) == (ChannelState.NEEDS_YOU, "another_account")


def test_silence_beyond_the_habit_asks_for_a_deep_walk_once(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, last_message_at=clock.now(), usual_gap_seconds=600.0)
    stream = make_stream(session, channel, due_at=None)
    moving_clock.move(pace.quiet_factor_seconds - 1)
    assert not states.look_for_silence(session, channel, pace)
    moving_clock.move(2)
    assert states.look_for_silence(session, channel, pace)
    assert not states.look_for_silence(session, channel, pace)
    session.refresh(stream)
    assert stream.deep_due_at == stream.due_at == channel.verify_due_at == clock.now()
    states.good_poll(session, channel, 1, pace)
    assert channel.quiet_since_at is None


def test_a_channel_that_has_not_been_read_for_long_is_delayed(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    make_stream(session, channel, last_complete_at=clock.now())
    assert not health.read_health(session, channel, pace).is_delayed
    moving_clock.move(3 * pace.poll_longest_seconds + 1)
    assert health.read_health(session, channel, pace).is_delayed
