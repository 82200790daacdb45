"""Many channels hang, each with more replies than it may have out: what is healthy leaves meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import pytest
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.database import engine_options, set_up_engine
from inbox.outbox.claim import MOST_LOOKS, MOST_SENDING
from inbox.outbox.models import Delivery
from inbox.outbox.transactions import MakeSession
from inbox.platforms.contract import Connection
from inbox.platforms.outgoing import Outgoing, Sent
from inbox.replies.send import Sender, claim_one, send_claimed
from tests.factories.fake_platform import FakeConnection, FakePlatform
from tests.factories.replies import make_delivery, make_scene, make_scene_on
from tests.fixtures.replies import Bench
from workers.app import WORKER_BUSY_SECONDS, WORKER_CONNECTIONS
from workers.crew import Crew, Find
from workers.sending import DELETED_AT_ONCE, LOOKED_AT_ONCE, SENT_AT_ONCE

CHILDREN, PATIENCE_SECONDS = 2, 60
HANGING, DUE_ON_EACH, THREADS = 10, 5, 28  # a third of what is promised, with a third of the threads
HANGING_AS_PROMISED, MOST_CONNECTIONS = 30, 100


@dataclass
class Hanging(FakeConnection):
    """Takes a reply and says nothing until the gate opens; then it accepts."""

    gate: threading.Event

    def send(self, outgoing: Outgoing, key: str) -> Sent:
        """Say nothing for long."""
        assert self.gate.wait(PATIENCE_SECONDS)
        return super().send(outgoing, key)


@dataclass
class Silence:
    """Channels on a platform that hangs, and what two children make of it."""

    bench: Bench
    sender: Sender
    gate: threading.Event
    children: list[Crew]
    hanging_ids: list[int]

    def tick(self) -> None:
        """Let both children hand out what is due at the same time, as two tasks would."""
        self.bench.session.commit()
        tasks = [threading.Thread(target=crew.work_off, args=(self._find_next(),)) for crew in self.children]
        for task in tasks:
            task.start()
        for task in tasks:
            task.join(PATIENCE_SECONDS)
            assert not task.is_alive(), "a task waits for a platform"

    def _find_next(self) -> Find:
        def find() -> Callable[[], object] | None:
            claimed = claim_one(self.sender)
            return None if claimed is None else partial(send_claimed, self.sender, claimed)

        return find

    def count_out(self) -> dict[int, int]:
        """Return how many replies of each hanging channel are being sent."""
        self.bench.session.commit()
        out = select(Delivery.channel_id, func.count()).where(Delivery.state == "sending").group_by(Delivery.channel_id)
        counts = {channel_id or 0: count for channel_id, count in self.bench.session.execute(out)}
        self.bench.session.commit()
        return counts


@pytest.fixture
def make_session(engine: Engine) -> Iterator[MakeSession]:
    """Return what makes sessions over as few connections as one child has."""
    url = engine.url.render_as_string(hide_password=False)
    few = create_engine(url, **engine_options(url, WORKER_BUSY_SECONDS, WORKER_CONNECTIONS))
    set_up_engine(few, WORKER_BUSY_SECONDS)
    yield lambda: Session(few)
    few.dispose()


@pytest.fixture
def silence(bench: Bench, make_session: MakeSession) -> Iterator[Silence]:
    gate = threading.Event()
    hanging_ids = [_fill_channel(bench.session) for _ in range(HANGING)]
    bench.session.commit()

    def connect(channel: Channel) -> Connection:
        platform: FakePlatform = bench.platform
        return Hanging(platform, gate) if channel.id in hanging_ids else FakeConnection(platform)

    children = [Crew(f"child {number}", THREADS) for number in range(CHILDREN)]
    yield Silence(bench, replace(bench.sender, make_session=make_session, connect=connect), gate, children, hanging_ids)
    gate.set()
    assert all(crew.is_done_within(PATIENCE_SECONDS) for crew in children)


def _fill_channel(session: Session) -> int:
    scene = make_scene(session)
    for _ in range(DUE_ON_EACH):
        make_delivery(session, make_scene_on(session, scene.channel, scene.member), attempt_count=0)
    return scene.channel.id


def test_thirty_channels_that_hang_leave_threads_free_and_all_have_connections_to_read_over() -> None:
    assert HANGING_AS_PROMISED * MOST_SENDING < SENT_AT_ONCE * CHILDREN
    assert HANGING_AS_PROMISED * MOST_LOOKS < LOOKED_AT_ONCE * CHILDREN
    assert SENT_AT_ONCE + LOOKED_AT_ONCE + DELETED_AT_ONCE <= MOST_CONNECTIONS


@pytest.mark.timeout(240)
def test_a_reply_on_a_healthy_channel_leaves_while_many_hang(silence: Silence) -> None:
    bench = silence.bench
    silence.tick()
    out = silence.count_out()
    assert set(out) == set(silence.hanging_ids)
    # Two children that claim at the very same moment may each see one less than there is.
    assert MOST_SENDING <= max(out.values()) <= MOST_SENDING + CHILDREN - 1
    bench.clock.move(bench.sender.pace.stuck_seconds)
    for _ in range(2):
        healthy = bench.queue(make_scene(bench.session))
        silence.tick()
        _until_sent(bench, healthy)
    assert silence.count_out() == out
    silence.gate.set()
    assert all(crew.is_done_within(PATIENCE_SECONDS) for crew in silence.children)
    bench.session.commit()
    assert set(bench.session.scalars(select(Delivery.state))) == {"sent"}
    assert bench.platform.sends == len(bench.platform.accepted) == HANGING * DUE_ON_EACH + 2


def _until_sent(bench: Bench, delivery: Delivery) -> None:
    for _ in range(PATIENCE_SECONDS * 50):
        if bench.state(delivery) == "sent":
            return
        time.sleep(0.02)
    raise AssertionError("it never left")
