"""The sending tasks: what each tick does, in an application context, with the platform at the edge."""

import inspect
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from inbox.channels.models import Channel
from inbox.conversations.models import Message
from inbox.platforms.contract import Connection
from inbox.platforms.outgoing import LookUp, Outgoing
from inbox.replies.send import Sender
from tests.factories.fake_platform import FakeConnection, FakePlatform, Killed
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench
from workers import sending
from workers.crew import Crew
from workers.schedule import TICKS

PATIENCE_SECONDS = 30


@dataclass
class Threads:
    """The worker's threads of all kinds, made anew for a test."""

    crews: dict[str, Crew] = field(default_factory=dict)

    def of(self, name: str, size: int) -> Crew:
        """Return those of one kind."""
        return self.crews.setdefault(name, Crew(name, size))

    def are_done(self) -> bool:
        """Wait for what they do."""
        return all(crew.is_done_within(PATIENCE_SECONDS) for crew in self.crews.values())


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch, app: Flask, sender: Sender) -> Iterator[Threads]:
    """Let the tasks use the test's application, platform and threads."""
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr(sending, "sender", lambda: sender)
    threads = Threads()
    monkeypatch.setattr(sending, "crew_of", threads.of)
    yield threads
    assert threads.are_done()


def test_a_tick_sends_everything_that_is_due(threads: Threads, bench: Bench) -> None:
    deliveries = [bench.queue(make_scene(bench.session)) for _ in range(12)]
    bench.session.commit()
    sending.send_due()
    assert threads.are_done()
    assert {bench.state(one) for one in deliveries} == {"sent"}
    assert bench.platform.sends == 12
    sending.send_due()
    assert threads.are_done()
    assert bench.platform.sends == 12


def test_one_without_an_answer_does_not_keep_the_others(threads: Threads, bench: Bench) -> None:
    bench.platform.steps = ["hang"]
    deliveries = [bench.queue(make_scene(bench.session)) for _ in range(3)]
    bench.session.commit()
    sending.send_due()
    assert threads.are_done()
    assert sorted(bench.state(one) for one in deliveries) == ["sent", "sent", "unclear"]


def test_one_that_hangs_holds_its_thread_and_no_task(threads: Threads, bench: Bench, gate: threading.Event) -> None:
    hanging = bench.queue(make_scene(bench.session))
    begun = hang_first(bench.platform, gate)
    sending.send_due()
    assert begun.wait(PATIENCE_SECONDS)
    other = bench.queue(make_scene(bench.session))
    sending.send_due()
    until(lambda: bench.state(other) == "sent")
    sending.look_due()
    assert bench.state(hanging) == "sending"
    gate.set()
    assert threads.are_done()
    assert bench.state(hanging) == "sent"
    assert bench.platform.sends == 2


