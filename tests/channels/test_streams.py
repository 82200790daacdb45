"""Claims, leases and cursors of streams (RULES E1, E3, E4)."""

import threading
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.models import Channel, ChannelState, ChannelStream
from inbox.database import db
from inbox.platforms.items import Stream
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.channels import make_stream
from tests.fixtures.app import MovingClock


def claim_one(session: Session, pace: Pace) -> streams.Claim:
    (claim,) = streams.claim_due(session, pace, 5)
    session.commit()
    return claim


def advance(session: Session, claim: streams.Claim, pace: Pace, *, is_complete: bool = True) -> bool:
    return streams.advance(session, claim, {"mark": "2"}, is_complete=is_complete, had_new=True, digest="d", pace=pace)


def test_e1_a_claimed_stream_is_nobody_elses_until_its_lease_ends(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    make_stream(session, make_channel(session))
    session.commit()
    first = claim_one(session, pace)
    assert streams.claim_due(session, pace, 5) == []
    session.rollback()
    moving_clock.move(pace.stream_lease_seconds + 1)
    second = claim_one(session, pace)
    assert second.token != first.token
    assert not advance(session, first, pace)
    session.rollback()
    assert advance(session, second, pace)
    session.commit()
    assert session.get_one(ChannelStream, first.stream_id).cursor == {"mark": "2"}


def test_e1_a_lost_lease_leaves_the_cursor_where_it_was(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    stream = make_stream(session, make_channel(session), cursor={"mark": "1"})
    session.commit()
    claim = claim_one(session, pace)
    moving_clock.move(pace.stream_lease_seconds + 1)
    claim_one(session, pace)
    assert not advance(session, claim, pace)
    session.rollback()
    assert session.get_one(ChannelStream, stream.id).cursor == {"mark": "1"}


def test_a_stream_that_lost_three_readers_is_set_aside_and_says_so(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    stream = make_stream(session, make_channel(session), cursor={"mark": "1"})
    session.commit()
    for _ in range(3):
        claim_one(session, pace)
        moving_clock.move(pace.stream_lease_seconds + 1)
    assert streams.claim_due(session, pace, 5) == []
    session.commit()
    assert stream.failure_code == "reader_lost"
    assert stream.cursor == {"mark": "1"}
    assert stream.due_at == clock.now() + timedelta(seconds=pace.poll_longest_seconds)


def test_e4_at_most_two_polls_a_host_at_once(session: Session, pace: Pace, moving_clock: MovingClock) -> None:
    for _ in range(4):
        make_stream(session, make_channel(session, host="busy.example"))
    make_stream(session, make_channel(session, host="other.example"))
    session.commit()
    first = streams.claim_due(session, pace, 10)
    session.commit()
    assert len(first) == 3
    assert streams.claim_due(session, pace, 10) == []
    streams.release(session, first[0])
    session.commit()
    assert len(streams.claim_due(session, pace, 10)) == 1


def test_paused_and_disconnected_channels_are_not_read(session: Session, pace: Pace) -> None:
    for state in (ChannelState.PAUSED, ChannelState.DISCONNECTED):
        make_stream(session, make_channel(session, state=state))
    make_stream(session, make_channel(session), is_off=True)
    session.commit()
    assert streams.claim_due(session, pace, 10) == []


def test_a_complete_poll_sets_the_next_by_how_lively_the_stream_is(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    stream = make_stream(session, make_channel(session))
    session.commit()
    claim = claim_one(session, pace)
    advance(session, claim, pace)
    streams.release(session, claim)
    session.commit()
    assert stream.due_at == clock.now() + timedelta(seconds=15)
    assert stream.last_complete_at == clock.now()
    assert stream.deep_due_at == clock.now() + timedelta(seconds=pace.deep_walk_seconds)


def test_a_stream_that_went_while_it_was_read_is_a_lost_lease(session: Session, pace: Pace) -> None:
    stream = make_stream(session, make_channel(session))
    session.commit()
    claim = claim_one(session, pace)
    session.delete(stream)
    session.commit()
    assert not advance(session, claim, pace)


def test_the_nightly_walk_is_deep_from_its_first_page_to_its_last(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    stream = make_stream(session, make_channel(session), deep_due_at=clock.now())
    session.commit()
    claim = claim_one(session, pace)
    assert stream.is_deep
    advance(session, claim, pace, is_complete=False)
    streams.release(session, claim, due_at=clock.now())
    session.commit()
    assert stream.is_deep
    claim = claim_one(session, pace)
    advance(session, claim, pace)
    session.commit()
    assert not stream.is_deep


def test_e4_a_posts_comments_are_read_often_and_then_nightly(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session)
    stream = streams.ensure_comment_stream(session, channel, "post-1", clock.now(), pace)
    assert streams.ensure_comment_stream(session, channel, "post-1", clock.now(), pace).id == stream.id
    session.commit()
    claim = claim_one(session, pace)
    streams.advance(session, claim, {}, is_complete=True, had_new=False, digest="d", pace=pace)
    streams.release(session, claim)
    session.commit()
    assert stream.due_at == clock.now() + timedelta(seconds=pace.comments_poll_seconds)
    moving_clock.move(days=15)
    claim = claim_one(session, pace)
    streams.advance(session, claim, {}, is_complete=True, had_new=False, digest="d", pace=pace)
    session.commit()
    assert stream.due_at == clock.now() + timedelta(seconds=pace.deep_walk_seconds)


def test_e3_a_page_that_comes_three_times_in_one_walk_is_noticed(session: Session, pace: Pace) -> None:
    make_stream(session, make_channel(session))
    session.commit()
    claim = claim_one(session, pace)
    seen = []
    for _ in range(3):
        seen.append(streams.repeats(session, claim, "same"))
        streams.advance(session, claim, {}, is_complete=False, had_new=False, digest="same", pace=pace)
    seen.append(streams.repeats(session, claim, "other"))
    assert seen == [False, False, True, False]


def test_c6_own_posts_are_read_before_everything_else(session: Session) -> None:
    channel = make_channel(session)
    rows = streams.ensure_streams(session, channel, [Stream("mentions"), Stream("own_posts"), Stream("direct")])
    assert {row.name for row in rows if row.due_at} == {"own_posts"}
    streams.after_own_posts(session, channel)
    session.expire_all()
    assert all(row.due_at for row in streams.list_streams(session, channel.id))


def test_a_stream_that_is_not_offered_is_off_with_its_reason(session: Session, pace: Pace) -> None:
    channel = make_channel(session, import_done_at=clock.now())
    offered = [Stream("mentions"), Stream("direct", is_available=False, reason="permission_missing_direct")]
    streams.ensure_streams(session, channel, offered)
    direct = session.scalar(select(ChannelStream).where(ChannelStream.name == "direct"))
    assert direct is not None
    assert (direct.is_off, direct.off_reason, direct.due_at) == (True, "permission_missing_direct", None)
    streams.ensure_streams(session, channel, [Stream("mentions"), Stream("direct")])
    assert direct.due_at is not None


def test_two_sweeps_at_once_never_claim_the_same_stream(app: Flask, session: Session, pace: Pace) -> None:
    for number in range(12):
        make_stream(session, make_channel(session, host=f"host{number}.example"))
    session.commit()
    claimed: list[int] = []
    lock = threading.Lock()

    def sweep() -> None:
        with app.app_context():
            mine = [claim.stream_id for claim in streams.claim_due(db.session(), pace, 8)]
            db.session.commit()
        with lock:
            claimed.extend(mine)

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sweep()  # those that one sweep had locked while another looked
    assert len(claimed) == len(set(claimed)) == 12


def test_the_first_look_of_a_sweep_reads_an_index(session: Session, pace: Pace, database: str) -> None:
    from sqlalchemy import text

    channel = make_channel(session)
    for number in range(300):
        make_stream(session, channel, f"comments:{number}", due_at=clock.now() + timedelta(hours=1))
    session.commit()
    assert not streams.has_due(session)
    query = "SELECT id FROM channel_stream WHERE due_at <= :now AND NOT is_off LIMIT 1"
    explain = "EXPLAIN QUERY PLAN " if database == "sqlite" else "EXPLAIN "
    if database == "postgresql":
        session.execute(text("ANALYZE channel_stream"))
    plan = "\n".join(str(row) for row in session.execute(text(explain + query), {"now": clock.now()}))
    assert "ix_channel_stream_due_at" in plan


def test_make_due_asks_for_a_deep_walk_when_it_is_told(session: Session) -> None:
    channel: Channel = make_channel(session)
    stream = make_stream(session, channel, due_at=None)
    assert streams.make_due(session, channel.id, is_deep=True) == 1
    session.refresh(stream)
    assert stream.due_at is not None
    assert stream.deep_due_at is not None
