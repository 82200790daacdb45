"""The sending tasks: what each tick does, in an application context, with the platform at the edge."""

import inspect

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from inbox.conversations.models import Message
from inbox.replies.send import Sender
from tests.factories.fake_platform import FakePlatform
from tests.factories.replies import make_scene
from tests.fixtures.replies import Bench
from workers import sending
from workers.schedule import TICKS


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch, app: Flask, sender: Sender) -> None:
    """Let the tasks use the test's application and platform."""
    monkeypatch.setattr("workers.app.flask_app", lambda: app)
    monkeypatch.setattr(sending, "sender", lambda: sender)


def test_a_tick_sends_everything_that_is_due(tasks: None, bench: Bench) -> None:
    deliveries = [bench.queue(make_scene(bench.session)) for _ in range(12)]
    bench.session.commit()
    sending.send_due()
    assert {bench.state(one) for one in deliveries} == {"sent"}
    assert bench.platform.sends == 12
    sending.send_due()
    assert bench.platform.sends == 12


def test_one_that_hangs_does_not_keep_the_others(tasks: None, bench: Bench) -> None:
    bench.platform.steps = ["hang"]
    deliveries = [bench.queue(make_scene(bench.session)) for _ in range(3)]
    bench.session.commit()
    sending.send_due()
    assert sorted(bench.state(one) for one in deliveries) == ["sent", "sent", "unclear"]


def test_a_tick_makes_lost_ones_unclear_and_looks_for_them(tasks: None, bench: Bench, platform: FakePlatform) -> None:
    platform.steps = ["hang"]
    scene = make_scene(bench.session)
    delivery = bench.queue(scene)
    sending.send_due()
    assert bench.state(delivery) == "unclear"
    bench.clock.move(5)
    bench.session.commit()
    sending.look_due()
    assert bench.state(delivery) == "sent"
    assert not bench.session.get_one(Message, scene.message.id).awaits


def test_nothing_due_touches_nothing(tasks: None, session: Session) -> None:
    session.commit()
    sending.send_due()
    sending.look_due()


@pytest.mark.parametrize("task", [sending.send_due, sending.look_due])
def test_limits_are_those_of_the_rules(task: object) -> None:
    assert (task.soft_time_limit, task.time_limit) == (30, 40)  # type: ignore[attr-defined]  # a Celery task


@pytest.mark.parametrize("task", [sending.send_due, sending.look_due])
def test_tasks_are_short_and_ticked_on_the_send_queue(task: object) -> None:
    lines = inspect.getsource(task.run).splitlines()  # type: ignore[attr-defined]  # a Celery task
    assert len(lines) <= 17
    assert (task.name, "send") in {(name, queue) for name, queue, _ in TICKS}  # type: ignore[attr-defined]
