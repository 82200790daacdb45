"""A channel that does not deliver reaches those who can mend it: at once, once, as long as it lasts (promise 3)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.alerts.models import Alert, AlertEvent
from inbox.channels import connect, states, streams
from inbox.channels.models import Channel, ChannelState
from inbox.escalation.steps import Step, Target, TargetKind
from inbox.members.models import Member
from inbox.oncall.rotations import Wanted, make_rotation
from inbox.oncall.shifts import Turns
from inbox.platforms.contract import PlatformError, RateLimited, TokenExpired, Unavailable
from inbox.settings import Pace
from tests.factories.alerts import log_of, make_policy, make_reachable, send_all, sweep
from tests.factories.basics import join_team, make_channel, make_grant, make_team
from tests.factories.channels import make_signed_in, make_stream, make_vault, make_verified
from tests.fixtures.app import MovingClock

VAULT = make_vault()


def fail(session: Session, channel: Channel, error: PlatformError, pace: Pace, name: str = "mentions") -> None:
    """Let a poll of a stream fail."""
    stream = next((one for one in streams.list_streams(session, channel.id) if one.name == name), None)
    stream = stream or make_stream(session, channel, name)
    stream.due_at = clock.now()
    session.commit()
    (claim,) = [one for one in streams.claim_due(session, pace, 9, channel.id) if one.stream_id == stream.id]
    states.fail_poll(session, claim, error, pace)
    session.commit()


def alerts(session: Session, channel: Channel) -> list[tuple[str, str]]:
    """Return the kinds and states of a channel's alerts, in order."""
    session.expire_all()
    rows = session.scalars(select(Alert).where(Alert.channel_id == channel.id).order_by(Alert.id))
    return [(row.kind, row.state) for row in rows]


@pytest.fixture
def channel(session: Session, moving_clock: MovingClock) -> Channel:
    """A channel with an admin, who can mend it, and a lead, who can't; both can be reached."""
    found = connect.connect(session, VAULT, make_signed_in(), member_id=None, pace=Pace())
    found.import_done_at = clock.now()
    make_reachable(session, "Ada", is_admin=True)
    team = make_team(session)
    join_team(session, make_reachable(session, "Lea"), team, "lead")
    make_grant(session, team, found)
    session.commit()
    return found


