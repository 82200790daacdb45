"""Which streams are read first: fair between channels, and whoever hangs holds up nobody else (RULES E4)."""

from datetime import timedelta

from sqlalchemy.orm import Session

from inbox import clock
from inbox.channels import streams
from inbox.channels.claims import PROBES_AT_ONCE, SILENT
from inbox.channels.models import Channel, ChannelStream
from inbox.channels.states import fail_poll
from inbox.platforms.contract import Unavailable
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.channels import make_stream
from tests.fixtures.app import MovingClock


def due(session: Session, channel: Channel, name: str = "mentions", *, for_seconds: float = 0, **given: str) -> int:
    return make_stream(session, channel, name, due_at=clock.now() - timedelta(seconds=for_seconds), **given).id


def claimed(session: Session, pace: Pace, limit: int = 8) -> list[int]:
    return [claim.stream_id for claim in streams.claim_due(session, pace, limit)]


def test_a_channel_with_many_posts_keeps_no_other_waiting(session: Session, pace: Pace) -> None:
    large = make_channel(session, host="large.example")
    of_large = [due(session, large, f"comments:{number}", for_seconds=600 - number) for number in range(20)]
    small = [due(session, make_channel(session, host=f"h{number}.example"), for_seconds=1) for number in range(3)]
    assert claimed(session, pace, 5) == [of_large[0], *small, of_large[1]]


def test_a_busy_host_does_not_stand_before_the_others(session: Session, pace: Pace) -> None:
    for number in range(50):
        due(session, make_channel(session, host="one.example"), f"comments:{number}", for_seconds=600)
    assert len(claimed(session, pace)) == 2
    other = due(session, make_channel(session, host="other.example"))
    assert claimed(session, pace) == [other]


def test_hosts_that_hang_are_only_probed_one_stream_each_and_a_few_at_once(session: Session, pace: Pace) -> None:
    for number in range(30):
        channel = make_channel(session, host=f"silent{number}.example")
        for name in ("mentions", "direct"):
            due(session, channel, name, for_seconds=600, failure_code=SILENT)
    well = {due(session, make_channel(session, host=f"well{number}.example")) for number in range(5)}
    claims = streams.claim_due(session, pace, 20)
    assert {claim.stream_id for claim in claims if not claim.is_probe} == well
    probed = {session.get_one(Channel, claim.channel_id).host for claim in claims if claim.is_probe}
    assert len(probed) == PROBES_AT_ONCE == len(claims) - 5
    assert claimed(session, pace) == []


def test_a_host_that_answers_again_is_read_at_once_on_all_its_streams(
    session: Session, pace: Pace, moving_clock: MovingClock
) -> None:
    channel = make_channel(session, host="back.example")
    ids = [due(session, channel, name) for name in ("mentions", "direct", "own_posts")]
    for _ in ids:
        for claim in streams.claim_due(session, pace, 8):
            fail_poll(session, claim, Unavailable("silent", code=SILENT), pace)
    assert {row.failure_code for row in streams.list_streams(session, channel.id)} == {SILENT}
    moving_clock.move(120)
    (claim,) = streams.claim_due(session, pace, 8)
    assert streams.claim_due(session, pace, 8) == []
    assert streams.advance(session, claim, {}, is_complete=True, had_new=False, digest="d", pace=pace)
    session.expire_all()
    left = [number for number in ids if number != claim.stream_id]
    assert sorted(claimed(session, pace)) == sorted(left)
    assert session.get_one(ChannelStream, left[0]).failing_since_at is not None  # until it was read itself