def test_an_error_while_sending_that_nobody_foresaw_is_logged_and_the_reply_found_by_its_lease(
    threads: Threads, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("nobody foresaw this")

    delivery = bench.queue(make_scene(bench.session))
    monkeypatch.setattr("inbox.replies.send._write_sent", fail)
    with capture_logs() as logged:
        sending.send_due()
        assert threads.are_done()
    assert "work_failed" in [line["event"] for line in logged]
    assert bench.state(delivery) == "sending"
    bench.clock.move(121)
    bench.session.commit()
    sending.look_due()
    assert bench.state(delivery) == "unclear"
    bench.clock.move(5)
    bench.session.commit()
    sending.look_due()
    assert threads.are_done()
    assert (bench.state(delivery), bench.platform.sends) == ("sent", 1)


def test_a_tick_makes_lost_ones_unclear_and_looks_for_them(
    threads: Threads, bench: Bench, platform: FakePlatform
) -> None:
    platform.steps = ["hang"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    sending.send_due()
    assert threads.are_done()
    assert bench.state(delivery) == "unclear"
    bench.clock.move(5)
    bench.session.commit()
    sending.look_due()
    assert threads.are_done()
    assert bench.state(delivery) == "sent"
    assert not bench.session.get_one(Message, scene.message.id).awaits


@dataclass
class SilentWhenAsked(FakeConnection):
    """Lets looks and deletions wait for a gate."""

    gate: threading.Event

    def find_sent(self, outgoing: Outgoing, not_before: datetime) -> LookUp:
        """Say nothing for long."""
        assert self.gate.wait(PATIENCE_SECONDS)
        return super().find_sent(outgoing, not_before)

    def delete_own(self, external_id: str, ref: Mapping[str, Any]) -> bool:
        """Say nothing for long."""
        assert self.gate.wait(PATIENCE_SECONDS)
        return super().delete_own(external_id, ref)


def test_a_look_that_hangs_keeps_neither_the_sweep_nor_other_looks_nor_deletions(
    threads: Threads, bench: Bench, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes = [make_scene(bench.session) for _ in range(3)]
    unseen, found, lost = (bench.queue(scene) for scene in scenes)
    silent_id = scenes[0].channel.id
    bench.platform.steps = ["hang", "hang", "kill"]
    for _ in range(2):
        bench.send()
    with pytest.raises(Killed):
        bench.send()
    ordinary = bench.platform.connect

    def connect(channel: Channel) -> Connection:
        return SilentWhenAsked(bench.platform, gate) if channel.id == silent_id else ordinary(channel)

    monkeypatch.setattr(sending, "sender", lambda: replace(bench.sender, connect=connect))
    bench.clock.move(5)
    bench.session.commit()
    sending.look_due()
    until(lambda: bench.state(found) == "sent")
    bench.clock.move(116)
    sending.look_due()
    assert bench.state(lost) == "unclear"
    assert bench.state(unseen) == "unclear"
    gate.set()
    assert threads.are_done()
    assert bench.state(unseen) == "sent"
    assert bench.platform.sends == 3


def test_a_deletion_that_hangs_is_begun_once_and_keeps_nobody(
    threads: Threads, bench: Bench, gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.platform.steps = ["misplace"]
    wrong = bench.queue(make_scene(bench.session))
    with monkeypatch.context() as cut_short:
        cut_short.setattr("inbox.replies.removing.remove", lambda *_: None)
        bench.send()
    silent = replace(bench.sender, connect=lambda _: SilentWhenAsked(bench.platform, gate))
    monkeypatch.setattr(sending, "sender", lambda: silent)
    sending.look_due()
    sending.look_due()
    assert bench.state(wrong) == "sent"
    gate.set()
    assert threads.are_done()
    assert bench.state(wrong) == "gone"
    assert bench.platform.calls.count("delete_own") == 1


def test_nothing_due_touches_nothing(threads: Threads, session: Session) -> None:
    session.commit()
    sending.send_due()
    sending.look_due()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What hanging work waits for; opened at the end whatever happens."""
    gate = threading.Event()
    yield gate
    gate.set()


def hang_first(platform: FakePlatform, gate: threading.Event) -> threading.Event:
    """Let the first send wait for the gate, and say when it does."""
    begun, is_first = threading.Event(), iter([True])

    def wait() -> None:
        if next(is_first, False):
            begun.set()
            assert gate.wait(PATIENCE_SECONDS)

    platform.before_send = wait
    return begun


def until(is_so: Callable[[], bool]) -> None:
    """Look again until something is so."""
    for _ in range(PATIENCE_SECONDS * 50):
        if is_so():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


@pytest.mark.parametrize("task", [sending.send_due, sending.look_due])
def test_limits_are_those_of_the_rules(task: object) -> None:
    assert (task.soft_time_limit, task.time_limit) == (30, 40)  # type: ignore[attr-defined]  # a Celery task


@pytest.mark.parametrize("task", [sending.send_due, sending.look_due])
def test_tasks_are_short_and_ticked_on_the_send_queue(task: object) -> None:
    lines = inspect.getsource(task.run).splitlines()  # type: ignore[attr-defined]  # a Celery task
    assert len(lines) <= 17
    assert (task.name, "send") in {(name, queue) for name, queue, _ in TICKS}  # type: ignore[attr-defined]