def test_a_dead_token_is_told_once_to_those_who_can_mend_it_and_reconnecting_ends_it(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    fail(session, channel, TokenExpired("revoked"), pace)
    fail(session, channel, TokenExpired("revoked"), pace, "direct")
    assert alerts(session, channel) == [("channel", "triggered")]
    moving_clock.move(90)  # a platform that errs for a moment calls nobody
    sweep(session)
    assert send_all(session) == ["Ada"]
    moving_clock.move(minutes=10)
    states.watch(session, channel, pace)
    assert not states.has_news(session, channel, pace)
    connect.reconnect(session, VAULT, channel, make_signed_in(), member_id=None, pace=pace)
    session.commit()
    assert alerts(session, channel) == [("channel", "closed")]
    alert = session.scalars(select(Alert)).one()
    assert log_of(session, alert) == ["raised", "told Ada", "closed mended"]


def test_where_no_admin_takes_it_the_channels_lead_hears_of_it(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    fail(session, channel, TokenExpired("revoked"), pace)
    moving_clock.move(90)
    sweep(session)
    assert send_all(session) == ["Ada"]
    moving_clock.move(minutes=15)
    sweep(session)
    assert send_all(session) == ["Lea"]


def test_a_channel_that_dies_at_night_is_told_to_who_is_on_call(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    kai = make_reachable(session, "Kai", time_zone="Europe/Madrid")
    ada = session.scalars(select(Member).where(Member.is_admin)).one()
    rota = make_rotation(session, Wanted("Nights", Turns((kai.id,), False, 0, 540, "Europe/Madrid", clock.now())), ada)
    house = make_policy(session, Step(0, (Target(TargetKind.ROTATION, rota.id),)), wakes="urgent")
    house.is_default = True
    for member in session.scalars(select(Member)):
        member.time_zone = "Europe/Madrid"
    moving_clock.move(hours=11)  # midnight there
    channel.token_expires_at = clock.now() + timedelta(days=2)
    states.watch(session, channel, pace)
    fail(session, channel, TokenExpired("revoked"), pace)
    moving_clock.move(90)
    sweep(session)
    told = session.execute(
        select(Alert.kind, Member.name)
        .select_from(AlertEvent)
        .join(Alert)
        .join(Member, AlertEvent.member_id == Member.id)
        .where(AlertEvent.kind == "told")
        .order_by(AlertEvent.id)
    )
    assert [tuple(row) for row in told] == [("sign_in_ends", "Ada"), ("channel", "Kai")]


@pytest.mark.parametrize("kind", ["away", "budget"])
def test_what_does_not_mend_itself_within_ten_minutes_reaches_a_person(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock, kind: str
) -> None:
    def go_on() -> None:
        error = Unavailable("502") if kind == "away" else RateLimited(clock.now() + timedelta(minutes=5))
        fail(session, channel, error, pace)

    go_on()
    moving_clock.move(minutes=9, seconds=59)
    go_on()
    assert not states.has_news(session, channel, pace)
    moving_clock.move(seconds=1)
    assert states.has_news(session, channel, pace)
    states.watch(session, channel, pace)
    go_on()
    states.watch(session, channel, pace)
    session.commit()
    assert alerts(session, channel) == [("channel", "triggered")]
    stream = streams.list_streams(session, channel.id)[0]
    stream.due_at, stream.lease_token = clock.now(), None
    session.commit()
    (claim,) = streams.claim_due(session, pace, 1)
    streams.advance(session, claim, {}, is_complete=True, had_new=False, digest="d", pace=pace)
    states.good_poll(session, channel, 0, pace)
    states.watch(session, channel, pace)
    session.commit()
    assert alerts(session, channel) == [("channel", "closed")]


def test_the_comments_of_one_post_wake_nobody(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    fail(session, channel, Unavailable("502"), pace, "comments:p1")
    moving_clock.move(hours=2)
    assert not states.has_news(session, channel, pace)


def test_the_end_of_a_token_is_told_14_3_and_1_days_ahead_once_each(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    ends_at = clock.now() + timedelta(days=20)
    channel.token_expires_at = ends_at
    told = []
    for _ in range(24 * 20):
        moving_clock.move(hours=1)
        if states.has_news(session, channel, pace):
            states.watch(session, channel, pace)
            told.append(round((ends_at - clock.now()) / timedelta(days=1)))
        # each answer counts the seconds that are left anew
        connect.take_profile(channel, make_verified(token_expires_at=ends_at + timedelta(seconds=len(told))))
        ends_at = channel.token_expires_at or ends_at
        while sweep(session):
            if send_all(session):
                moving_clock.move(minutes=1)
    assert told == [14, 3, 1]
    assert alerts(session, channel) == [("sign_in_ends", "closed")] * 3
    connect.take_profile(channel, make_verified(token_expires_at=ends_at + timedelta(days=10)))
    assert states.has_news(session, channel, pace)


def test_of_warnings_that_were_missed_the_last_alone_is_given(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    channel.token_expires_at = clock.now() + timedelta(days=2)
    states.watch(session, channel, pace)
    states.watch(session, channel, pace)
    session.commit()
    assert alerts(session, channel) == [("sign_in_ends", "triggered")]


def test_odd_silence_is_told_once(session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock) -> None:
    channel.last_message_at, channel.usual_gap_seconds = clock.now(), 600.0
    moving_clock.move(hours=7)
    states.watch(session, channel, pace)
    moving_clock.move(hours=7)
    states.watch(session, channel, pace)
    session.commit()
    assert alerts(session, channel) == [("quiet", "triggered")]


def test_what_is_put_away_is_over_and_of_the_sandbox_nobody_is_called(
    session: Session, channel: Channel, pace: Pace, moving_clock: MovingClock
) -> None:
    fail(session, channel, TokenExpired("revoked"), pace)
    connect.disconnect(session, channel, None)
    assert alerts(session, channel) == [("channel", "closed")]
    played = make_channel(session, is_sandbox=True, token_expires_at=clock.now() + timedelta(hours=1))
    fail(session, played, TokenExpired("revoked"), pace)
    states.watch(session, played, pace)
    assert played.state == ChannelState.NEEDS_YOU
    assert alerts(session, played) == [("channel", "triggered"), ("sign_in_ends", "triggered")]
    moving_clock.move(90)
    sweep(session)
    assert send_all(session) == []
