"""A channel that is paused or let go while workers are at it (RULES D6; what a member says of it stands)."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from inbox.channels import connect, states, streams
from inbox.channels.models import Channel, ChannelState
from inbox.channels.streams import Claim
from inbox.platforms.contract import TokenExpired
from inbox.replies import results
from inbox.replies.outcomes import Judged, Next
from inbox.settings import Pace
from tests.factories.basics import make_channel
from tests.factories.channels import make_stream, make_verified
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench
from tests.races.meeting import in_transaction, overlap

PACE = Pace()
Work = Callable[[Session], object]


def pauses(channel_id: int) -> Work:
    return lambda session: connect.pause(session, session.get_one(Channel, channel_id), None)


def disconnects(channel_id: int) -> Work:
    return lambda session: connect.disconnect(session, session.get_one(Channel, channel_id), None)


def poll_finds_token_dead(claim: Claim) -> Work:
    def work(session: Session) -> None:
        session.get_one(Channel, claim.channel_id)  # as it was before somebody else decided
        states.fail_poll(session, claim, TokenExpired("revoked"), PACE)

    return work


def send_finds_token_dead(claim: Claim) -> Work:
    judged = Judged(Next.RECONNECT, "token_expired")

    def work(session: Session) -> None:
        session.get_one(Channel, claim.channel_id)
        results.ask_for_person(session, claim.channel_id, judged)

    return work


def verify_finds_it_well(claim: Claim) -> Work:
    def work(session: Session) -> None:
        channel = session.get_one(Channel, claim.channel_id)
        states.verified(session, channel, make_verified(channel.external_id), PACE)

    return work


WORKERS = {"poll": poll_finds_token_dead, "send": send_finds_token_dead, "verify": verify_finds_it_well}
MEMBERS = {"pause": pauses, "disconnect": disconnects}


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("worker", WORKERS)
@pytest.mark.parametrize("is_member_first", [True, False])
def test_what_a_member_says_of_a_channel_stands_whatever_a_worker_finds_meanwhile(
    session: Session, engine: Engine, member: str, worker: str, is_member_first: bool
) -> None:
    state = ChannelState.NEEDS_YOU if worker == "verify" else ChannelState.ACTIVE
    channel = make_channel(session, state=state, state_reason="token_expired" if worker == "verify" else None)
    make_stream(session, channel)
    (claim,) = streams.claim_due(session, PACE, 1)
    says, finds = MEMBERS[member](channel.id), WORKERS[worker](claim)
    channel_id = channel.id
    session.commit()
    works = (says, finds) if is_member_first else (finds, says)
    _, second = overlap(engine, works[0], lambda: in_transaction(engine, works[1]))
    assert not isinstance(second, Exception)
    wanted = ChannelState.PAUSED if member == "pause" else ChannelState.DISCONNECTED
    assert session.get_one(Channel, channel_id, populate_existing=True).state == wanted


def apart(bench: Bench, engine: Engine, work: Work) -> None:
    bench.session.commit()
    in_transaction(engine, work)


def test_a_channel_paused_in_the_hold_sends_nothing_until_it_is_resumed(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    channel_id, delivery = scene.channel.id, bench.queue(scene, hold_seconds=8)
    apart(bench, engine, pauses(channel_id))
    bench.clock.move(8)
    assert not bench.send()
    assert bench.state(delivery) in ("held", "queued")
    apart(bench, engine, lambda session: connect.resume(session, session.get_one(Channel, channel_id), None, Pace()))
    assert bench.send()
    assert bench.state(delivery) == "sent"


def test_a_channel_let_go_in_the_hold_gives_the_words_back(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    channel_id, delivery = scene.channel.id, bench.queue(scene, text="My words.", hold_seconds=8)
    apart(bench, engine, disconnects(channel_id))
    bench.clock.move(8)
    assert not bench.send()
    bench.sweep()
    assert (bench.state(delivery), bench.fresh(delivery).reason_code) == ("returned", "channel_disconnected")
    assert (bench.platform.sends, bench.draft(delivery).text) == (0, "My words.")


@pytest.mark.parametrize("says", [pauses, disconnects])
def test_a_channel_paused_or_let_go_in_the_send_has_what_the_platform_accepted(
    bench: Bench, engine: Engine, says: Callable[[int], Work]
) -> None:
    scene = make_scene(bench.session)
    channel_id, delivery = scene.channel.id, bench.queue(scene)
    bench.session.commit()

    def act() -> None:
        in_transaction(engine, says(channel_id))

    bench.platform.before_send = act
    bench.send()
    assert bench.state(delivery) == "sent"
    assert bench.platform.sends == 1


def test_a_channel_let_go_while_a_reply_is_unclear_leaves_it_to_a_person(bench: Bench, engine: Engine) -> None:
    scene = make_scene(bench.session)
    bench.platform.steps, bench.platform.looks = ["hang"], "cannot"
    channel_id, delivery = scene.channel.id, bench.queue(scene)
    bench.send()
    apart(bench, engine, disconnects(channel_id))
    bench.look_until_decided(delivery)
    assert bench.state(delivery) == "needs_person"
