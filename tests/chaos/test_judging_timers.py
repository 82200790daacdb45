"""The judge on clocks and alerts: each planted lie is found, and honest clocks are none."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from inbox.conversations.overdue import sweep_due
from inbox.settings import Pace
from inbox.sla.models import Timer
from tests.chaos.judged import QUESTION, Judged
from tests.factories.sla import make_policy
from tests.fixtures.app import MovingClock


@pytest.fixture
def world(session: Session, moving_clock: MovingClock, tmp_path: Path) -> Judged:
    """Begin with one person who has an answer, and two whose deadline passed."""
    make_policy(session, 600)
    world = Judged.make(session, tmp_path, moving_clock)
    for number, name in (("2000", "ana"), ("2001", "bea"), ("2002", "carla")):
        world.comment(number, QUESTION, by=name)
    world.later(700)
    sweep_due(session, Pace())
    session.flush()
    return world


def said(world: Judged) -> str:
    return "\n".join(world.judge().findings)


def timer_of(world: Judged, number: str) -> Timer:
    conversation_id = world.row(number).conversation_id
    return world.session.scalars(select(Timer).where(Timer.conversation_id == conversation_id)).one()


def test_honest_clocks_give_no_finding(world: Judged) -> None:
    assert timer_of(world, "2000").breached_at is not None
    assert said(world) == ""


@pytest.mark.parametrize(
    ("sql", "finding"),
    [
        ("DELETE FROM timer WHERE id = :id", "without a timer"),
        ("UPDATE timer SET breached_at = NULL WHERE id = :id", "nobody was told"),
        ("UPDATE timer SET due_at = started_at WHERE id = :id", "right is"),
        ("UPDATE conversation SET due_at = NULL WHERE id = :conversation", "is due at another time"),
        ("UPDATE alert_timer SET gone_at = due_at WHERE timer_id = :id", "stands in 0 alerts"),
        ("UPDATE timer SET ended_at = due_at, outcome = 'excused' WHERE id = :id", "go on about it"),
        ("UPDATE timer SET ended_at = due_at, outcome = 'met' WHERE id = :id", "met by nothing of ours"),
    ],
)
def test_a_lie_about_a_clock_is_found(world: Judged, sql: str, finding: str) -> None:
    timer = timer_of(world, "2001")
    given = {"id": timer.id, "conversation": timer.conversation_id}
    world.sql(sql, **{name: value for name, value in given.items() if f":{name}" in sql})
    assert finding in said(world)


def test_an_answer_that_was_late_and_is_said_to_be_in_time_is_found(world: Judged) -> None:
    world.reply("2002", "3000")
    assert said(world) == ""
    world.sql("UPDATE timer SET breached_at = NULL WHERE id = :id", id=timer_of(world, "2002").id)
    assert "was met late" in said(world)


def test_an_answer_that_ends_a_wait_at_another_time_than_it_was_given_is_found(world: Judged) -> None:
    world.reply("2002", "3000")
    world.sql("UPDATE timer SET ended_at = due_at WHERE id = :id", id=timer_of(world, "2002").id)
    assert "its answer was given at" in said(world)


def test_a_clock_that_begins_elsewhere_is_found(world: Judged) -> None:
    world.sql("UPDATE timer SET since_at = due_at WHERE id = :id", id=timer_of(world, "2002").id)
    assert "counts from" in said(world)


def test_an_answer_that_no_clock_tells_of_is_found(world: Judged) -> None:
    world.reply("2002", "3000")
    world.sql("DELETE FROM timer WHERE id = :id", id=timer_of(world, "2002").id)
    assert "no timer tells of it" in said(world)
