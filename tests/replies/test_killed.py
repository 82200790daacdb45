"""The promise under kill -9 and standing still: real processes, both databases; nothing twice, nothing claimed falsely.

Each accepted reply belongs to exactly one delivery and each delivery has at most one; `sent` means accepted;
accepted means `sent` or `needs_person`.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.channels.models import Channel
from inbox.conversations.models import Message
from inbox.database import db
from inbox.outbox.models import Attempt, Delivery
from inbox.outbox.transactions import commit
from inbox.replies.match import match_own
from inbox.replies.queue import Queued, Wanted, queue_reply
from launcher import processes
from tests.factories.fake_platform import FakeConnection, FakePlatform
from tests.factories.replies import LIMITS, make_draft, make_scene
from tests.replies.killed_worker import PACE, Ledger, let_pass

REPLIES, FAULTS, WORKERS = 40, 9, 3
OPEN = ("held", "queued", "sending", "unclear")


@dataclass
class Crew:
    """The workers, some of them dead or standing still."""

    url: str
    ledger: Path
    dice: random.Random
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0
    stopped: int = 0

    def hire(self) -> None:
        """Start workers until there are enough."""
        self.running = [one for one in self.running if one.poll() is None]
        while len(self.running) < WORKERS:
            seed = str(self.dice.random())
            command = [sys.executable, "-m", "tests.replies.killed_worker", self.url, str(self.ledger), seed]
            self.running.append(processes.start(command))

    def harm(self) -> None:
        """Kill one that is at work, or let it stand still for longer than its lease."""
        victim = self.dice.choice(self.wait_for_work())
        if self.dice.random() < 0.7:
            victim.kill()
            victim.wait()
            self.killed += 1
            return
        victim.send_signal(signal.SIGSTOP)
        let_pass(PACE.send_lease_seconds + 0.3)
        victim.send_signal(signal.SIGCONT)
        self.stopped += 1

    def wait_for_work(self) -> list[subprocess.Popen[bytes]]:
        """Return those that have started, one at least."""
        ends_at = time.monotonic() + 60
        while time.monotonic() < ends_at:
            ready = [one for one in self.running if Path(f"{self.ledger}.{one.pid}").exists()]
            if ready:
                return ready
            time.sleep(0.05)
        raise AssertionError("no worker started within a minute")

    def dismiss(self) -> None:
        """End them all."""
        for one in self.running:
            one.kill()
            one.wait()


@pytest.fixture
def crew(app: Flask, fresh_folder: Path) -> Iterator[Crew]:
    with app.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    crew = Crew(url, fresh_folder / "ledger", random.Random(os.environ.get("RELEVO_TEST_SEED", "7")))
    yield crew
    crew.dismiss()


def make_replies(session: Session) -> list[int]:
    limits = replace(LIMITS, lookup_lag_seconds=0.1)
    ids = []
    for number in range(REPLIES):
        scene = make_scene(session, limits=limits)
        key, text = make_draft(session, scene).reply_key, f"Answer number {number}"
        wanted = Wanted(key, text, 1, hold_seconds=0, is_confirmed_late=True)  # a busy machine returns nothing
        connection = FakeConnection(FakePlatform())
        made = queue_reply(session, scene.member, scene.conversation, wanted, connection=connection, pace=PACE)
        assert isinstance(made, Queued)
        ids.append(made.delivery.id)
    session.commit()
    return ids


def poll(session: Session, ledger: Ledger) -> None:
    """Do what intake does with messages by us: some are polled before their sender has settled them."""
    platform = FakePlatform()
    for sent in ledger.read():
        known = select(Message.id).where(Message.external_id == sent.external_id)
        if session.scalar(known) is None:
            query = select(Channel).join(Message, Message.channel_id == Channel.id)
            channel = session.scalars(query.where(Message.external_id == sent.parent_id)).one()
            match_own(session, channel, platform.polled(sent), pace=PACE)


def wait_until_decided(session: Session, crew: Crew) -> None:
    ends_at = time.monotonic() + 90
    while session.scalar(select(Delivery.id).where(Delivery.state.in_(OPEN)).limit(1)) is not None:
        session.rollback()
        crew.hire()
        assert time.monotonic() < ends_at, "some replies are still on their way"
        time.sleep(0.2)
    session.rollback()


@pytest.mark.timeout(240)
def test_nothing_is_said_twice_and_nothing_is_shown_as_sent_that_was_not(
    app: Flask, session: Session, crew: Crew
) -> None:
    ids = make_replies(session)
    ledger, engine = Ledger(crew.ledger), db.engine
    for fault in range(FAULTS):
        crew.hire()
        crew.wait_for_work()
        let_pass(crew.dice.uniform(0, 0.4))
        crew.harm()
        if fault % 3 == 0:
            commit(lambda: Session(engine), lambda mine: poll(mine, ledger))
    wait_until_decided(session, crew)
    crew.dismiss()
    accepted = Counter(sent.text for sent in ledger.read())
    rows = {row.id: row for row in session.scalars(select(Delivery))}
    assert sorted(rows) == ids
    for row in rows.values():
        count = accepted[row.outgoing["text"]]
        assert count <= 1, f"said {count} times: {row.outgoing['text']}"
        if row.state == "sent":
            message = session.get_one(Message, row.message_id)
            assert count == 1
            assert message.external_id in {sent.external_id for sent in ledger.read()}
        else:
            assert count == 0 or row.state == "needs_person", f"accepted, but {row.state}"
    states = Counter(row.state for row in rows.values())
    outcomes = Counter(session.scalars(select(Attempt.outcome)))
    print(f"killed {crew.killed}, stood still {crew.stopped}, {dict(states)}, {dict(outcomes)}")
    assert states["sent"] > REPLIES // 2
    assert crew.killed + crew.stopped == FAULTS
    assert outcomes["lost"] + outcomes["unclear"] > 0
